"""Every query on `interactions`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
from core.interactions.interaction import Interaction, Problem
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
# What one worker reads of one lane at a time.
PAGE = 100
# How many entries a worker's look at the queue reads.
LOOKED_AT = 512

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


@dataclass(frozen=True, slots=True)
class _Change:
    """One guarded update of one entry, for the shared bulk; `otherwise` is done when it may have found no entry."""

    filter: Mapping[str, Any]
    update: Mapping[str, Any]
    otherwise: _Change | None = None


class Interactions(Revisions, Later, Onward, Tasks):
    """The log. `meter` and `steps` are what this process counts, and tells, of the path its entries take."""

    def __init__(self, database: Database) -> None:
        super().__init__(database.collection(NAME))
        self._database = database
        self.backlog = Backlog(self._all)
        self.meter = database.meter
        self.steps = Steps(database.meter)
        shared = database.meter.batch
        self._adding: Batch[RawBSONDocument, bool] = Batch(self._insert, shared=shared("interactions.adding"))
        self._changing: Batch[_Change, None] = Batch(self._update, shared=shared("interactions.changing"))
        self._beginning: Batch[tuple[_Change, str], bool] = Batch(self._begin, shared=shared("interactions.beginning"))
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
        await self._changing.put(_Change({"_id": entry.id, "address": entry.address}, {"$set": update}))

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

    async def begin(self, entry: Interaction) -> bool:
        """Note, durably, that a delivery is being tried: what a crash leaves in this state is uncertain.

        False: it waits no more, because somebody else is at it, or was, or it was taken back. It is not ours to send.
        """
        mark = writer()
        change = _Change(
            {"_id": entry.id, "address": entry.address, "status": {"$in": [status.PLANNED, status.QUEUED]}},
            {"$set": {"status": status.SENDING, "writer": mark}, "$inc": {"attempts": 1}},
        )
        return await self._beginning.put((change, mark))

    async def _begin(self, begun: list[tuple[_Change, str]]) -> Sequence[bool]:
        changes = [{"q": change.filter, "u": change.update} for change, _ in begun]
        if await self._database.update(NAME, changes) == len(begun):
            return [True] * len(begun)
        # Some came too late. The marks tell which: only a beginning that happened left its own.
        ids, addresses = ([change.filter[name] for change, _ in begun] for name in ("_id", "address"))
        cursor = self._all.find({"_id": {"$in": ids}, "address": {"$in": addresses}}, {"writer": 1})
        marks = {row["_id"]: row.get("writer") async for row in cursor}
        return [marks.get(change.filter["_id"]) == mark for change, mark in begun]

    async def take_time(self, entry: Interaction) -> bool:
        """Turn a planned entry whose time has come into a queued one; False when it was cancelled a moment ago."""
        return await self._set(entry, (status.PLANNED,), {"status": status.QUEUED})

    async def conclude(
        self,
        entry: Interaction,
        new: str,
        *,
        external_id: str | tuple[str, ...] | None = None,
        code: str = "",
        sentence: str = "",
        due_at: datetime | None = None,
        counted: bool = True,
    ) -> None:
        """Write how a delivery went. Never takes back a receipt that was faster than we are.

        With `due_at` the entry waits again; `counted` is False when `begin` has not counted the attempt.
        """
        fields: Document = {"writer": writer()}
        if external_id:
            fields["external_id"] = external_id if isinstance(external_id, str) else list(external_id)
        if code:
            fields["error"] = Problem(code, sentence).document()
        if due_at:
            fields["due_at"] = due_at
        where = {"_id": entry.id, "address": entry.address}
        change: Document = {"$set": {**fields, "status": new}}
        if not counted:
            change["$inc"] = {"attempts": 1}
        if new == status.SENT:
            change["$unset"] = {"error": "", "due_at": ""}
        replaceable = [*status.WAITING, status.UNCERTAIN]
        late = None
        if external_id:
            # A receipt that was faster has moved it on already; answers to it quote this name all the same.
            moved_on = {**where, "status": {"$nin": replaceable}, "external_id": {"$exists": False}}
            late = _Change(moved_on, {"$set": {"external_id": fields["external_id"]}})
        await self._changing.put(_Change({**where, "status": {"$in": replaceable}}, change, late))

    async def _set(self, entry: Interaction, was: Iterable[str], fields: Document) -> bool:
        result = await self._all.update_one(
            {"_id": entry.id, "address": entry.address, "status": {"$in": list(was)}},
            {"$set": {**fields, "writer": writer()}},
        )
        return result.modified_count > 0

    async def receipt(
        self,
        address: str,
        external_id: str,
        new: str,
        *,
        code: str = "",
        sentence: str = "",
        at: datetime | None = None,
        entry: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Interaction | None:
        """Move a message of ours upward to `new`; None when it is unknown or already there or beyond.

        `entry` is its id, where that is known: then its address and external id do not matter.
        """
        fields: Document = {"status": new, "writer": writer()}
        if code:
            fields["error"] = Problem(code, sentence).document()
        if at:
            fields[f"{new}_at"] = at
        fields |= {f"data.{key}": value for key, value in (data or {}).items()}
        which = {"_id": entry} if entry else {"address": address, "external_id": external_id}
        document = await self._all.find_one_and_update(
            {**which, "direction": "out", "status": {"$in": list(status.below(new))}},
            {"$set": fields},
            return_document=True,
        )
        return Interaction.of(document) if document else None

    async def ours(self, address: str, external_id: str, id: str | None = None) -> Interaction | None:
        """A message of ours by its id, or by the provider's name for it at `address`; None when there is none."""
        which = {"_id": id} if id else {"address": address, "external_id": external_id}
        document = await self._all.find_one({**which, "direction": "out"})
        return Interaction.of(document) if document else None

    async def delayed(self, entry: Interaction, code: str, sentence: str, at: datetime) -> Interaction | None:
        """Note that a message of ours has not arrived yet; None when it was settled meanwhile."""
        late = {**Problem(code, sentence).document(), "at": at}
        document = await self._all.find_one_and_update(
            {"_id": entry.id, "address": entry.address, "status": status.SENT},
            {"$set": {"data.delayed": late, "writer": writer()}},
            return_document=True,
        )
        return Interaction.of(document) if document else None

    async def retry(self, id: str, now: datetime) -> Interaction | None:
        """Queue a failed or uncertain delivery again, because a person said so; None when it is neither."""
        document = await self._all.find_one_and_update(
            {"_id": id, "direction": "out", "status": {"$in": list(status.TROUBLED)}},
            {
                "$set": {
                    "status": status.QUEUED,
                    "due_at": now,
                    "attempts": 0,
                    "data.retried_at": now,
                    "data.released": True,  # a person says so: no bound on automatic messages holds it up again
                    "writer": writer(),
                },
                "$unset": {"error": "", "data.bounce": "", "data.delayed": ""},
            },
            return_document=True,
        )
        return Interaction.of(document) if document else None

    async def settle(self, id: str, new: str) -> Interaction | None:
        """Say what became of an uncertain delivery (`sent` or `failed`), or take back a planned one (`cancelled`)."""
        was = [status.PLANNED] if new == status.CANCELLED else [status.UNCERTAIN]
        document = await self._all.find_one_and_update(
            {"_id": id, "direction": "out", "status": {"$in": was}},
            {"$set": {"status": new, "writer": writer()}},
            return_document=True,
        )
        return Interaction.of(document) if document else None

    async def _update(self, changes: list[_Change]) -> Sequence[BaseException | None]:
        found = await self._database.update(NAME, [{"q": one.filter, "u": one.update} for one in changes])
        late = [one.otherwise for one in changes if one.otherwise] if found < len(changes) else []
        if late:
            await self._database.update(NAME, [{"q": one.filter, "u": one.update} for one in late])
        return [None] * len(changes)

    # -------------------------------------------------------------------------------------------- the queue

    async def unhandled(self, address: str) -> list[Interaction]:
        """What came from `address` and is not handled yet, oldest first, at most 100."""
        return await self._reading.put(("unhandled", address))

    async def waiting(self, address: str) -> list[Interaction]:
        """What is to go out to `address`, in the order it was written, at most 100."""
        return await self._reading.put(("waiting", address))

    async def _read_lanes(self, wanted: list[tuple[str, str]]) -> Sequence[list[Interaction]]:
        found: dict[tuple[str, str], list[Interaction]] = {key: [] for key in wanted}
        for lane, states in (("unhandled", [status.RECEIVED]), ("waiting", list(status.WAITING))):
            addresses = [address for name, address in wanted if name == lane]
            if not addresses:
                continue
            for address, entries in (await self._read_lane(lane, states, list(dict.fromkeys(addresses)))).items():
                found[lane, address] = entries
        return [found[key] for key in wanted]

    async def _read_lane(self, lane: str, states: list[str], addresses: list[str]) -> dict[str, list[Interaction]]:
        found: dict[str, list[Interaction]] = {address: [] for address in addresses}
        # `hint` keeps the planner on the small partial index, whatever the size of the history.
        cursor = self._all.find({"address": {"$in": addresses}, "status": {"$in": states}}, hint=lane)
        limit = PAGE * len(addresses)
        documents = await cursor.sort([("address", 1), ("_id", 1)]).to_list(limit)
        if len(documents) == limit and len(addresses) > 1:
            # A flooded address has taken the room of the others: read fewer together, at last each alone.
            half = len(addresses) // 2
            for part in (addresses[:half], addresses[half:]):
                found |= await self._read_lane(lane, states, part)
            return found
        for document in documents:
            entries = found[document["address"]]
            if len(entries) < PAGE:
                entries.append(Interaction.of(document))
        return found

    async def calling(self, after: str, most: int, below: str = "") -> tuple[list[str], bool]:
        """Up to `most` addresses behind `after` (and before `below`) with unhandled entries, in order of address, and
        whether that may not be all: a flooded address may fill what is looked at, so look again behind the last one.
        """
        where = {"status": status.RECEIVED, "address": {"$gt": after, **({"$lt": below} if below else {})}}
        cursor = self._all.find(where, {"_id": 0, "address": 1}, hint="unhandled").sort("address", ASCENDING)
        rows = await cursor.limit(LOOKED_AT).to_list(LOOKED_AT)
        found = list(dict.fromkeys(row["address"] for row in rows))
        return found[:most], len(rows) == LOOKED_AT or len(found) > most

    async def still_calling(self, addresses: Sequence[str]) -> list[str]:
        """Those of `addresses` with unhandled entries."""
        where = {"status": status.RECEIVED, "address": {"$in": list(addresses)}}
        found = await self._all.find(where, {"_id": 0, "address": 1}, hint="unhandled").to_list(LOOKED_AT)
        # Where one of them fills the room, nothing is known of the others.
        return list(dict.fromkeys(row["address"] for row in found)) if len(found) < LOOKED_AT else list(addresses)

    async def forgotten(self, before: str) -> list[str]:
        """Addresses with waiting entries whose ids are below `before`: for the sweep."""
        waiting = await self._all.aggregate(
            [
                {"$match": {"status": {"$in": list(status.WAITING)}, "_id": {"$lt": before}}},
                {"$group": {"_id": "$address"}},
            ],
            hint="waiting",
        ).to_list(10_000)
        return [row["_id"] for row in waiting]

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
