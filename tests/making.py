"""Factories that fill in what a test does not care about, and the domain put together on a test's database.

    make_arrival(text="hi"), make_message(text="hi"), make_account()

`working(database)` gives the parts of one hub process: the stores and the path, wired as the program wires them, on
channels that speak with `tests.servers.provider`. Several on one database are several processes.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from core.addresses.address import Claim, Lane
from core.channel import Account, Address, Arrival, Line
from core.content import Content
from core.database import Database
from core.feed import Change
from core.forms.caught import Caught, caught_id
from core.ids import new_id
from core.interactions import status
from core.interactions.interaction import Author, Interaction
from core.queues import Arrived, Waiting
from core.settings import Settings
from switchboard.stores import INDEXES, stores_on
from switchboard.wiring import Parts, parts_on
from tests.servers.little import TABLE

T = TypeVar("T")

_numbers = itertools.count(1)


def make_address(person: str = "ann", channel: str = "chat", account: str = "demo") -> Address:
    """Where Ann is reached."""
    return Address(channel, account, person)


def make_arrival(text: str = "hi", person: str = "ann", channel: str = "chat", **values: Any) -> Arrival:
    """Something a person wrote just now; every call is another message."""
    number = next(_numbers)
    values.setdefault("address", make_address(person, channel))
    values.setdefault("key", f"k{number}")
    values.setdefault("external_id", f"x{number}")
    values.setdefault("content", Content(text))
    return Arrival(**values)


def make_message(text: str = "hi", person: str = "ann", channel: str = "chat", **values: Any) -> Interaction:
    """An entry of the log that was just received; every call is another one."""
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "id": new_id(),
        "kind": "message",
        "direction": "in",
        "channel": channel,
        "account": "demo",
        "address": str(make_address(person, channel)),
        "key": f"k{number}",
        "author": Author("customer"),
        "content": Content(text),
        "at": now(),
        "status": status.RECEIVED,
    }
    return Interaction(**{**defaults, **values})


def make_caught(text: str = "x", **values: Any) -> Caught:
    """Something held back as spam; `text` tells one from another."""
    at = datetime.now(UTC).replace(microsecond=0)
    usual = {"at": at, "signs": {"trap": 6}, "preview": text, "type": "application/x-www-form-urlencoded"}
    id = caught_id("ride", text)
    return Caught(id=id, form="ride", version=1, account="site", **{**usual, "body": b"name=x", **values})


def make_account(channel: str = "chat", name: str = "demo", **values: Any) -> Account:
    """One configured line."""
    return Account(channel, name, **values)


def now() -> datetime:
    """The time in whole milliseconds, as the database keeps it."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


_USUAL: dict[str, Any] = {
    "secret_key": "test " * 8,
    "mongodb_uri": "mongodb://127.0.0.1",
    "private_networks": "127.0.0.0/8",  # where every counterpart of a test is
}


def make_settings(**values: Any) -> Settings:
    """Settings of a hub of which nothing but the database is real."""
    return Settings.load(None, **{**_USUAL, **values})


@asynccontextmanager
async def working(
    database: Database, *, table: Mapping[str, Line] = TABLE, work: bool = False, url: str = "", **settings: Any
) -> AsyncIterator[Parts]:
    """The parts of one process, with an account `demo` of every channel of `table`; with `work` its worker runs."""
    chosen = make_settings(**settings)
    stores = stores_on(database, chosen)
    await database.migrate(INDEXES)
    for channel in table:
        if await stores.accounts.get(channel, "demo") is None:
            await stores.accounts.save(make_account(channel, settings={"url": url} if url else {}))
    parts = parts_on(stores, chosen, table)
    if work:
        parts.worker.start()
    try:
        yield parts
    finally:
        await parts.worker.stop(grace=2)
        await parts.lines.close()


async def until(check: Callable[[], Awaitable[T]], seconds: float = 120) -> T:
    """The first true answer of `check`, asked again and again; fails after `seconds`."""
    async with asyncio.timeout(seconds):
        while not (answer := await check()):
            await asyncio.sleep(0.01)
        return answer


async def receive(parts: Parts, *arrivals: Arrival) -> None:
    """Keep `arrivals`, one after the other, each by its own line."""
    for arrival in arrivals:
        account = await parts.lines.account(arrival.address.channel, arrival.address.account)
        await parts.receive.keep(account, [arrival])


async def claimed(parts: Parts, lane: Lane = "in", later: float = 0, lease: float = 60) -> list[Claim]:
    """What a worker would claim in a lane now, or `later` seconds from now."""
    queue = Arrived(parts.stores.interactions) if lane == "in" else Waiting(parts.stores.addresses)
    moment = now() + timedelta(seconds=later)
    found, _ = await queue.look(moment, 1000)
    return await parts.stores.addresses.claim(lane, found, moment, timedelta(seconds=lease))


async def handle(parts: Parts, lane: Lane = "in", later: float = 0) -> int:
    """Work off what is due in a lane now (or `later` seconds from now), without a worker; returns how many addresses.

    What goes wrong is raised, and the lane is given back as a worker would after a failure.
    """
    work = parts.route if lane == "in" else parts.deliver
    addresses = parts.stores.addresses
    claims = await claimed(parts, lane, later)
    for claim in claims:
        try:
            due_at = await work(claim)
        except BaseException:
            await addresses.release(claim, due_at=now(), failed=True)
            raise
        await addresses.release(claim, due_at=due_at)
    return len(claims)


async def log_of(parts: Parts, person: str = "ann", channel: str = "chat") -> list[Interaction]:
    """What the log holds about one address, oldest first."""
    return await parts.stores.interactions.page(address=str(make_address(person, channel)), limit=1000)


def told(changes: list[Change], what: str) -> list[Change]:
    """Those of `changes` that are about `what`."""
    return [change for change in changes if change.what == what]


def a_png(wide: int = 2, high: int = 2) -> bytes:
    """A picture as far as anybody here reads it: its beginning, which says how large it is."""
    size = wide.to_bytes(4, "big") + high.to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + size + b"\x08\x02\x00\x00\x00" + bytes(20)
