"""Several hub processes on one database: they share the work, tell each other, and stop without dropping anything."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pymongo
import pytest

from core.accounts.secrets import Vault
from core.accounts.store import Accounts
from core.channel import Account
from core.database import Database
from core.interactions.store import Interactions
from tests.making import make_message, until
from tests.running import KEY, hub_process
from tests.visitor import Visitor


@pytest.fixture
async def chat(database: Database) -> None:
    await Accounts(database, Vault(KEY)).save(Account("webchat", "demo"))


@pytest.mark.usefixtures("chat")
async def test_web_and_worker_apart(tmp_path: Path, database_uri: str, database_name: str) -> None:
    common = ("--mongodb-uri", database_uri, "--role")
    setting = {"SWITCHBOARD_DATABASE": database_name}
    async with (
        hub_process(tmp_path, *common, "web", environment=setting) as web,
        hub_process(tmp_path, *common, "worker", environment=setting) as worker,
    ):
        visitors = [Visitor() for _ in range(5)]
        for visitor in visitors:
            await visitor.say(web.url, "hello")
        # The worker answers; the web process learns of it from the database and passes it on.
        answers = await asyncio.gather(*(visitor.hears(web.url, 1) for visitor in visitors))
        assert [len(heard) for heard in answers] == [1] * 5
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{worker.url}/readyz") as ready:
                assert ready.status == 200
            async with session.get(f"{worker.url}/inbox/") as nothing:
                assert nothing.status == 404, "a worker serves no pages"
        assert await worker.stop() == 0
        assert await web.stop() == 0


@pytest.mark.usefixtures("chat")
async def test_two_hubs_share_the_work_and_one_may_leave(
    tmp_path: Path, database_uri: str, database_name: str, mongo_client: pymongo.MongoClient[dict[str, Any]]
) -> None:
    setting = {"SWITCHBOARD_DATABASE": database_name}
    common = ("--mongodb-uri", database_uri)
    async with (
        hub_process(tmp_path, *common, environment=setting) as one,
        hub_process(tmp_path, *common, environment=setting) as other,
    ):
        visitors = [Visitor() for _ in range(8)]
        words = [f"message {n}" for n in range(4)]

        async def chatter(visitor: Visitor, turn: int) -> None:
            for n, text in enumerate(words):
                await visitor.say((one.url, other.url)[(turn + n) % 2], text)

        talking = asyncio.gather(*(chatter(visitor, turn) for turn, visitor in enumerate(visitors[:4])))
        await talking
        # A hub that is told to stop finishes what it has; the other one goes on with everybody.
        leaving = asyncio.create_task(one.stop())
        for visitor in visitors[4:]:
            for text in words:
                await visitor.say(other.url, text)
        assert await leaving == 0
        log = mongo_client[database_name]["interactions"]
        left = {"status": {"$in": ["received", "queued", "sending"]}}
        try:
            async with asyncio.timeout(120):
                while log.count_documents(left):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            # What would be looked for first: whose they are, and what their lanes say.
            lanes = mongo_client[database_name]["addresses"]
            stuck = list(log.find(left, {"address": 1, "status": 1, "at": 1, "due_at": 1}))
            pytest.fail(f"{stuck} are not handled; {[lanes.find_one({'_id': entry['address']}) for entry in stuck]}")
        for visitor in visitors:
            await visitor.look(other.url)
            assert visitor.said == words, "in the order they were said, each once"
        assert mongo_client[database_name]["customers"].count_documents({}) == 8
        assert mongo_client[database_name]["conversations"].count_documents({"active": True}) == 8
        keys = [entry["key"] for entry in log.find({"direction": "out"})]
        assert len(keys) == len(set(keys))


@pytest.mark.usefixtures("chat")
async def test_workers_share_evenly_and_take_over_from_one_that_is_killed(
    tmp_path: Path, database: Database, database_uri: str, database_name: str
) -> None:
    setting = {"SWITCHBOARD_DATABASE": database_name, "SWITCHBOARD_LEASE_SECONDS": "2", "SWITCHBOARD_CONCURRENCY": "8"}
    common = ("--mongodb-uri", database_uri, "--role", "worker")
    log = Interactions(database)
    async with AsyncExitStack() as open_:
        begun = [open_.enter_async_context(hub_process(tmp_path, *common, environment=setting)) for _ in range(3)]
        workers = await asyncio.gather(*begun)
        people = [f"webchat:demo:p{n:03}" for n in range(120)]
        for text in ("first", "second"):
            await log.add([make_message(text, channel="webchat", address=address) for address in people])
        handled = {"direction": "in", "status": "handled"}
        all_of_it = database.collection("interactions")

        async def some() -> bool:
            return await all_of_it.count_documents(handled) >= 40

        await until(some)
        # It holds leases at this moment, as a worker under load always does; nobody gives them back.
        await workers[0].kill()

        async def everything() -> bool:
            return await all_of_it.count_documents(handled) == 2 * len(people)

        await until(everything)
        share: Counter[str] = Counter()
        async for entry in all_of_it.find(handled):
            share[entry["writer"].partition(":")[0]] += 1
        # The one that was killed may not have got to the end of anything. How evenly the others share depends on how
        # evenly a busy machine runs them; `make bench ARGS=scale` measures that.
        assert len(share) >= 2, "all of them had work"
        assert max(share.values()) < 0.97 * share.total(), share
        for address in people:
            entries = await log.page(address=address)
            said = [entry.id for entry in entries if entry.direction == "in"]
            about = [next(id for id in said if id in entry.key) for entry in entries if entry.direction == "out"]
            assert about == sorted(about), "answered in the order in which they wrote"
            assert len({entry.key for entry in entries}) == len(entries)
        assert await database.collection("conversations").count_documents({"active": True}) == len(people)
        assert await database.collection("customers").count_documents({}) == len(people)
