"""Telegram: from an update at the webhook to the answer at the Bot API, beside aiogram alone echoing.

The Bot API is here, in the process that measures: it answers at once and notes when each chat was answered.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import perf_counter

import aiohttp
import orjson
import psutil
from aiohttp import web

from benchmarks.figures import Figure, compared, percentile
from benchmarks.load import PATIENCE
from benchmarks.stage import Stage
from core.channel import Account
from switchboard.stores import Stores

TOKEN = "4711:" + "x" * 35
SECRET = "a-secret-for-the-bench"
HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}
PER_SECOND = 200
BOT = {"id": 4711, "is_bot": True, "first_name": "Bench", "username": "bench_bot"}
HOOK = {"url": "", "has_custom_certificate": False, "pending_update_count": 0}


@dataclass
class FakeApi:
    """As much of a Bot API as both need. `answered` maps a chat to the moment its first answer came."""

    url: str = ""
    answered: dict[str, float] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    async def call(self, request: web.Request) -> web.Response:
        """`/bot<token>/<method>`."""
        method = request.match_info["method"]
        if method != "sendMessage":
            found = (
                BOT if method == "getMe" else {"url": "", "has_custom_certificate": False, "pending_update_count": 0}
            )
            return _json(found if method in ("getMe", "getWebhookInfo") else True)
        chat = (await request.post())["chat_id"]
        self.answered.setdefault(str(chat), perf_counter())
        self.news.set()
        made = {"message_id": next(self._numbers), "date": int(time.time()), "text": "."}
        return _json(made | {"chat": {"id": int(str(chat)), "type": "private"}})


def _json(result: object) -> web.Response:
    return web.Response(body=orjson.dumps({"ok": True, "result": result}), content_type="application/json")


@asynccontextmanager
async def fake_api() -> AsyncIterator[FakeApi]:
    """A running one."""
    api = FakeApi()
    app = web.Application()
    app.router.add_post("/bot{token}/{method}", api.call)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield api
    finally:
        await runner.cleanup()


@dataclass
class Round:
    """One round: how long each person waited for the first answer, in seconds, and all of it together."""

    waits: list[float]
    seconds: float
    effort: float

    @property
    def rate(self) -> float:
        """Answered per second."""
        return len(self.waits) / self.seconds


class Target:
    """A webhook that is written to; `pid` is whose processor time counts, beside MongoDB's."""

    def __init__(self, url: str, pid: int, api: FakeApi, stage: Stage, *, mongo: bool) -> None:
        self._url, self._pid, self._api, self._stage, self._mongo = url, pid, api, stage, mongo
        self._chats = count(500_000_000 + pid * 100_000)

    def _effort(self) -> float:
        if self._mongo:
            return self._stage.effort(self._pid)
        return sum(psutil.Process(self._pid).cpu_times()[:2])

    async def __call__(self, people: int, per_second: float) -> Round:
        """`people` write, at this rate whatever the answers (0: all at once, 64 at a time); each is answered."""
        before, began = self._effort(), perf_counter()
        sent: dict[str, float] = {}
        limit = asyncio.Semaphore(64 if not per_second else 1000)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:

            async def write(number: int) -> None:
                if per_second:
                    await asyncio.sleep(number / per_second - (perf_counter() - began))
                async with limit:
                    chat = next(self._chats)
                    sent[str(chat)] = perf_counter()
                    await self._deliver(http, _update(chat))

            await asyncio.gather(*(write(number) for number in range(people)))
            async with asyncio.timeout(PATIENCE):
                while not self._api.answered.keys() >= sent.keys():
                    self._api.news.clear()
                    await self._api.news.wait()
        ended = max(self._api.answered[chat] for chat in sent)
        waits = [self._api.answered[chat] - at for chat, at in sent.items()]
        return Round(waits, ended - began, self._effort() - before)

    async def _deliver(self, http: aiohttp.ClientSession, update: bytes) -> None:
        """As Telegram does it: what is not answered with a yes (503: too busy) is brought again."""
        while True:
            async with http.post(self._url, data=update, headers=HEADERS) as response:
                if response.status == 200:
                    return
                assert response.status == 503, response.status
            await asyncio.sleep(0.05)


def _update(chat: int) -> bytes:
    person = {"id": chat, "is_bot": False, "first_name": "Olena", "language_code": "uk"}
    message = {
        "message_id": 1,
        "from": person,
        "chat": {"id": chat, "first_name": "Olena", "type": "private"},
        "date": int(time.time()),
        "text": "Добрий день!",
    }
    return json.dumps({"update_id": chat, "message": message}).encode()


async def run(stage: Stage) -> AsyncIterator[Figure | str]:
    """As fast as it goes, and at 200 updates a second."""
    async with fake_api() as api, _echo(stage, api) as echo, _hub(stage, api) as (stores, hub):
        for target in (echo, hub):
            await target(64, 0)  # imports, connections
        people, seconds = int(stage.some(600, 60)), stage.some(6, 1)
        fast = await _rounds(stage, hub, echo, people, 0)
        yield compared("updates stored and answered, 64 at a time", "/s", *_of(fast, lambda r: r.rate), "aiogram")
        costs = _of(fast, lambda r: r.effort / len(r.waits) * 1e6)
        yield compared("  processor time, MongoDB included", "µs", *costs, "aiogram")
        steady = await _rounds(stage, hub, echo, int(PER_SECOND * seconds), PER_SECOND)
        for name, share in (("median", 0.5), ("99th percentile", 0.99)):
            waits = _of(steady, lambda r, share=share: percentile(r.waits, share) * 1000)
            yield compared(f"answer at {PER_SECOND} updates a second, {name}", "ms", *waits, "aiogram")
        wanted = len(api.answered)
        log = stores.database.collection("interactions")
        said = await log.count_documents({"direction": "in"})
        yield f"  {wanted:,} people were answered, and {said:,} messages of the hub's share of them are stored"


def _of(rounds: tuple[list[Round], list[Round]], value: object) -> tuple[list[float], list[float]]:
    assert callable(value)
    ours, peer = rounds
    return [value(one) for one in ours], [value(one) for one in peer]


async def _rounds(
    stage: Stage, hub: Target, echo: Target, people: int, per_second: float
) -> tuple[list[Round], list[Round]]:
    ours: list[Round] = []
    peer: list[Round] = []
    for number in range(stage.rounds(3)):
        turns = [(ours, hub), (peer, echo)]
        for results, target in turns if number % 2 == 0 else turns[::-1]:
            await asyncio.sleep(0.3)
            results.append(await target(people, per_second))
    return ours, peer


@asynccontextmanager
async def _hub(stage: Stage, api: FakeApi) -> AsyncIterator[tuple[Stores, Target]]:
    database = stage.database()
    async with stage.stores(database) as stores:
        settings = {"mode": "webhook", "api_url": api.url, "per_second": 10_000}
        secrets = {"token": TOKEN, "webhook_secret": SECRET}
        await stores.accounts.save(Account("telegram", "bench", "Bench", settings, secrets))
        async with stage.hub(database, "all", public_url="http://127.0.0.1:9") as hub:
            door = hub.url + "/webhooks/telegram/bench"
            yield stores, Target(door, hub.process.pid, api, stage, mongo=True)


@asynccontextmanager
async def _echo(stage: Stage, api: FakeApi) -> AsyncIterator[Target]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.echo", api.url, TOKEN, SECRET),
        cwd=Path(__file__).parents[1],
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        assert url, "aiogram alone did not start"
        yield Target(url + "/webhooks/telegram/bench", process.pid, api, stage, mongo=False)
    finally:
        process.terminate()
        await process.wait()
