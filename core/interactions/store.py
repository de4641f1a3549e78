"""The log: what is written to `interactions`, and its indexes; the other files of this folder are parts of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import bson
from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING, DESCENDING

from core.batch import Batch
from core.database import (
    Database,
    Document,
    Index,
    held,
    last_moved_from,
    moved_back,
    moved_from,
    writer,
)
from core.errors import Unreadable
from core.interactions import status
from core.interactions.backlog import Backlog
from core.interactions.delivering import Change, Delivering
from core.interactions.interaction import Interaction
from core.interactions.lanes import Lanes
from core.interactions.later import Later
from core.interactions.onward import Onward
from core.interactions.revisions import Revisions
from core.interactions.seek import words_index
from core.interactions.steps import Steps
from core.interactions.tasks import Tasks
from core.interactions.words import words
from core.trace import followed

NAME = "interactions"
LARGEST = 8 * 1024 * 1024

INDEXES = (
    Index(NAME, [("address", ASCENDING), ("key", ASCENDING)], {"unique": True}),
    Index(NAME, [("address", ASCENDING), ("_id", ASCENDING)]),
    Index(NAME, [("conversation_id", ASCENDING), ("_id", ASCENDING)], held("conversation_id")),
    Index(NAME, [("customer_id", ASCENDING), ("_id", ASCENDING)], held("customer_id")),
    Index(
        NAME,
        [("address", ASCENDING), ("_id", ASCENDING)],
        {"name": "unhandled", "partialFilterExpression": {"status": status.RECEIVED}},
    ),
    Index(
        NAME,
        [("address", ASCENDING), ("_id", ASCENDING)],
        {"name": "waiting", "partialFilterExpression": {"status": {"$in": list(status.WAITING)}}},
    ),
    Index(
        NAME,
        [("status", ASCENDING), ("_id", DESCENDING)],
        {"name": "troubled", "partialFilterExpression": {"status": {"$in": list(status.TROUBLED)}}},
    ),
    Index(NAME, [("address", ASCENDING), ("external_id", ASCENDING), ("_id", DESCENDING)], held("external_id")),
    words_index(NAME),
    Index(NAME, [("fetch_at", ASCENDING)], {"sparse": True}),
    Index(
        NAME,
        [("status", ASCENDING), ("due_at", ASCENDING), ("_id", ASCENDING)],
        {"name": "tasks", "partialFilterExpression": {"status": {"$in": list(status.TASKS)}}},
    ),
)


class Interactions(Revisions, Later, Onward, Tasks, Delivering, Lanes):
    """The log. `meter` and `steps` are what this process counts, and tells, of the path its entries take."""

    def __init__(self, database: Database) -> None:
        super().__init__(database.collection(NAME))
        self._database = database
        self.backlog = Backlog(self._all)
        self.meter = database.meter
        self.steps = Steps(database.meter)
        shared = database.meter.batch
        self._adding: Batch[RawBSONDocument, bool] = Batch(self._insert, shared=shared("interactions.adding"))
        self._changing: Batch[Change, None] = Batch(self._update, shared=shared("interactions.changing"))
        self._beginning: Batch[tuple[Change, str], bool] = Batch(self._begin, shared=shared("interactions.beginning"))
        self._reading: Batch[tuple[str, str], list[Interaction]] = Batch(
            self._read_lanes, most=128, shared=shared("interactions.reading")
        )

    # -------------------------------------------------------------------------------------------- writing

    async def add(self, entries: Sequence[Interaction]) -> list[bool]:
        """Keep `entries`, durably. True for each that is new, False for each whose (address, key) was there already.

        Raises CannotStore when any of them is not kept, Unreadable when one is larger than a document may be.
        """
        results = await self.add_each(entries)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return results  # type: ignore[return-value]  # the loop above raised every exception in it

    async def add_each(self, entries: Sequence[Interaction]) -> list[bool | BaseException]:
        """As `add`, but one entry that cannot be kept says so in its place and hinders no other."""
        if len(entries) == 1:  # nearly always: no task of its own for it
            try:
                return [await self._add(entries[0])]
            except Exception as error:
                return [error]
        return await asyncio.gather(*map(self._add, entries), return_exceptions=True)

    async def _add(self, entry: Interaction) -> bool:
        encoded = _encoded(entry)
        return await self._adding.put(encoded, len(encoded.raw))

    async def _insert(self, documents: list[RawBSONDocument]) -> Sequence[bool | BaseException]:
        return await self._database.insert_each(NAME, documents)

    async def handled(self, entry: Interaction, *, customer_id: str | None, conversation_id: str | None) -> None:
        """Join `entry` to its customer and conversation, make it searchable, and take it off the queue."""
        content = entry.content
        # A mail is found by the SHA-256 of its raw bytes as well: `data.sha256`, or its beginning.
        texts = (str(entry.data.get("sha256", "")), content.text, content.subject or "")
        found = words(*texts, *(file.name for file in content.files))
        update: Document = {"status": status.HANDLED, "writer": writer()}
        if not entry.parts:  # each part brought its own words
            update["words"] = found
        if customer_id:
            update["customer_id"] = customer_id
        if conversation_id:
            update["conversation_id"] = conversation_id
        await self._changing.put(Change({"_id": entry.id, "address": entry.address}, {"$set": update}))

    async def stuck(self, entry: Interaction) -> None:
        """Take an entry off the queue that could not be handled; an administrator can put it back."""
        await self._set(entry, (status.RECEIVED,), {"status": status.STUCK})

    async def unstick(self, entry_id: str) -> Interaction | None:
        """Put a stuck entry back on the queue."""
        document = await self._all.find_one_and_update(
            {"_id": entry_id, "status": status.STUCK},
            {"$set": {"status": status.RECEIVED, "writer": writer()}},
            return_document=True,
        )
        return Interaction.of(document) if document else None

    # -------------------------------------------------------------------------------------------- media

    async def claim_media(self, now: datetime, until: datetime) -> Interaction | None:
        """An entry whose attachments are still at the provider, leased to the caller until `until`."""
        document = await self._all.find_one_and_update(
            {"fetch_at": {"$lte": now}}, {"$set": {"fetch_at": until}, "$inc": {"fetches": 1}}, return_document=True
        )
        return Interaction.of(document) if document else None

    async def media_fetched(
        self, entry: Interaction, files: Sequence[Mapping[str, Any]], lease: datetime, again: datetime | None = None
    ) -> None:
        """Write what became of the attachments; with `again` they are tried once more at that time.

        `lease` is the `until` they were claimed with: one that was added meanwhile stays, and is fetched next.
        """
        fetched = {"$literal": [file for file in files if file.get("source")]}
        same = {"$filter": {"input": fetched, "as": "new", "cond": {"$eq": ["$$new.source", "$$old.source"]}}}
        newer = {
            "$map": {
                "input": {"$ifNull": ["$content.files", []]},
                "as": "old",
                "in": {"$ifNull": [{"$last": same}, "$$old"]},
            }
        }
        mine = {"$eq": ["$fetch_at", lease]}
        change: Document = {
            "content.files": newer,
            "fetch_at": {"$cond": [mine, again or "$$REMOVE", "$fetch_at"]},
            "writer": writer(),
        }
        await self._all.update_one({"_id": entry.id, "address": entry.address}, [{"$set": change}])

    # -------------------------------------------------------------------------------------------- people

    async def move(self, from_customer: str, to_customer: str) -> None:
        """Give one customer's entries to another, so that it can be undone."""
        await self._all.update_many(
            {"customer_id": from_customer},
            [{"$set": {"customer_id": to_customer, "writer": writer(), **moved_from(from_customer)}}],
        )

    async def move_back(self, from_customer: str, to_customer: str) -> None:
        """Undo `move`."""
        await self._all.update_many(
            {"customer_id": to_customer, **last_moved_from(from_customer)},
            [{"$set": {"customer_id": from_customer, "writer": writer(), **moved_back()}}],
        )

    async def erase(self, customer_id: str) -> int:
        """Delete every entry of one customer; returns how many."""
        result = await self._all.delete_many({"customer_id": customer_id})
        return int(result.deleted_count)


def _encoded(entry: Interaction) -> RawBSONDocument:
    document = entry.document()
    document["writer"] = writer()
    if (trace := followed()) and trace != entry.id:
        document.setdefault("trace", trace)
    if entry.direction != "in" and entry.kind != "system":
        # What people wrote here is found at once; what comes in gets its words when it is handled.
        document["words"] = words(entry.content.text, entry.content.subject or "")
    if entry.direction == "in" and any(file.source and not file.sha256 for file in entry.content.files):
        document["fetch_at"] = entry.at
    try:
        raw = bson.encode(document)
    except (bson.errors.InvalidDocument, OverflowError, ValueError) as error:
        raise Unreadable(f"This cannot be stored: {error}", code="unstorable") from error
    if len(raw) > LARGEST:
        raise Unreadable("This message is larger than the log can hold.", code="too_large_for_log")
    return RawBSONDocument(raw)
