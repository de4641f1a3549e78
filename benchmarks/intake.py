"""Intake: durable messages per second over HTTP through the Telegram webhook, beside the bare peer."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import count

from benchmarks.figures import Figure, compared, percentile
from benchmarks.load import PATIENCE, Load, post
from benchmarks.stage import Stage
from core.channel import Account
from switchboard.stores import Stores

CUSTOMERS = 1000
SECRET = "a-secret-for-the-bench"
HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
TEXTS = (
    "Добрий день! Коли буде готове моє замовлення?",
    "Where is my order? I paid on Monday and heard nothing since.",
    "Можно поменять адрес доставки на другой город?",
    "ok, thank you",
)


def updates(seed: int) -> Callable[[], bytes]:
    """Makes Telegram updates, each message once, from 1,000 customers of whom a few write most."""
    chance = random.Random(seed)
    numbers = count(seed * 10_000_000)
    form = (
        '{"update_id":%d,"message":{"message_id":%d,"from":{"id":%d,"is_bot":false,"first_name":"Olena",'
        '"last_name":"Kovalenko","username":"olena_k","language_code":"uk"},"chat":{"id":%d,"first_name":"Olena",'
        '"last_name":"Kovalenko","username":"olena_k","type":"private"},"date":%d,"text":"%s"}}'
    )

    def update() -> bytes:
        number = next(numbers)
        customer = 500_000_000 + int(CUSTOMERS * chance.random() ** 3)
        text = TEXTS[number % len(TEXTS)]
        return (form % (number, number, customer, customer, int(time.time()), text)).encode()

    return update


async def run(stage: Stage) -> AsyncIterator[Figure | str]:
    """At 64 senders and at one: a process for the web alone, then one that does everything."""
    async with stage.bare() as bare:
        to_bare = Target(bare.url + "/message", {}, updates(1), lambda: stage.effort(bare.pid))
        await to_bare(64, 0.5)
        for role in ("web", "all"):
            async with _hub(stage, role, bare.url) as (stores, to_hub):
                await to_hub(64, 0.5)  # imports the adapter, opens connections
                for senders, bound in ((64, 1.2), (1, 0.7)):
                    ours, peer = await _rounds(stage, senders, to_hub, to_bare, stores if role == "all" else None)
                    name = f"intake, role={role}, {senders} sender{'s' if senders > 1 else ''}"
                    yield compared(name, "msg/s", rates(ours), rates(peer), "bare", bound if role == "web" else None)
                    if role == "web":
                        yield compared("  wait, 99th percentile", "ms", slowest(ours), slowest(peer), "bare")
                        yield compared("  processor time, MongoDB included", "µs/msg", costs(ours), costs(peer), "bare")
                stored = await stores.database.collection("interactions").count_documents({"direction": "in"})
                assert stored == to_hub.accepted, f"{to_hub.accepted} messages were accepted and {stored} are stored"
                yield f"  {to_hub.accepted:,} messages were accepted and {stored:,} are stored"


class Target:
    """Where messages go; counts what was accepted there."""

    def __init__(
        self, url: str, headers: Mapping[str, str], body: Callable[[], bytes], effort: Callable[[], float]
    ) -> None:
        self._url = url
        self._effort = effort
        self._headers = headers
        self._body = body
        self.accepted = 0

    async def __call__(self, senders: int, seconds: float) -> Load:
        """Load it for a while. Fails when anything is refused."""
        before = self._effort()
        load = await post(self._url, self._headers, self._body, senders=senders, seconds=seconds)
        load.effort = self._effort() - before
        assert not load.refused, f"{load.refused} requests were refused"
        self.accepted += load.accepted
        return load


@asynccontextmanager
async def _hub(stage: Stage, role: str, bot_api: str) -> AsyncIterator[tuple[Stores, Target]]:
    database = stage.database()
    async with stage.stores(database) as stores:
        await on_telegram(stores, bot_api)
        async with stage.hub(database, role) as hub:
            door = hub.url + "/webhooks/telegram/bench"
            yield stores, Target(door, HEADERS, updates(2), lambda: stage.effort(hub.process.pid))


async def on_telegram(stores: Stores, bot_api: str) -> None:
    """The line that the messages come in by."""
    settings = {"mode": "webhook", "api_url": bot_api, "bot": False}
    secrets = {"token": "4711:" + "x" * 35, "webhook_secret": SECRET}
    await stores.accounts.save(Account("telegram", "bench", "Bench", settings, secrets))


async def _rounds(
    stage: Stage, senders: int, to_hub: Target, to_bare: Target, handling: Stores | None
) -> tuple[list[Load], list[Load]]:
    """Ours and the peer's, in turns. With `handling` each round begins when the worker has done its work."""
    ours: list[Load] = []
    peer: list[Load] = []
    seconds = stage.some(1.2 if handling else 2.5, 0.3)
    for number in range(stage.rounds(3 if handling else 5)):
        turns = [(ours, to_hub), (peer, to_bare)]
        for results, send in turns if number % 2 == 0 else turns[::-1]:
            await asyncio.sleep(0.2)
            results.append(await send(senders, seconds))
            if handling and send is to_hub:
                await worked_off(handling)
    return ours, peer


async def worked_off(stores: Stores) -> None:
    """Wait until a worker has handled all that came in."""
    log = stores.database.collection("interactions")
    async with asyncio.timeout(PATIENCE):
        while await log.count_documents({"status": "received"}, hint="unhandled"):  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.1)


def rates(loads: list[Load]) -> list[float]:
    """Accepted per second, round by round."""
    return [load.rate for load in loads]


def costs(loads: list[Load]) -> list[float]:
    """Processor time per message, in µs."""
    return [load.effort / load.accepted * 1e6 for load in loads]


def slowest(loads: list[Load]) -> list[float]:
    """How long the slowest hundredth waited, in ms."""
    return [percentile(load.waits, 0.99) * 1000 for load in loads]
