"""Listening: one process per account, the cursor behind what is stored, trouble told to people."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from core.accounts.store import Accounts
from core.channel import Account
from core.listen import Listen
from switchboard.wiring import Parts
from tests.making import log_of, make_account, now, until, working
from tests.servers.provider import Provider

QUICK = {"lease": timedelta(seconds=0.6), "look": 0.05}


def update(n: int, text: str = "") -> dict[str, Any]:
    return {"events": [{"person": "ann", "key": f"u{n}", "text": text or str(n)}]}


def account(there: Provider, **settings: Any) -> Account:
    return make_account(settings={"url": there.url, **settings}, secrets={"password": "open"})


@asynccontextmanager
async def listening(parts: Parts, **how: Any) -> AsyncIterator[Listen]:
    """A listener like that of a worker, but quicker to look."""
    listen = Listen(parts.stores.accounts, parts.lines, parts.receive, parts.feed, lambda: None, **{**QUICK, **how})
    task = asyncio.create_task(listen.run())
    try:
        yield listen
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def alone(parts: Parts, there: Provider) -> Parts:
    """Only one account, whose updates may be read."""
    for channel in ("safe", "letter", "hole"):
        await parts.stores.accounts.remove(channel, "demo")
    await parts.stores.accounts.save(account(there))
    return parts


def heard(parts: Parts, n: int) -> Callable[[], Any]:
    async def enough() -> list[str]:
        texts = [entry.content.text for entry in await log_of(parts)]
        return texts if len(texts) >= n else []

    return enough


async def problem(parts: Parts) -> str:
    return str((await parts.stores.accounts.states())["chat:demo"]["problem"] or "")


async def cursor(parts: Parts) -> Any:
    document = await parts.stores.database.collection("accounts").find_one({"_id": "chat:demo"})
    return (document or {}).get("cursor")


def moved_to(parts: Parts, after: int) -> Callable[[], Any]:
    async def there_now() -> bool:
        return bool(await cursor(parts) == {"after": after})

    return there_now


async def test_updates_are_stored_in_order_and_the_cursor_follows(alone: Parts, there: Provider) -> None:
    there.bring(*(update(n) for n in range(25)))
    async with listening(alone):
        assert await until(heard(alone, 25)) == [str(n) for n in range(25)]
        there.bring(update(25))
        await until(heard(alone, 26))
        await until(moved_to(alone, 26))
    async with listening(alone):
        there.bring(update(26))
        assert len(await until(heard(alone, 27))) == 27
    assert there.reads.count(0) == 1, "it went on where it was"


async def test_the_cursor_moves_only_after_storing(alone: Parts, there: Provider) -> None:
    """Where the log cannot be written to, the cursor stays, and nothing is lost."""
    log = alone.stores.database
    await log.motor.command("collMod", "interactions", validator={"key": {"$ne": "u1"}})
    try:
        there.bring(update(0), update(1))
        async with listening(alone):
            await until(heard(alone, 1))
            await asyncio.sleep(0.1)
            assert await cursor(alone) is None
            await log.motor.command("collMod", "interactions", validator={})
            assert await until(heard(alone, 2)) == ["0", "1"]
    finally:
        await log.motor.command("collMod", "interactions", validator={})


async def test_a_broken_update_stops_nobody_behind_it(alone: Parts, there: Provider) -> None:
    there.bring(update(0), {"no": "events"}, {"events": [{"person": "ann", "what": "surprise"}]}, update(1))
    async with listening(alone):
        assert await until(heard(alone, 2)) == ["0", "1"]
    assert await alone.stores.failed.count() == 2


async def test_of_two_processes_one_listens_and_the_other_takes_over(alone: Parts, there: Provider) -> None:
    async with working(alone.stores.database, url=there.url) as other, listening(other):
        for channel in ("safe", "letter", "hole"):
            await other.stores.accounts.remove(channel, "demo")
        async with listening(alone):
            for n in range(6):
                there.bring(update(n))
                await until(heard(alone, n + 1))
                await asyncio.sleep(0.1)
            assert there.crowd == 1
        # One of them stopped, whoever it was; the other has it within a look.
        there.bring(update(6))
        assert len(await until(heard(other, 7))) == 7
    assert there.crowd == 1


async def test_a_listener_that_died_is_replaced_when_its_lease_ends(alone: Parts, there: Provider) -> None:
    accounts = alone.stores.accounts
    dead = await accounts.listen("chat", "demo", now(), timedelta(seconds=0.5))
    assert dead is not None
    assert await accounts.listen("chat", "demo", now(), timedelta(seconds=0.5)) is None
    there.bring(update(0))
    began = now()
    async with listening(alone):
        await until(heard(alone, 1))
        await until(moved_to(alone, 1))
    assert now() - began > timedelta(seconds=0.4)
    assert not await accounts.keep_listening("chat", "demo", dead[0], now(), {"after": 0}), "the dead moves no cursor"
    assert await cursor(alone) == {"after": 1}


async def test_what_a_person_must_mend_is_shown_until_it_is_mended(alone: Parts, there: Provider) -> None:
    there.password = "changed"
    there.bring(update(0))
    async with alone.feed.subscribe("accounts") as changes, listening(alone):
        async with asyncio.timeout(120):
            while all(change.id != "chat:demo" for change in await changes.next()):
                pass
        assert await problem(alone) == "The password is wrong; enter it again."
        # It is still there after the lease was renewed several times.
        for _ in range(8):
            await asyncio.sleep(0.1)
            assert await problem(alone) == "The password is wrong; enter it again."
        await alone.stores.accounts.save(make_account(secrets={"password": "changed"}, settings={"url": there.url}))
        await until(heard(alone, 1))
        assert await problem(alone) == ""


async def test_a_provider_that_is_away_is_tried_again_and_the_problem_goes(alone: Parts, there: Provider) -> None:
    await alone.stores.accounts.save(account(there, url="http://127.0.0.1:1"))

    async def complains() -> bool:
        return await problem(alone) == "The provider is away."

    async def well() -> bool:
        return await problem(alone) == ""

    async with listening(alone):
        await until(complains)
        await alone.stores.accounts.save(account(there))
        there.bring(update(0))
        await until(heard(alone, 1))
        await until(well)


async def test_a_changed_account_is_begun_anew_and_a_switched_off_one_ends(alone: Parts, there: Provider) -> None:
    async with listening(alone):
        await until(lambda: reading(there, ""))
        await alone.stores.accounts.save(account(there, who="changed"))
        await until(lambda: reading(there, "changed"))
        await alone.stores.accounts.save(make_account(settings={"url": there.url}, enabled=False))
        await until(lambda: silent(there))
        there.bring(update(0))
        await asyncio.sleep(0.1)
        assert await log_of(alone) == []


async def reading(there: Provider, who: str) -> bool:
    return who in there.listeners


async def silent(there: Provider) -> bool:
    return not there.listeners


class Unreliable:
    """The accounts of a database that is away for a moment, twice, just when somebody wants to listen."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self.away = 2

    def __getattr__(self, name: str) -> Any:
        return getattr(self._accounts, name)

    async def listen(self, *asked: Any) -> Any:
        if self.away:
            self.away -= 1
            raise AutoReconnect("connection reset")
        return await self._accounts.listen(*asked)


async def test_a_database_that_is_away_for_a_moment_ends_no_listening(alone: Parts, there: Provider) -> None:
    accounts: Any = Unreliable(alone.stores.accounts)
    listen = Listen(accounts, alone.lines, alone.receive, alone.feed, lambda: None, **QUICK)  # type: ignore[arg-type]  # both are what it takes
    task = asyncio.create_task(listen.run())
    try:
        there.bring(update(0))
        await until(heard(alone, 1))
        assert accounts.away == 0
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
