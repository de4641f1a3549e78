"""The two lanes of an address: one worker at a time, nothing forgotten, nothing spinning."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from core.addresses.store import INDEXES, Addresses
from core.database import Database
from core.ids import id_at
from core.interactions import status
from core.interactions.interaction import Author
from switchboard.wiring import Parts
from tests.core.round_trips import round_trips
from tests.making import make_message, now, until, working

LEASE = timedelta(seconds=30)
ANN = "chat:demo:ann"


@pytest.fixture
async def addresses(database: Database) -> Addresses:
    await database.migrate(INDEXES)
    return Addresses(database)


async def claimed(addresses: Addresses, later: float = 0, **how: object) -> list[str]:
    claims = await addresses.claim("in", now() + timedelta(seconds=later), LEASE, **how)  # type: ignore[arg-type]  # as given
    return [claim.address.id for claim in claims]


async def test_of_twenty_claimers_one_gets_the_address(addresses: Addresses) -> None:
    for turn in range(5):
        person = f"chat:demo:p{turn}"
        await addresses.flag("in", [person], now())
        hints = [person] if turn % 2 else []
        found = await asyncio.gather(*(claimed(addresses, hints=hints) for _ in range(20)))
        assert sorted(id for ids in found for id in ids) == [person]


async def test_claimers_share_many_addresses_and_none_twice(addresses: Addresses) -> None:
    everybody = {f"chat:demo:p{n}" for n in range(100)}
    await addresses.flag("in", everybody, now())
    seen: list[str] = []

    async def work() -> None:
        while got := await claimed(addresses, most=7):
            seen.extend(got)

    async def persistent() -> None:
        # Claimers that chose the same candidates may come out empty-handed; a worker looks again.
        while len(seen) < 100:
            await work()

    async with asyncio.timeout(30):
        await asyncio.gather(*(persistent() for _ in range(8)))
    assert sorted(seen) == sorted(everybody)


async def test_the_longest_due_come_first_and_the_future_waits(addresses: Addresses) -> None:
    moment = now()
    await addresses.flag("in", ["chat:demo:late"], moment)
    await addresses.flag("in", ["chat:demo:early"], moment - timedelta(minutes=1))
    await addresses.flag("in", ["chat:demo:future"], moment + timedelta(minutes=1))
    assert await claimed(addresses, most=1) == ["chat:demo:early"]
    assert await claimed(addresses) == ["chat:demo:late"]
    assert await claimed(addresses) == []
    assert await claimed(addresses, 61) != []


async def test_lanes_are_apart(addresses: Addresses) -> None:
    await addresses.flag("out", [ANN], now())
    assert await claimed(addresses) == []
    (claim,) = await addresses.claim("out", now(), LEASE)
    assert claim.address.id == ANN
    await addresses.flag("in", [ANN], now())
    assert await claimed(addresses) == [ANN]


async def test_a_lease_that_ended_is_taken_over_and_the_late_one_changes_nothing(addresses: Addresses) -> None:
    await addresses.flag("in", [ANN], now())
    (dead,) = await addresses.claim("in", now(), LEASE)
    assert await claimed(addresses, 29) == []
    (alive,) = await addresses.claim("in", now() + timedelta(seconds=31), LEASE)
    assert not await addresses.renew(dead, now() + timedelta(hours=1))
    await addresses.release(dead)
    assert await addresses.renew(alive, now() + LEASE), "the late release left the new lease alone"
    await addresses.release(alive)
    assert await claimed(addresses, 3600) == []


async def test_a_renewed_lease_holds(addresses: Addresses) -> None:
    await addresses.flag("in", [ANN], now())
    (claim,) = await addresses.claim("in", now(), LEASE)
    assert await addresses.renew(claim, now() + timedelta(minutes=5))
    assert await claimed(addresses, 200) == []
    assert await claimed(addresses, 301) == [ANN]


async def test_releasing_clears_the_flag_unless_more_arrived(addresses: Addresses) -> None:
    await addresses.flag("in", [ANN], now())
    (claim,) = await addresses.claim("in", now(), LEASE)
    await addresses.release(claim)
    assert await claimed(addresses, 3600) == []
    assert await addresses.next_due("in") is None

    await addresses.flag("in", [ANN], now())
    (claim,) = await addresses.claim("in", now(), LEASE)
    await addresses.flag("in", [ANN], now())
    assert await claimed(addresses) == [], "it is leased, whatever arrives"
    await addresses.release(claim)
    assert await claimed(addresses) == [ANN]


async def test_more_work_at_a_later_time_waits_for_it_unless_more_arrived(addresses: Addresses) -> None:
    later = now() + timedelta(hours=1)
    await addresses.flag("out", [ANN], now())
    (claim,) = await addresses.claim("out", now(), LEASE)
    await addresses.release(claim, due_at=later)
    assert await addresses.next_due("out") == later
    await addresses.flag("out", [ANN], now())
    (claim,) = await addresses.claim("out", now(), LEASE)
    await addresses.flag("out", [ANN], now())
    await addresses.release(claim, due_at=later)
    assert await addresses.claim("out", now(), LEASE) != []


async def test_what_failed_waits_even_when_more_arrived_and_its_failures_are_counted(addresses: Addresses) -> None:
    await addresses.flag("in", [ANN], now())
    for failures in range(3):
        (claim,) = await addresses.claim("in", now() + timedelta(minutes=failures), LEASE)
        assert claim.failures == failures
        await addresses.flag("in", [ANN], now())
        await addresses.release(claim, due_at=now() + timedelta(seconds=40 + failures * 60), failed=True)
        assert await claimed(addresses, 30 + failures * 60) == []
    (claim,) = await addresses.claim("in", now() + timedelta(hours=1), LEASE)
    await addresses.release(claim)
    await addresses.flag("in", [ANN], now())
    (claim,) = await addresses.claim("in", now(), LEASE)
    assert claim.failures == 0, "once it worked, the count begins anew"


async def test_flags_raised_together_are_one_command_and_count_every_arrival(addresses: Addresses) -> None:
    name = addresses._all.database.name
    await addresses.flag("in", [ANN], now())
    with round_trips(name) as commands:
        await asyncio.gather(*(addresses.flag("in", [ANN, f"chat:demo:p{n}"], now()) for n in range(50)))
    assert commands.total() <= 3, commands
    (claim,) = await addresses.claim("in", now(), LEASE, hints=[ANN])
    assert claim.arrivals == 51


async def test_flags_at_new_addresses_race_without_losing_one(database_uri: str, database_name: str) -> None:
    databases = [Database.connect(database_uri, database_name) for _ in range(4)]
    everybody = [f"chat:demo:p{n}" for n in range(30)]
    await asyncio.gather(*(Addresses(database).flag("in", everybody, now()) for database in databases))
    claims = await Addresses(databases[0]).claim("in", now(), LEASE)
    assert sorted(claim.address.id for claim in claims) == sorted(everybody)
    assert {claim.arrivals for claim in claims} == {4}
    for database in databases:
        await database.close()


async def test_the_sweep_raises_flags_for_what_a_crash_left_behind(parts: Parts) -> None:
    log, addresses = parts.stores.interactions, parts.stores.addresses
    an_hour_ago = id_at(now() - timedelta(hours=1))
    # Nobody was ever seen at the first, the second is known, the third has its flag, the fourth is only seconds old.
    await addresses.learn("chat:demo:known", name="Known")
    await addresses.flag("in", ["chat:demo:raised"], now())
    entries = [make_message(person=person, id=f"{an_hour_ago[:-1]}{n}") for n, person in enumerate(["new", "known"])]
    entries.append(make_message(person="raised", id=f"{an_hour_ago[:-1]}8"))
    entries.append(make_message(person="fresh"))
    out: dict[str, Any] = {"direction": "out", "status": status.QUEUED, "author": Author("bot")}
    entries.append(make_message(person="out", id=f"{an_hour_ago[:-1]}9", **out))
    await log.add(entries)
    unhandled, waiting = await log.forgotten(id_at(now() - timedelta(seconds=10)))
    assert sorted(unhandled) == ["chat:demo:known", "chat:demo:new", "chat:demo:raised"]
    assert waiting == ["chat:demo:out"]
    assert await addresses.flag_missing("in", unhandled, now()) == 2
    assert await addresses.flag_missing("in", unhandled, now()) == 0
    assert await addresses.flag_missing("out", waiting, now()) == 1
    claims = await addresses.claim("in", now(), LEASE)
    assert sorted(claim.address.id for claim in claims) == sorted(unhandled)


async def test_a_worker_that_starts_takes_up_what_was_forgotten(database: Database) -> None:
    async with working(database) as before:
        old = id_at(now() - timedelta(minutes=1))
        await before.stores.interactions.add([make_message("hello?", id=old)])
    async with working(database, work=True) as after:
        log = after.stores.interactions

        async def handled() -> bool:
            entry = await log.get(old)
            return entry is not None and entry.status == status.HANDLED

        assert await until(handled)


async def test_a_flooded_address_takes_no_room_from_others(parts: Parts) -> None:
    log = parts.stores.interactions
    await log.add([make_message(str(n), person="flood") for n in range(600)])
    for person in ("zoe", "ann", "max"):
        await log.add([make_message(str(n), person=person) for n in range(3)])
    people = ["flood", "ann", "zoe", "max", "nobody"]
    found = await asyncio.gather(*(log.unhandled(f"chat:demo:{person}") for person in people))
    assert [len(entries) for entries in found] == [100, 3, 3, 3, 0]
    assert [entry.content.text for entry in found[0]] == [str(n) for n in range(100)]
