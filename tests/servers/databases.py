"""Databases for the tests of one process: empty but for the indexes, which take longer to make than most tests."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pymongo
from pymongo.errors import PyMongoError

from core.database import Database
from switchboard.stores import INDEXES
from tests.servers.mongo import database_name_for

Client = pymongo.MongoClient[dict[str, Any]]
Shape = dict[str, list[Any]]
Size = tuple[int, int]


class Databases:
    """Lends databases that have every index and no document, each to one test at a time.

    What comes back is emptied behind the tests' back and lent again, the longest unused first: making and dropping a
    hundred files for every test is most of what a MongoDB would do for them. One that was left with more or fewer
    collections or indexes is compared with a new one, and dropped when a collection of the hub's is not as it was.
    """

    def __init__(self, uri: str, client: Client) -> None:
        self._uri = uri
        self._client = client
        self._pool = ThreadPoolExecutor(1)
        self._resting: deque[Future[str | None]] = deque()
        self._shape: Shape = {}
        self._sizes: dict[str, Size] = {}

    def lend(self) -> str:
        """The name of a database that is the caller's alone until it is given back."""
        while len(self._resting) > 1:  # what a killed process had begun is done by the time it is lent again
            if name := self._resting.popleft().result():
                return name
        return self._pool.submit(self._made).result()

    def give_back(self, name: str) -> None:
        """Returns at once."""
        self._resting.append(self._pool.submit(self._emptied, name))

    def drop(self, name: str) -> None:
        """Removes a database, whatever it holds; returns at once."""
        self._pool.submit(self._client.drop_database, name)

    def close(self) -> None:
        """Waits for what is under way."""
        self._pool.shutdown()

    def _made(self) -> str:
        async def make() -> None:
            database = Database.connect(self._uri, name)
            await database.migrate(INDEXES)
            await database.close()

        name = database_name_for("lent")
        asyncio.run(make())
        self._shape = self._shape or self._shape_of(name)
        return name

    def _emptied(self, name: str) -> str | None:
        database = self._client[name]
        try:
            for collection in database.list_collection_names(filter={"name": {"$not": {"$regex": r"^system\."}}}):
                database[collection].delete_many({})
            size = self._size_of(name)
            if size == self._sizes.get(name) or self._shape_of(name).items() >= self._shape.items():
                self._sizes[name] = size
                return name
            self._client.drop_database(name)
        except PyMongoError:
            pass  # it is given up; whoever comes next has done nothing to it, and gets another
        return None

    def _size_of(self, name: str) -> Size:
        told = self._client[name].command("dbStats")
        return told["collections"], told["indexes"]

    def _shape_of(self, name: str) -> Shape:
        database = self._client[name]
        return {
            one["name"]: [one["options"], *sorted(database[one["name"]].index_information().items())]
            for one in database.list_collections()
            if one["type"] == "collection"
        }
