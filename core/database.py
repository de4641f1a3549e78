"""The one place that opens MongoDB: Motor, its settings, indexes, and what the stores share of the driver.

Writes are acknowledged by the majority (journalled) unless a store says otherwise for flags that can be rebuilt.
Swapping Motor for PyMongo's own async client is a change of this file and the stores.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import parse_qsl

import bson
import pymongo
from bson import MaxKey
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection, AsyncIOMotorDatabase
from pymongo import IndexModel, WriteConcern
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
)

from core import clock
from core.bursts import Hand, bursts
from core.driver import Commands, Connections
from core.errors import CannotStore, SetupError
from core.ids import PROCESS
from core.meter import Meter

Document = dict[str, Any]
Collection = AsyncIOMotorCollection
DUPLICATE = 11000
GREATEST: Any = MaxKey()  # sorts behind every other value
LARGEST_COMMAND = 15 * 1024 * 1024
# How many changes of other processes are read before those in front of them have been taken.
AHEAD = 2000
# Seconds. A stream that is read without a rest gives one change at a time, each for a question of its own; after a rest
# it gives all that came meanwhile for one.
READING, RESTING = 0.002, 0.005

_CODEC: CodecOptions[Document] = CodecOptions(tz_aware=True, tzinfo=UTC)
_AWAY = (AutoReconnect, ConnectionFailure, ExecutionTimeout)

_writes = 0


def held(field: str) -> Document:
    """Index options: only documents that have `field`; a compound sparse index holds all that have any of its keys."""
    return {"partialFilterExpression": {field: {"$exists": True}}}


def writer() -> str:
    """A fresh mark of this process for the `writer` field of every visible write.

    The feed's change stream leaves out what this process wrote itself; a value that always differs makes the field
    part of every change the server reports.
    """
    global _writes
    _writes += 1
    return f"{PROCESS}:{_writes}"


@dataclass(frozen=True)
class Index:
    """One index of a collection, as its store declares it. `keys` as `[("field", 1)]`; `options` as PyMongo's."""

    collection: str
    keys: Sequence[tuple[str, int]]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name on the server; it says what the index holds, so a changed index gets a new name."""
        parts = "_".join(f"{key}_{way}" for key, way in self.keys)
        kind = (
            "_unique" if self.options.get("unique") else "_partial" if "partialFilterExpression" in self.options else ""
        )
        return str(self.options.get("name", f"{parts}{kind}"))


class Database:
    """A connected database. Stores take their collections from it. `meter` is what this process counts."""

    def __init__(self, client: AsyncIOMotorClient[Document], name: str, meter: Meter | None = None) -> None:
        self.client = client
        self.name = name
        self.meter = meter or Meter()
        self.motor: AsyncIOMotorDatabase[Document] = client.get_database(name, codec_options=_CODEC)

    @classmethod
    def connect(cls, uri: str, name: str, *, timeout: float = 5) -> Database:
        """A database at `uri`; connects on first use. Each operation gives up after `timeout` seconds.

        A `timeoutMS` in `uri` counts for more: with the driver, what a program asks for does.
        """
        meter = Meter()
        options = {option.lower(): value for option, value in parse_qsl(uri.partition("?")[2])}
        patience = int(timeout * 1000)
        try:
            client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
                uri,
                event_listeners=[Commands(meter.driver), Connections(meter.driver)],
                tz_aware=True,
                w="majority",
                retryWrites=True,
                timeoutMS=options.get("timeoutms", patience),
                serverSelectionTimeoutMS=patience,
                minPoolSize=2,
                maxPoolSize=50,
                appname="switchboard",
            )
        except (PyMongoError, ValueError) as error:
            raise SetupError(
                f"SWITCHBOARD_MONGODB_URI is not a MongoDB address: {error}", code="mongodb_uri"
            ) from error
        return cls(client, name, meter)

    def collection(self, name: str) -> AsyncIOMotorCollection[Document]:
        """The collection `name`, with majority writes."""
        return self.motor[name]

    def quick(self, name: str) -> AsyncIOMotorCollection[Document]:
        """The same collection with writes acknowledged by the primary alone: for flags that a sweep can raise again."""
        return self.motor.get_collection(name, write_concern=WriteConcern(w=1, j=False))

    async def insert(self, name: str, documents: Sequence[RawBSONDocument]) -> None:
        """Insert `documents`, unordered and acknowledged by the majority; raises BulkWriteError as `insert_many` does.

        Plain commands: the driver's bulk costs both ends half as much again, for a retry that unique ids make ours
        to do. What a first try whose answer was lost has written is there under its own `_id`.
        """
        errors: list[Document] = []
        concern: list[Document] = []
        done = 0
        for chunk in _chunks(documents):
            command = {"insert": name, "documents": chunk, "ordered": False, "writeConcern": {"w": "majority"}}
            repeated, reply = await self._write(command)
            errors += [
                {**error, "index": error["index"] + done}
                for error in reply.get("writeErrors", ())
                if not (repeated and error.get("keyPattern") == {"_id": 1})
            ]
            concern += [reply["writeConcernError"]] if "writeConcernError" in reply else []
            done += len(chunk)
        if errors or concern:
            raise BulkWriteError({"writeErrors": errors, "writeConcernErrors": concern})

    async def insert_each(self, name: str, documents: Sequence[RawBSONDocument]) -> list[bool | BaseException]:
        """As `insert`, each for itself: True when it is new, False when a unique index holds its like, else the error.

        Raises CannotStore when the database is away.
        """
        try:
            await self.insert(name, documents)
        except BulkWriteError as error:
            if lacks_majority(error):
                return [cannot_store(error)] * len(documents)
            codes = failed_at(error)
            return [
                True if n not in codes else False if codes[n] == DUPLICATE else cannot_store(error)
                for n in range(len(documents))
            ]
        except Exception as error:
            if away(error):
                raise cannot_store(error) from error
            raise
        return [True] * len(documents)

    async def update(self, name: str, updates: Sequence[Document], *, quick: bool = False) -> int:
        """Updates that may be done twice, unordered; how many found their document. Raises BulkWriteError.

        Each is `{"q": filter, "u": change}`, with `"upsert": True` where wanted, as the `update` command has it.
        Acknowledged by the majority; `quick`: by the primary alone. When the connection broke and it was done twice,
        those that no longer found their document are not counted although they did the first time.
        """
        concern = {"w": 1, "j": False} if quick else {"w": "majority"}
        command = {"update": name, "updates": list(updates), "ordered": False, "writeConcern": concern}
        _, reply = await self._write(command)
        errors = reply.get("writeErrors", [])
        lacking = [reply["writeConcernError"]] if "writeConcernError" in reply else []
        if errors or lacking:
            raise BulkWriteError({"writeErrors": errors, "writeConcernErrors": lacking})
        return int(reply["n"])

    async def upsert(self, name: str, updates: Sequence[Document], *, quick: bool = False) -> None:
        """`update` for upserts: two that raced to make the same document are one, changed twice."""
        try:
            await self.update(name, updates, quick=quick)
        except BulkWriteError as error:
            # The second attempt finds it there.
            again = [updates[n] for n, code in failed_at(error).items() if code == DUPLICATE]
            if len(again) < len(failed_at(error)) or not again:
                raise
            await self.update(name, again, quick=quick)

    async def _write(self, command: Document) -> tuple[bool, Document]:
        """Whether it had to be sent twice, because the connection broke, and the server's reply."""
        try:
            return False, await self.motor.command(command)
        except AutoReconnect as error:
            if error.timeout:
                raise
            return True, await self.motor.command(command)

    async def ask(self, command: Document, *, on: str = "") -> Document | None:
        """What the server tells of itself, or of another database of it; None when this user may not know."""
        try:
            answer: Document = await (self.client[on] if on else self.motor).command(command, codec_options=_CODEC)
        except OperationFailure:
            return None
        return answer

    async def ping(self) -> None:
        """Raises CannotStore when the database does not answer."""
        try:
            await self.motor.command("ping")
        except PyMongoError as error:
            raise CannotStore("The database does not answer.") from error

    async def set_clock(self) -> timedelta:
        """Have `core.clock` agree with the primary's clock; returns how far this machine's own one is ahead of it.

        Of three answers the quickest counts, since nothing is known of where a slow one was held up.
        """
        answers = []
        for _ in range(3):
            began = time.monotonic_ns()
            told: Document = await self.client.admin.command("hello")
            answers.append((time.monotonic_ns() - began, began, told["localTime"]))
        took, began, at = min(answers)
        return clock.OURS.agree(round(at.timestamp() * 1000) * 1_000_000, began, began + took)

    async def hello(self) -> Document:
        """Raises SetupError, with what to do, when the database cannot be used at all."""
        try:
            answer: Document = await self.client.admin.command("hello")
            await self.motor.command("ping")
        except PyMongoError as error:
            raise SetupError(
                "MongoDB does not answer. Check SWITCHBOARD_MONGODB_URI, that the server runs, and the user's rights. "
                f"It said: {str(error)[:300]}",
                code="mongodb_away",
            ) from error
        if not answer.get("setName") and answer.get("msg") != "isdbgrid":
            raise SetupError(
                "This MongoDB is a single server; Switchboard needs a replica set (one member is enough): "
                "start mongod with --replSet and run rs.initiate().",
                code="mongodb_standalone",
            )
        return answer

    async def migrate(self, indexes: Iterable[Index]) -> list[str]:
        """Bring the indexes up to date: create what is missing, drop what is no longer declared.

        Returns a line for each change. Creating an index on a live collection does not block writes (MongoDB 4.2+).
        """
        wanted: dict[str, list[Index]] = {}
        for index in indexes:
            wanted.setdefault(index.collection, []).append(index)
        there = set(await self.motor.list_collection_names())
        changes: list[str] = []

        async def bring(name: str, declared: list[Index]) -> None:
            collection = self.collection(name)
            known = set(await collection.index_information()) if name in there else set()
            missing = [index for index in declared if index.name not in known]
            if missing:
                models = [IndexModel(list(index.keys), **{**index.options, "name": index.name}) for index in missing]
                # On a large history this takes minutes; a command that gave up would take the whole build back.
                with pymongo.timeout(None):
                    await collection.create_indexes(models)
                changes.extend(f"{name}: created {index.name}" for index in missing)
            for old in known - {index.name for index in declared} - {"_id_"}:
                await collection.drop_index(old)
                changes.append(f"{name}: dropped {old}")

        await asyncio.gather(*(bring(name, declared) for name, declared in wanted.items()))
        return sorted(changes)

    async def changes(
        self, collections: Sequence[str], after: Any = None
    ) -> AsyncGenerator[tuple[list[tuple[str, str]], Any]]:
        """What other processes change in `collections`, for ever: (collection, id) of some, the token to resume after.

        Begins with ([], token) once the server listens: what is written from then on is not missed.
        This process's own changes are left out by their `writer` mark, and so is that an agent is still there
        (`seen_at`), which tells nobody anything. Only ids are sent: whoever wants the documents reads them, many at
        once. What is not taken waits in the stream, not in our memory.
        """
        own = {"$not": {"$regex": f"^{PROCESS}:"}}
        pipeline: list[Document] = [
            {
                "$match": {
                    "ns.coll": {"$in": list(collections)},
                    "operationType": {"$in": ["insert", "update", "replace"]},
                    "fullDocument.writer": own,
                    "updateDescription.updatedFields.writer": own,
                    "updateDescription.updatedFields.seen_at": {"$exists": False},
                }
            },
            {"$project": {"ns.coll": 1, "documentKey": 1, "wallTime": 1}},
        ]

        def read(hand: Hand[tuple[Document | None, Any]]) -> None:
            with self.motor.delegate.watch(pipeline, resume_after=after) as stream:
                hand.give((None, stream.resume_token))
                began = time.monotonic()
                while hand.wanted and stream.alive:
                    change = stream.try_next()
                    if change is not None:
                        hand.give((change, stream.resume_token))
                        if time.monotonic() - began > READING:
                            time.sleep(RESTING)
                            began = time.monotonic()

        async with aclosing(bursts(read, most=AHEAD, name="changes")) as taken:
            async for burst in taken:
                now = clock.now()
                changes = [change for change, _ in burst if change is not None]
                for change in changes:
                    if written := change.get("wallTime"):  # MongoDB 6.0 and newer
                        self.meter.behind.note((now - written).total_seconds())
                yield [(change["ns"]["coll"], str(change["documentKey"]["_id"])) for change in changes], burst[-1][1]

    @staticmethod
    def cannot_resume(error: BaseException) -> bool:
        """Whether a change stream failed because its token is too old or no longer valid."""
        return isinstance(error, OperationFailure) and not error.has_error_label("ResumableChangeStreamError")

    async def close(self) -> None:
        """Close every connection. The driver says goodbye to the server and waits for its answer: in a thread."""
        await asyncio.to_thread(self.client.close)


def _chunks(documents: Sequence[RawBSONDocument]) -> Iterator[list[RawBSONDocument]]:
    """`documents` in pieces that the driver takes as one command (16 MB)."""
    chunk: list[RawBSONDocument] = []
    size = 0
    for document in documents:
        if chunk and size + len(document.raw) > LARGEST_COMMAND:
            yield chunk
            chunk, size = [], 0
        chunk.append(document)
        size += len(document.raw)
    if chunk:
        yield chunk


def away(error: BaseException) -> bool:
    """Whether `error` means that the database could not be reached or took too long, so nothing is known to be kept."""
    return isinstance(error, _AWAY) or bool(getattr(error, "timeout", False))


def taken(error: BaseException) -> bool:
    """Whether a write was refused because a unique index holds its like already."""
    return isinstance(error, DuplicateKeyError)


def cannot_store(error: BaseException) -> CannotStore:
    """The `CannotStore` to raise for a driver error at a door."""
    return CannotStore("The database is away for a moment; nothing was stored, please send it again.")


def failed_at(error: BulkWriteError) -> dict[int, int]:
    """Position → error code of each operation that failed in an unordered bulk write."""
    return {entry["index"]: int(entry.get("code", 0)) for entry in (error.details or {}).get("writeErrors", [])}


def lacks_majority(error: BulkWriteError) -> bool:
    """Whether what a bulk wrote was not acknowledged by the majority, so that a failover may take it back."""
    details = error.details or {}
    return bool(details.get("writeConcernErrors")) or not details.get("writeErrors")


def encoded(document: Mapping[str, Any]) -> RawBSONDocument:
    """`document` as `insert` takes it."""
    return RawBSONDocument(bson.encode(document))


def moved_from(customer: str) -> Document:
    """What a merge adds to each document it moves away from `customer`: merges of merges can so be undone in turn."""
    return {"merged_from": {"$concatArrays": [{"$ifNull": ["$merged_from", []]}, [customer]]}}


def last_moved_from(customer: str) -> Document:
    """The condition that a document was last moved away from `customer`."""
    return {"$expr": {"$eq": [{"$last": "$merged_from"}, customer]}}


def moved_back() -> Document:
    """What undoes `moved_from`."""
    size = {"$size": "$merged_from"}
    earlier = {"$slice": ["$merged_from", {"$subtract": [size, 1]}]}
    return {"merged_from": {"$cond": [{"$gt": [size, 1]}, earlier, "$$REMOVE"]}}
