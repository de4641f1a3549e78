"""The two lanes of an address: one worker at a time, nothing forgotten, nothing spinning."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from core.addresses.address import Claim, Lane
from core.addresses.store import INDEXES, Addresses
from core.database import Database
from core.ids import id_at
from core.interactions import status
from core.interactions.interaction import Author
from core.interactions.lanes import SWEPT
from core.queues import Arrived, Hints
from switchboard.wiring import Parts
from tests.core.overheard import forget, overheard
from tests.core.round_trips import round_trips
from tests.making import claimed, make_message, now, until, working

LEASE = timedelta(seconds=30)
ANN = "chat:demo:ann"


@pytest.fixture
async def addresses(database: Database) -> Addresses:
    await database.migrate(INDEXES)
    return Addresses(database)


async def arrived(addresses: Addresses, *candidates: str, later: float = 0) -> list[Claim]:
    return await addresses.claim("in", candidates or [ANN], now() + timedelta(seconds=later), LEASE)


async def flagged(addresses: Addresses, later: float = 0, most: int = 64) -> list[Claim]:
    moment = now() + timedelta(seconds=later)
    return await addresses.claim("out", await addresses.due(moment, most), moment, LEASE)


def ids(claims: Sequence[Claim]) -> list[str]:
    return [claim.address.id for claim in claims]


async def test_of_twenty_claimers_one_gets_the_address(addresses: Addresses) -> None:
    lanes: tuple[Lane, ...] = ("in", "out")
    for turn in range(5):
        person, other = f"chat:demo:p{turn}", f"chat:demo:q{turn}"
        wanted = [person, other] if turn % 2 else [person]
        await addresses.flag(wanted, now())
        for lane in lanes:
            found = await asyncio.gather(*(addresses.claim(lane, wanted, now(), LEASE) for _ in range(20)))
            assert sorted(id for claims in found for id in ids(claims)) == wanted, lane


async def test_claimers_share_many_addresses_and_none_twice(addresses: Addresses) -> None:
    everybody = {f"chat:demo:p{n}" for n in range(100)}
    await addresses.flag(everybody, now())
    seen: list[str] = []

    async def work() -> None:
        while got := await flagged(addresses, most=7):
            seen.extend(ids(got))

    async def persistent() -> None:
        # Claimers that chose the same candidates may come out empty-handed; a worker looks again.
        while len(seen) < 100:
            await work()

    async with asyncio.timeout(120):
        await asyncio.gather(*(persistent() for _ in range(8)))
    assert sorted(seen) == sorted(everybody)


async def test_new_and_known_addresses_are_claimed_together(addresses: Addresses) -> None:
    await addresses.learn("chat:demo:known", name="Known")
    everybody = ["chat:demo:known", "chat:demo:new", "chat:demo:newer"]
    claims = await arrived(addresses, *everybody)
    assert sorted(ids(claims)) == everybody
    assert {claim.address.name for claim in claims} == {"Known", ""}
    assert await arrived(addresses, *everybody) == []
    for claim in claims:
        await addresses.release(claim)
    known = await addresses.get("chat:demo:new")
    assert known is not None
    assert (known.parts.channel, known.parts.account) == ("chat", "demo")


async def test_the_longest_due_come_first_and_the_future_waits(addresses: Addresses) -> None:
    moment = now()
    await addresses.flag(["chat:demo:late"], moment)
    await addresses.flag(["chat:demo:early"], moment - timedelta(minutes=1))
    await addresses.flag(["chat:demo:future"], moment + timedelta(minutes=1))
    assert ids(await flagged(addresses, most=1)) == ["chat:demo:early"]
    assert ids(await flagged(addresses)) == ["chat:demo:late"]
    assert await flagged(addresses) == []
    assert await flagged(addresses, 61) != []


async def test_lanes_are_apart(addresses: Addresses) -> None:
    await addresses.flag([ANN], now())
    assert ids(await arrived(addresses)) == [ANN]
    assert ids(await flagged(addresses)) == [ANN]
    assert await arrived(addresses) == []
    assert await flagged(addresses) == []


async def test_a_lease_that_ended_is_taken_over_and_the_late_one_changes_nothing(addresses: Addresses) -> None:
    (dead,) = await arrived(addresses)
    assert await arrived(addresses, later=29) == []
    (alive,) = await arrived(addresses, later=31)
    assert not await addresses.renew(dead, now() + timedelta(hours=1))
    await addresses.release(dead)
    assert await addresses.renew(alive, now() + LEASE), "the late release left the new lease alone"
    assert await arrived(addresses) == []
    await addresses.release(alive)
    assert ids(await arrived(addresses)) == [ANN]


async def test_a_renewed_lease_holds(addresses: Addresses) -> None:
    (claim,) = await arrived(addresses)
    assert await addresses.renew(claim, now() + timedelta(minutes=5))
    assert await arrived(addresses, later=200) == []
    assert ids(await arrived(addresses, later=301)) == [ANN]


async def test_releasing_clears_the_flag_unless_it_was_raised_again(addresses: Addresses) -> None:
    await addresses.flag([ANN], now())
    (claim,) = await flagged(addresses)
    await addresses.release(claim)
    assert await flagged(addresses, 3600) == []

    await addresses.flag([ANN], now())
    (claim,) = await flagged(addresses)
    await addresses.flag([ANN], now())
    assert await flagged(addresses) == [], "it is leased, whatever comes"
    await addresses.release(claim)
    assert ids(await flagged(addresses)) == [ANN]


async def test_more_work_at_a_later_time_waits_for_it_unless_more_came(addresses: Addresses) -> None:
    later = now() + timedelta(hours=1)
    await addresses.flag([ANN], now())
    (claim,) = await flagged(addresses)
    await addresses.release(claim, due_at=later)
    assert await flagged(addresses, 3590) == []
    assert await addresses.due(later, 1) == [ANN]
    await addresses.flag([ANN], now())
    (claim,) = await flagged(addresses)
    await addresses.flag([ANN], now())
    await addresses.release(claim, due_at=later)
    assert await flagged(addresses) != []


async def test_what_is_put_off_in_the_lane_in_is_not_claimed_before(addresses: Addresses) -> None:
    (claim,) = await arrived(addresses)
    await addresses.release(claim, due_at=now() + timedelta(seconds=40))
    assert await arrived(addresses, later=39) == []
    assert ids(await arrived(addresses, later=41)) == [ANN]


async def test_what_failed_waits_even_when_more_came_and_its_failures_are_counted(addresses: Addresses) -> None:
    await addresses.flag([ANN], now())
    for failures in range(3):
        (claim,) = await flagged(addresses, failures * 60)
        assert claim.failures == failures
        await addresses.flag([ANN], now())
        await addresses.release(claim, due_at=now() + timedelta(seconds=40 + failures * 60), failed=True)
        assert await flagged(addresses, 30 + failures * 60) == []
    (claim,) = await flagged(addresses, 3600)
    await addresses.release(claim)
    await addresses.flag([ANN], now())
    (claim,) = await flagged(addresses)
    assert claim.failures == 0, "once it worked, the count begins anew"


async def test_flags_raised_together_are_one_command_and_count_every_time(addresses: Addresses) -> None:
    name = addresses._all.database.name
    await addresses.flag([ANN], now())
    with round_trips(name) as commands:
        await asyncio.gather(*(addresses.flag([ANN, f"chat:demo:p{n}"], now()) for n in range(50)))
    assert commands.total() <= 10, commands
    (claim,) = await addresses.claim("out", [ANN], now(), LEASE)
    assert claim.arrivals == 51


async def test_flags_at_new_addresses_race_without_losing_one(database_uri: str, database_name: str) -> None:
    databases = [Database.connect(database_uri, database_name) for _ in range(4)]
    everybody = [f"chat:demo:p{n}" for n in range(30)]
    await asyncio.gather(*(Addresses(database).flag(everybody, now()) for database in databases))
    claims = await flagged(Addresses(databases[0]))
    assert sorted(ids(claims)) == sorted(everybody)
    assert {claim.arrivals for claim in claims} == {4}
    for database in databases:
        await database.close()


async def test_the_sweep_raises_flags_for_what_a_crash_left_behind(parts: Parts) -> None:
    log, addresses = parts.stores.interactions, parts.stores.addresses
    an_hour_ago = id_at(now() - timedelta(hours=1))
    # Nobody was ever seen at the first, the second is known, the third has its flag, the fourth is only seconds old.
    await addresses.learn("chat:demo:known", name="Known")
    await addresses.flag(["chat:demo:raised"], now())
    out: dict[str, Any] = {"direction": "out", "status": status.QUEUED, "author": Author("bot")}
    people = ["new", "known", "raised"]
    entries = [make_message(person=one, id=f"{an_hour_ago[:-1]}{n}", **out) for n, one in enumerate(people)]
    await log.add([*entries, make_message(person="fresh", **out)])
    waiting, behind = await log.forgotten(id_at(now() - timedelta(seconds=10)))
    assert behind == ""
    assert sorted(waiting) == ["chat:demo:known", "chat:demo:new", "chat:demo:raised"]
    assert await addresses.flag_missing(waiting, now()) == 2
    assert await addresses.flag_missing(waiting, now()) == 0
    assert sorted(ids(await flagged(addresses))) == sorted(waiting)


async def test_however_much_waits_a_sweep_takes_a_part_and_the_next_ones_get_to_all_of_it(parts: Parts) -> None:
    log = parts.stores.interactions
    before = id_at(now() - timedelta(hours=2))
    # A flooded address that fills more than a look by itself, and people before, among and behind it; most are recent.
    out: dict[str, Any] = {"direction": "out", "status": status.PLANNED, "author": Author("bot")}
    old = {f"chat:demo:{name}": f"{before[:-2]}{n:02}" for n, name in enumerate(("a-one", "flood", "p0500", "zoe"), 10)}
    entries = [make_message(address=address, id=id, **out) for address, id in old.items()]
    entries += [make_message(person="flood", **out) for _ in range(SWEPT + 100)]
    entries += [make_message(person=f"p{n:04}", **out) for n in range(SWEPT)]
    documents = [entry.document() for entry in entries]
    await parts.stores.database.collection("interactions").insert_many(documents, ordered=False)
    for _ in range(2):
        found, places = [], [""]
        while len(places) == 1 or places[-1]:
            forget()
            some, behind = await log.forgotten(id_at(now() - timedelta(hours=1)), places[-1])
            (command,) = overheard(parts.stores.database.name)
            assert command["limit"] == SWEPT
            found += some
            places.append(behind)
        assert sorted(found) == sorted(old)
        assert places == ["", "chat:demo:flood", "chat:demo:p4998", ""], "two full looks, the rest, and round again"


async def test_a_sweep_goes_on_where_the_one_before_ended(parts: Parts) -> None:
    worker, log = parts.worker, parts.stores.interactions
    moment = now() - timedelta(minutes=1)
    out: dict[str, Any] = {"direction": "out", "status": status.QUEUED, "author": Author("bot")}
    ids = [id_at(moment - timedelta(milliseconds=n)) for n in range(SWEPT + 1)]
    *crowd, left = [make_message(person=f"p{n:05}", id=id, **out) for n, id in enumerate(ids)]
    documents = [entry.document() for entry in [*crowd, left]]
    await parts.stores.database.collection("interactions").insert_many(documents, ordered=False)
    raised = parts.stores.database.collection("addresses")
    await worker._sweep()
    assert await raised.count_documents({"out.due_at": {"$exists": True}}) == SWEPT
    assert await parts.stores.addresses.get(left.address) is None
    await worker._sweep()
    assert await raised.count_documents({"out.due_at": {"$exists": True}}) == SWEPT + 1
    await worker._sweep()
    assert await log.forgotten(id_at(now())) == ([entry.address for entry in crowd], crowd[-1].address)


async def test_a_worker_that_starts_takes_up_what_was_left(database: Database) -> None:
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


async def test_looks_go_round_past_a_flood_and_past_what_others_are_at(parts: Parts) -> None:
    log = parts.stores.interactions
    await log.add([make_message(str(n), person="flood") for n in range(600)])
    for person in ("ann", "max", "zoe"):
        await log.add([make_message(person=person)])
    queue = Arrived(log)
    rounds = []
    for _ in range(6):
        found, more = await queue.look(now(), 64)
        rounds.append(([address.removeprefix("chat:demo:") for address in found], more))
    assert rounds == [(["ann", "flood"], True), (["max", "zoe"], True)] * 3
    assert await queue.look(now(), 1) != await queue.look(now(), 1)


async def test_lines_take_turns_in_every_look(parts: Parts) -> None:
    log = parts.stores.interactions
    for line, people in (("demo", 200), ("other", 3), ("zoo", 100)):
        address = f"chat:{line}:p"
        await log.add([make_message(account=line, address=f"{address}{n:03}") for n in range(people)])
    queue = Arrived(log)
    found, more = await queue.look(now(), 10)
    assert more
    assert found == [
        *("chat:demo:p000", "chat:other:p000", "chat:zoo:p000"),
        *("chat:demo:p001", "chat:other:p001", "chat:zoo:p001"),
        *("chat:demo:p002", "chat:other:p002", "chat:zoo:p002"),
        "chat:demo:p003",
    ]
    found, _ = await queue.look(now(), 4, but=["chat:demo"])
    assert found == ["chat:other:p000", "chat:zoo:p003", "chat:other:p001", "chat:zoo:p004"], "on from the last, round"
    found, _ = await queue.look(now(), 3)
    assert found == ["chat:demo:p004", "chat:other:p002", "chat:zoo:p005"]


def test_hints_are_bounded_and_lines_take_turns() -> None:
    hints = Hints(most=3)
    assert [hints.note(f"chat:flood:{n}", perhaps=False) for n in range(5)] == [True, True, True, False, False]
    assert hints.note("chat:calm:ann", perhaps=True)
    assert hints.note("chat:flood:0", perhaps=True), "what is known is no more"
    assert not hints.perhaps("chat:flood:0"), "certain stays certain"
    may = {"chat:flood", "chat:calm"}
    assert hints.ready(2, (), may.__contains__) == ["chat:flood:0", "chat:calm:ann"]
    assert hints.ready(9, {"chat:flood:0"}, may.__contains__) == ["chat:flood:1", "chat:calm:ann", "chat:flood:2"]
    assert hints.ready(9, (), {"chat:calm"}.__contains__) == ["chat:calm:ann"]
    assert hints.any({"chat:calm:ann"})
    hints.forget("chat:calm:ann")
    assert not hints.any({"chat:calm:ann"})


async def test_a_hint_is_looked_up_and_what_was_done_meanwhile_is_not_claimed(parts: Parts) -> None:
    log = parts.stores.interactions
    await log.add([make_message(person="ann"), make_message(person="max")])
    await log.handled((await log.unhandled("chat:demo:max"))[0], customer_id=None, conversation_id=None)
    assert await Arrived(log).still([ANN, "chat:demo:max", "chat:demo:nobody"]) == [ANN]
    assert ids(await claimed(parts)) == [ANN]
