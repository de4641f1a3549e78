"""The writes every message makes: what they promise when the answer of the first try is lost on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

import bson
import pytest
from bson.raw_bson import RawBSONDocument
from pymongo.errors import BulkWriteError

from core import database as drivers
from core.addresses.store import Addresses
from core.customers.customer import Customer
from core.customers.store import Customers
from core.database import DUPLICATE, Database, failed_at
from core.interactions import status
from core.interactions.store import Interactions
from switchboard.stores import INDEXES
from tests.core.round_trips import round_trips
from tests.making import make_message


class Line:
    """A line to the MongoDB that forwards a command holding `word`, and breaks before its answer is passed on."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.word = b""
        self.breaks = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up = await asyncio.open_connection("127.0.0.1", self._port)
        answers = asyncio.create_task(self._pass(up_reader, writer))
        try:
            while data := await reader.read(1 << 20):
                up.write(data)
                if self.word and self.word in data:
                    self.word, self.breaks = b"", self.breaks + 1
                    answers.cancel()
                    await up_reader.read(1)  # it was done; nobody hears of it
                    return
        except ConnectionError:
            pass
        finally:
            answers.cancel()
            for side in (writer, up):
                side.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 20):
            writer.write(data)


@asynccontextmanager
async def over_a_line(uri: str, name: str) -> AsyncIterator[tuple[Database, Line]]:
    line = Line(urlsplit(uri).port or 27017)
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    database = Database.connect(f"mongodb://127.0.0.1:{port}/?directConnection=true", name)
    try:
        await database.ping()
        yield database, line
    finally:
        await database.close()
        server.close()


def raw(*ids: str, text: str = "") -> list[RawBSONDocument]:
    return [RawBSONDocument(bson.encode({"_id": id, "key": id, "text": text})) for id in ids]


async def test_what_the_first_try_wrote_counts_as_written(database_uri: str, database_name: str) -> None:
    async with over_a_line(database_uri, database_name) as (database, line):
        await database.collection("log").create_index("key", unique=True)
        line.word = b"documents"
        await database.insert("log", raw("a", "b"))
        assert line.breaks == 1
        assert await database.collection("log").count_documents({}) == 2


async def test_a_flag_is_raised_although_the_line_breaks(database_uri: str, database_name: str) -> None:
    async with over_a_line(database_uri, database_name) as (database, line):
        line.word = b"arrivals"
        await Addresses(database).flag(["chat:demo:ann"], datetime.now(UTC))
        assert line.breaks == 1
        document = await database.collection("addresses").find_one({"_id": "chat:demo:ann"})
        assert document is not None
        assert document["out"]["due_at"]


async def test_duplicates_are_told_by_their_place_and_the_rest_is_kept(database: Database) -> None:
    await database.collection("log").create_index("key", unique=True)
    await database.insert("log", raw("b"))
    twin = RawBSONDocument(bson.encode({"_id": "other", "key": "b"}))
    with pytest.raises(BulkWriteError) as caught:
        await database.insert("log", [*raw("a"), twin, *raw("c")])
    assert failed_at(caught.value) == {1: DUPLICATE}
    assert await database.collection("log").distinct("_id") == ["a", "b", "c"]


async def test_more_than_one_command_can_carry_goes_in_several(database: Database) -> None:
    # Five of 7 MB: two go into each command.
    documents = raw("a", "b", "c", "d", "e", text="x" * (7 << 20))
    assert sum(len(document.raw) for document in documents) > drivers.LARGEST_COMMAND
    await database.collection("log").insert_one({"_id": "e"})
    with pytest.raises(BulkWriteError) as caught:
        await database.insert("log", documents)
    assert failed_at(caught.value) == {4: DUPLICATE}
    assert await database.collection("log").count_documents({"text": {"$exists": True}}) == 4


async def test_people_who_are_new_at_the_same_moment_share_their_writes(database: Database) -> None:
    await database.migrate(INDEXES)
    customers, addresses = Customers(database), Addresses(database)
    people = [Customer(id=f"c{n}", name=f"Ann {n}", keys=(f"email:a{n % 40}@example.org",)) for n in range(50)]
    with round_trips(database.name) as asked:
        added = await asyncio.gather(*map(customers.add, people))
        owners = await asyncio.gather(*(addresses.adopt(f"chat:demo:{one.id}", one.id) for one in people))
        await asyncio.gather(*(addresses.learn(f"chat:demo:{one.id}", name=one.name) for one in people))
    assert asked.total() <= 12, asked
    # Ten of them have a key that is another's already.
    assert [one.id for one, kept in zip(people, added, strict=True) if kept is None] == [f"c{n}" for n in range(40, 50)]
    assert owners == [one.id for one in people]
    known = await addresses.get("chat:demo:c7")
    assert known is not None
    assert (known.customer_id, known.name) == ("c7", "Ann 7")


async def test_of_those_who_adopt_an_address_at_once_one_has_it(database_uri: str, database_name: str) -> None:
    databases = [Database.connect(database_uri, database_name) for _ in range(4)]
    stores = [Addresses(database) for database in databases]
    owners = await asyncio.gather(*(stores[n % 4].adopt("chat:demo:ann", f"c{n}") for n in range(40)))
    assert len(set(owners)) == 1
    for database in databases:
        await database.close()


async def test_an_update_that_lost_its_answer_is_done_once(database_uri: str, database_name: str) -> None:
    async with over_a_line(database_uri, database_name) as (database, line):
        await database.insert("log", raw("a", "b"))
        line.word = b"changed"
        once = {"$set": {"text": "changed"}, "$inc": {"times": 1}}
        await database.update("log", [{"q": {"_id": id, "text": ""}, "u": once} for id in ("a", "b")])
        assert line.breaks == 1
        assert [row["times"] async for row in database.collection("log").find()] == [1, 1]


async def test_an_update_says_how_many_it_found_and_what_it_refused(database: Database) -> None:
    await database.insert("log", raw("a", "b"))
    change = {"$set": {"text": "x"}}
    assert await database.update("log", [{"q": {"_id": id}, "u": change} for id in ("a", "b", "c")]) == 2
    with pytest.raises(BulkWriteError) as caught:
        await database.update(
            "log", [{"q": {"_id": "a"}, "u": {"$set": {"_id": "z"}}}, {"q": {"_id": "b"}, "u": change}]
        )
    assert set(failed_at(caught.value)) == {0}


async def test_a_delivery_that_a_receipt_was_faster_than_keeps_its_name(database: Database) -> None:
    await database.migrate(INDEXES)
    log = Interactions(database)
    entry = make_message(direction="out", status=status.QUEUED)
    await log.add([entry])
    await log.receipt(entry.address, "", status.READ, entry=entry.id)
    await log.conclude(entry, status.SENT, external_id="p1")
    (there,) = await log.some([entry.id])
    assert (there.status, there.external_id) == (status.READ, "p1")
