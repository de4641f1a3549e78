"""Who is told: at once in this process, through the database in the others, and never a gap that is not told."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pymongo
import pytest

from core.database import Database
from core.feed import QUEUE, Change, Feed, Reader, Subscription, conversation_changed, entry_changed, lanes_of
from core.interactions.store import Interactions
from switchboard.wiring import Parts
from tests.making import handle, make_arrival, make_message, receive, told
from tests.servers.mongo import MongoServer

ROOT = Path(__file__).parents[2]

# Another process that writes into the log, through the stores as any process does.
WRITER = """
import asyncio, sys
from core.database import Database
from core.interactions.store import Interactions
from tests.making import make_message

async def main():
    database = Database.connect(sys.argv[1], sys.argv[2])
    log = Interactions(database)
    await log.add([make_message(text, person="far") for text in sys.argv[3:]])
    await database.close()

asyncio.run(main())
"""


def change(n: int, *topics: str) -> Change:
    return Change("thing", str(n), topics or ("things",))


# ------------------------------------------------------------------------------------------ in one process


async def test_each_subscriber_gets_its_topics_once_each() -> None:
    feed = Feed()
    async with feed.subscribe("a", "b") as both, feed.subscribe("b") as one:
        feed.announce(change(1, "a", "b"), change(2, "b"), change(3, "c"))
        assert [each.id for each in await both.next()] == ["1", "2"]
        assert [each.id for each in await one.next()] == ["1", "2"]
        one.remove("b")
        one.add("c")
        feed.announce(change(4, "b"), change(5, "c"))
        assert [each.id for each in await one.next()] == ["5"]
    await both.next()
    feed.announce(change(6, "a"))
    assert await both.next(0.01) == [], "who left is told nothing"
    assert not feed._subscribers


async def test_waiting_ends_with_the_change_or_the_timeout() -> None:
    feed = Feed()
    async with feed.subscribe("things") as changes:
        assert await changes.next(0.01) == []
        waiting = asyncio.create_task(changes.next(5))
        await asyncio.sleep(0)
        feed.announce(change(1))
        assert [each.id for each in await waiting] == ["1"]
        feed.announce(change(2), change(3))
        seen = []
        async for each in changes:
            seen.append(each.id)
            if each.id == "3":
                break
        assert seen == ["2", "3"]


async def test_who_does_not_read_is_told_to_look_again_and_costs_no_more_memory() -> None:
    feed = Feed()
    async with feed.subscribe("things") as slow, feed.subscribe("things") as quick:
        seen: list[Change] = []
        for n in range(QUEUE * 3 + 10):
            feed.announce(change(n))
            seen += await quick.next(0)
        missed = await slow.next()
    assert len(seen) == QUEUE * 3 + 10
    assert missed[0].what == "lagged"
    assert len(missed) <= QUEUE + 1
    assert missed[-1].id == str(QUEUE * 3 + 9)


async def test_lagging_twice_is_told_once() -> None:
    feed = Feed()
    async with feed.subscribe("a", "b") as changes:
        feed.lagged()
        feed.lagged()
        assert [each.what for each in await changes.next()] == ["lagged"]


async def test_an_entry_is_announced_to_everybody_it_concerns(parts: Parts) -> None:
    await receive(parts, make_arrival("hello"))
    async with parts.feed.subscribe("conversations", "log") as changes:
        await handle(parts)
        seen = await changes.next()
    conversation = told(seen, "conversation")[-1].value
    entries = told(seen, "interaction")
    assert {each.value.direction for each in entries} == {"in", "out"}
    for each in entries:
        assert f"conversation:{conversation.id}" in each.topics
        assert f"customer:{conversation.customer_id}" in each.topics
        assert "address:chat:demo:ann" in each.topics
    assert conversation_changed(conversation).topics[0] == "conversations"


# ------------------------------------------------------------------------------------ from other processes


def readers_on(database: Database) -> dict[str, Reader]:
    log = Interactions(database)

    async def entries(ids: Sequence[str]) -> list[Change]:
        found = await log.some(ids)
        return [change for entry in found for change in (entry_changed(entry), *lanes_of(entry))]

    return {"interactions": entries}


@asynccontextmanager
async def following(database: Database, *topics: str) -> AsyncIterator[Subscription]:
    """A subscription of a process that follows the others."""
    feed = Feed()
    async with feed.subscribe(*topics) as changes:
        task = asyncio.create_task(feed.follow(database, readers_on(database)))
        try:
            # Whoever was there before the stream was open is told to look: from here on nothing is missed.
            (first,) = await changes.next(5)
            assert first.what == "lagged"
            yield changes
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def gather_entries(changes: Subscription, n: int) -> list[str]:
    """The texts of the next `n` entries that are announced."""
    texts: list[str] = []
    async with asyncio.timeout(120):
        while len(texts) < n:
            texts += [each.value.content.text for each in told(await changes.next(), "interaction")]
    return texts


async def test_what_another_process_writes_is_announced_here(
    database: Database, database_uri: str, database_name: str
) -> None:
    async with following(database, "address:chat:demo:far", "lane:in") as changes:
        command = [sys.executable, "-c", WRITER, database_uri, database_name, "one", "two"]
        run = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stderr=subprocess.PIPE)
        seen: list[Change] = []
        async with asyncio.timeout(120):
            while len(told(seen, "interaction")) < 2 or not told(seen, "lane"):
                seen += await changes.next()
        assert await run.wait() == 0
    assert sorted(each.value.content.text for each in told(seen, "interaction")) == ["one", "two"]
    assert {each.id for each in told(seen, "lane")} == {"chat:demo:far"}


async def test_what_this_process_writes_is_not_announced_twice(
    database: Database, mongo_client: pymongo.MongoClient[dict[str, Any]], database_name: str
) -> None:
    log, outside = Interactions(database), mongo_client[database_name]["interactions"]
    async with following(database, "log") as changes:
        entry = make_message("own")
        await log.add([entry])
        await log.handled(entry, customer_id="c", conversation_id=None)
        # The mark of another process on the last one shows that the stream has come so far.
        outside.insert_one({**make_message("foreign").document(), "writer": "other:1"})
        assert await gather_entries(changes, 1) == ["foreign"]
        # A foreign change of our entry is foreign.
        outside.update_one({"_id": entry.id}, {"$set": {"status": "stuck", "writer": "other:2"}})
        assert await gather_entries(changes, 1) == ["own"]


async def test_a_cursor_that_is_killed_resumes_without_a_gap(
    database: Database, mongo_client: pymongo.MongoClient[dict[str, Any]], database_name: str
) -> None:
    outside = mongo_client[database_name]
    async with following(database, "log") as changes:
        for turn in range(3):
            outside["interactions"].insert_one({**make_message(f"{turn}").document(), "writer": f"other:{turn}"})
            assert await gather_entries(changes, 1) == [str(turn)]
            look = [{"$currentOp": {"idleCursors": True}}, {"$match": {"cursor.tailable": True}}]
            operations = list(mongo_client.admin.aggregate(look))
            cursors = [each["cursor"]["cursorId"] for each in operations if database_name in each["ns"]]
            assert cursors
            outside.command("killCursors", "$cmd.aggregate", cursors=cursors)


async def test_after_the_database_was_away_the_stream_goes_on_where_it_was() -> None:
    server = MongoServer()
    server.start()
    database = Database.connect(server.uri, "test", timeout=3)
    try:
        async with following(database, "log") as changes:
            with pymongo.MongoClient[dict[str, Any]](server.uri) as outside:
                outside["test"]["interactions"].insert_one({**make_message("before").document(), "writer": "other:1"})
            assert await gather_entries(changes, 1) == ["before"]
            server.kill()
            await asyncio.sleep(0.1)
            server.resume()
            with pymongo.MongoClient[dict[str, Any]](server.uri) as outside:
                outside["test"]["interactions"].insert_one({**make_message("after").document(), "writer": "other:2"})
            assert await gather_entries(changes, 1) == ["after"]
    finally:
        await database.close()
        server.stop()


async def test_a_reader_that_stumbles_tells_everybody_to_look(
    database: Database, mongo_client: pymongo.MongoClient[dict[str, Any]], database_name: str
) -> None:
    async def stumbles(ids: Sequence[str]) -> list[Change]:
        raise RuntimeError("no")

    feed = Feed()
    async with feed.subscribe("log") as changes:
        task = asyncio.create_task(feed.follow(database, {"interactions": stumbles}))
        assert [each.what for each in await changes.next(5)] == ["lagged"]
        mongo_client[database_name]["interactions"].insert_one({**make_message().document(), "writer": "other:1"})
        assert [each.what for each in await changes.next(5)] == ["lagged"]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
