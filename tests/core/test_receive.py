"""Intake: yes is said only to what is in the log, once, whatever comes and however often."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.abilities import Acknowledges
from core.addresses.store import Addresses
from core.channel import Account, Address, Arrival, Ignored, Receipt
from core.content import Content, File
from core.database import Database
from core.errors import CannotStore, NotFound, NotThisFormat, Unreadable
from core.feed import Feed
from core.files.store import Files
from core.ids import new_id
from core.intake.store import FailedIntakes
from core.interactions.store import Interactions
from core.receive import Kept, Receive
from switchboard.stores import INDEXES
from switchboard.wiring import Parts
from tests.core.round_trips import round_trips
from tests.core.strategies import ARRIVALS
from tests.making import (
    handle,
    log_of,
    make_account,
    make_address,
    make_arrival,
    make_message,
    now,
    told,
    until,
    working,
)
from tests.servers.little import Little
from tests.servers.mongo import MongoServer
from tests.servers.ports import free_port
from tests.servers.provider import Provider


class Keeper:
    """An intake for tests that hypothesis calls: with an event loop of its own."""

    def __init__(self, loop: asyncio.Runner, database: Database) -> None:
        self._run = loop.run
        self._receive = receive_on(database)
        self._log = Interactions(database)

    def keep(self, events: list[Any]) -> list[Kept]:
        return self._run(self._receive.keep(make_account(), events))

    def sent(self) -> Address:
        """Where a message `out1` was sent."""
        address = make_address(new_id())
        entry = make_message(address=str(address), direction="out", status="sent", external_id="out1")
        self._run(self._log.add([entry]))
        return address

    def status(self, address: Address) -> str:
        """What became of it."""
        (entry,) = self._run(self._log.page(address=str(address)))
        return entry.status


@pytest.fixture
def keeper(database_uri: str, database_name: str) -> Iterator[Keeper]:
    with asyncio.Runner() as loop:
        loop.get_loop()
        database = Database.connect(database_uri, database_name)
        loop.run(database.migrate(INDEXES))
        yield Keeper(loop, database)
        loop.run(database.close())


async def account(parts: Parts) -> Account:
    return await parts.lines.account("chat", "demo")


async def calls(parts: Parts, address: str = "chat:demo:ann") -> bool:
    """Whether a worker would find something to handle at the address."""
    return await parts.stores.interactions.still_calling([address]) == [address]


async def test_what_was_kept_is_in_the_log_and_calls_for_a_hand(parts: Parts) -> None:
    (kept,) = await parts.receive.keep(await account(parts), [make_arrival("hello", name="Ann")], b"raw")
    (entry,) = await log_of(parts)
    assert kept.new
    assert kept.id == entry.id
    assert (entry.content.text, entry.status, entry.author.name) == ("hello", "received", "Ann")
    assert entry.raw == {"body": b"raw"}
    assert await calls(parts)


async def test_the_message_is_announced_after_it_is_durable(parts: Parts) -> None:
    async with parts.feed.subscribe("address:chat:demo:ann", "lane:in") as changes:
        await parts.receive.keep(await account(parts), [make_arrival("hello")])
        seen = await changes.next(1)
    assert [change.value.content.text for change in told(seen, "interaction")] == ["hello"]
    assert [change.id for change in told(seen, "lane")] == ["chat:demo:ann"]


async def test_the_same_arrival_twenty_times_from_three_processes_is_one_entry(
    parts: Parts, database_uri: str, database_name: str
) -> None:
    others = [Database.connect(database_uri, database_name) for _ in range(2)]
    receives = [parts.receive, *(receive_on(database) for database in others)]
    arrival, line = make_arrival("once"), await account(parts)
    results = await asyncio.gather(*(receives[n % 3].keep(line, [arrival]) for n in range(20)))
    for database in others:
        await database.close()
    (entry,) = await log_of(parts)
    assert [kept.new for (kept,) in results].count(True) == 1
    assert {kept.id for (kept,) in results} == {entry.id}
    assert {kept.at for (kept,) in results} == {entry.at}
    assert await calls(parts)


async def test_the_same_key_twice_in_one_call_is_one_entry(parts: Parts) -> None:
    arrival = make_arrival("once")
    kept = await parts.receive.keep(await account(parts), [arrival, arrival])
    assert [one.new for one in kept].count(True) == 1
    assert len({one.id for one in kept}) == len(await log_of(parts)) == 1


async def test_one_document_that_cannot_be_stored_does_not_fail_its_neighbours(parts: Parts) -> None:
    line = await account(parts)
    huge = {str(n): "x" * 99_000 for n in range(90)}
    bad = make_arrival("bad", person="bad", data=huge)
    calls = [parts.receive.keep(line, [make_arrival("good", person=f"p{n}")]) for n in range(10)]
    results = await asyncio.gather(*calls[:5], parts.receive.keep(line, [bad]), *calls[5:], return_exceptions=True)
    assert isinstance(results.pop(5), Unreadable)
    assert all(isinstance(result, list) and result[0].new for result in results)
    with pytest.raises(Unreadable):
        await parts.receive.keep(line, [make_arrival("before"), bad, make_arrival("after")])
    assert [entry.content.text for entry in await log_of(parts)] == ["before", "after"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ARRIVALS, min_size=1, max_size=5))
def test_whatever_a_person_sends_is_kept_once(keeper: Keeper, arrivals: list[Arrival]) -> None:
    kept = keeper.keep(arrivals)
    assert all(one.id for one in kept)
    again = keeper.keep(arrivals)
    assert not any(one.new for one in again)
    assert [one.id for one in again] == [one.id for one in kept]


async def test_large_payloads_and_attachments_go_to_the_file_store(parts: Parts) -> None:
    raw, picture = b"x" * 100_000, b"y" * 5000
    arrival = make_arrival("see", content=Content("see", files=(File("a.png", "image/png", data=picture),)))
    await parts.receive.keep(await account(parts), [arrival], raw)
    (entry,) = await log_of(parts)
    (file,) = entry.content.files
    assert entry.raw is not None
    assert await parts.stores.files.get(entry.raw["sha256"]) == raw
    assert file.size == 5000
    assert await parts.stores.files.get(file.sha256 or "") == picture


async def test_a_group_is_answered_once_for_ever(parts: Parts, there: Provider) -> None:
    group = Ignored("a group", make_address("group"), Content("Only one to one, please."))
    for _ in range(3):
        kept = await parts.receive.keep(await account(parts), [group, Ignored("nothing")])
        assert kept[1].id is None
    await handle(parts)
    await handle(parts, "out")
    assert there.to("group") == ["Only one to one, please."]


# ----------------------------------------------------------------------------------------------- unreadable


def body_of(*events: dict[str, Any]) -> bytes:
    return json.dumps({"events": events}).encode()


HELLO = {"person": "ann", "key": "m1", "text": "hello"}


async def take(parts: Parts, body: bytes, **how: Any) -> Any:
    line = await account(parts)
    adapter = await parts.lines.get("chat", "demo")
    assert isinstance(adapter, Little)
    return await parts.receive.take(line, adapter, body, {"content-type": "text/x", "cookie": "secret"}, **how)


async def test_what_cannot_be_read_is_kept_and_goes_through_after_a_fix(database: Database, there: Provider) -> None:
    body = body_of(HELLO)
    async with working(database) as before:
        await before.stores.accounts.save(make_account(settings={"broken": True}))
        for _ in range(3):
            assert await take(before, body) == []
        (failed,) = await before.stores.failed.page()
        assert await before.stores.failed.count() == 1
        assert failed.reason == "An event of a new kind."
        assert await before.replay(failed.id) is False, "nothing is mended yet"
        again = await before.stores.failed.get(failed.id)
        assert again is not None
        assert (again.state, again.times, again.body) == ("failed", 4, body)
        assert again.headers == {"content-type": "text/x"}, "no cookies are kept"
        await before.stores.accounts.save(make_account(settings={"broken": False}))
    async with working(database) as after:
        assert await after.replay(failed.id) is True
        assert await after.replay(failed.id) is True, "and again changes nothing"
        assert [entry.content.text for entry in await log_of(after)] == ["hello"]
        assert await after.stores.failed.count() == 0
        with pytest.raises(NotFound):
            await after.replay("nothing")


@pytest.mark.parametrize("size", [10, 5_000_000])
async def test_payloads_are_kept_whole_and_apart(parts: Parts, size: int) -> None:
    keep = parts.stores.failed.keep
    one, other = b"x" * size + b"1", b"x" * size + b"2"
    for body in (one, other, one):
        await keep("chat", "demo", body, {}, "why \ud800\x00", now())
    failed = [await parts.stores.failed.get(each.id) for each in await parts.stores.failed.page()]
    assert sorted((each.body, each.times) for each in failed if each) == [(one, 2), (other, 1)]


async def test_stumbling_adapters_lose_nothing(parts: Parts) -> None:
    assert await take(parts, body_of({"person": "ann", "what": "surprise"})) == []
    assert await take(parts, body_of(HELLO, {"person": "ann", "key": "m2", "files": [{"not": "a name"}]})) == []
    reasons = [failed.reason for failed in await parts.stores.failed.page()]
    assert len(reasons) == 2
    assert "KeyError: 'surprise'" in reasons


async def test_what_is_no_format_at_all_is_refused_at_a_door_and_kept_from_a_mailbox(parts: Parts) -> None:
    with pytest.raises(NotThisFormat):
        await take(parts, b"\xff not json")
    assert await parts.stores.failed.count() == 0
    assert await take(parts, b"\xff not json", keep_foreign=True) == []
    assert await parts.stores.failed.count() == 1


async def test_a_press_of_a_button_is_acknowledged_once(parts: Parts) -> None:
    class Thankful(Little):
        def __init__(self, account: Account) -> None:
            super().__init__(account)
            self.thanked: list[str] = []

        async def acknowledge(self, arrival: Arrival) -> None:
            self.thanked.append(arrival.choice or "")

    line = await account(parts)
    adapter = Thankful(line)
    assert isinstance(adapter, Acknowledges)
    for _ in range(2):
        await parts.receive.take(line, adapter, body_of(HELLO, {"person": "ann", "key": "m2", "choice": "yes"}), {})
    await asyncio.sleep(0)
    assert adapter.thanked == ["yes"]


# ------------------------------------------------------------------------------------------------ receipts

WORDS = ["sent", "delivered", "read", "failed"]
HEIGHT = {word: n for n, word in enumerate(["sent", "failed", "delivered", "read"])}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6))
def test_receipts_move_a_message_only_upward(keeper: Keeper, words: list[Any]) -> None:
    address = keeper.sent()
    for n, word in enumerate(words, 1):
        keeper.keep([Receipt(address, "out1", word, "c", "s")])
        assert keeper.status(address) == max(["sent", *words[:n]], key=HEIGHT.__getitem__)


async def test_a_hard_bounce_marks_the_address_and_a_strange_receipt_changes_nothing(parts: Parts) -> None:
    gone = Receipt(make_address(), "nobody \ud800 knows", "failed", "\ud800", "\x00", gone=True)
    await parts.receive.keep(await account(parts), [gone])
    known = await parts.stores.addresses.get("chat:demo:ann")
    assert known is not None
    assert not known.reachable
    assert await log_of(parts) == []


# ---------------------------------------------------------------------------------------- the database is away


async def test_without_a_database_nothing_is_acknowledged_and_nobody_waits_long() -> None:
    lost = Database.connect(f"mongodb://127.0.0.1:{free_port()}/?replicaSet=none", "none", timeout=0.3)
    receive, began = receive_on(lost), time.monotonic()
    try:
        for raw in (None, b"x" * 100_000):
            with pytest.raises(CannotStore) as away:
                await receive.keep(make_account(), [make_arrival()], raw)
            assert away.value.after > 0
        with pytest.raises(CannotStore):
            await receive.keep(make_account(), [Receipt(make_address(), "1", "read")])
        with pytest.raises(CannotStore):
            await receive.take(make_account(), Little(make_account(settings={"broken": True})), body_of(HELLO), {})
    finally:
        await lost.close()
    assert time.monotonic() - began < 12


async def test_a_database_that_goes_away_and_comes_back_loses_nothing_it_acknowledged() -> None:
    server = MongoServer()
    server.start()
    database = Database.connect(server.uri, "test", timeout=2)
    receive, line = receive_on(database), make_account()
    kept: list[str] = []
    refused: list[Arrival] = []

    async def send(n: int) -> None:
        arrival = make_arrival(str(n), person=f"p{n}")
        try:
            await receive.keep(line, [arrival])
            kept.append(arrival.content.text)
        except CannotStore:
            refused.append(arrival)

    try:
        await asyncio.gather(*map(send, range(20)))
        server.kill()
        await asyncio.gather(*map(send, range(20, 40)))
        assert (len(kept), len(refused)) == (20, 20)
        server.resume()
        await until(lambda: answers(database))
        for arrival in refused:
            await receive.keep(line, [arrival])
        log = Interactions(database)
        found = [await log.page(address=f"chat:demo:p{n}") for n in range(40)]
        assert [[entry.content.text for entry in entries] for entries in found] == [[str(n)] for n in range(40)]
    finally:
        await database.close()
        server.stop()


async def answers(database: Database) -> bool:
    try:
        await database.ping()
        await database.collection("probe").insert_one({})
    except Exception:
        return False
    return True


def receive_on(database: Database) -> Receive:
    return Receive(Interactions(database), Addresses(database), Files(database), FailedIntakes(database), Feed())


# --------------------------------------------------------------------------------------------- round trips


async def test_a_quiet_message_costs_one_round_trip_and_many_share_it(parts: Parts) -> None:
    """One insert for a quiet message; sixty-four at once cost not sixty-four."""
    line = await account(parts)
    await parts.receive.keep(line, [make_arrival()])
    name = parts.stores.database.name
    with round_trips(name) as quiet:
        await parts.receive.keep(line, [make_arrival()], b"raw")
    assert quiet == {"insert": 1}
    with round_trips(name) as crowd:
        await asyncio.gather(*(parts.receive.keep(line, [make_arrival(person=f"p{n}")]) for n in range(64)))
    assert crowd.total() <= 20, crowd
    with round_trips(name) as twice:
        await parts.receive.keep(line, [make_arrival(key="twice"), make_arrival(key="twice")])
    assert twice == {"insert": 1, "find": 1}
