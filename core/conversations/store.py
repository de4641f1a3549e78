"""Every query on `conversations`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING, DESCENDING
from pymongo.errors import DuplicateKeyError

from core.batch import Batch
from core.conversations.conversation import NOBODY, STATUSES, UNBORN, Conversation, Status
from core.conversations.reports import FlowReport, reports_of
from core.database import Database, Document, Index, encoded, last_moved_from, moved_back, moved_from, writer
from core.shelves import ANY, computed, shelf
from core.shelving import put_back, put_up

NAME = "conversations"

INDEXES = (
    Index(
        NAME,
        [("address", ASCENDING), ("thread", ASCENDING)],
        {"unique": True, "partialFilterExpression": {"active": True}},
    ),
    Index(NAME, [("shelves", ASCENDING), ("status", ASCENDING), ("last.at", DESCENDING), ("_id", DESCENDING)]),
    Index(NAME, [("customer.id", ASCENDING), ("last.at", DESCENDING)]),
    Index(NAME, [("snoozed_until", ASCENDING)], {"sparse": True}),
    Index(NAME, [("opened_at", ASCENDING)]),
)


@dataclass(frozen=True, slots=True)
class _Turn:
    id: str
    filter: Mapping[str, Any]
    update: Mapping[str, Any]
    stamp: str


@dataclass(frozen=True, slots=True)
class View:
    """What the inbox list shows. `assignee`: an agent's id, "" for nobody, None for anybody. No `statuses`: every one.

    `teams` are ids: what one of them has, so nothing when there is none; None for every conversation.
    """

    statuses: tuple[Status, ...] = ("open",)
    assignee: str | None = None
    channel: str | None = None
    lead: bool = False
    teams: tuple[str, ...] | None = None


class Conversations:
    """The conversations."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._all = database.collection(NAME)
        shared = database.meter.batch
        self._reading: Batch[tuple[str, str], Conversation | None] = Batch(
            self._read_active, shared=shared("conversations.reading")
        )
        self._getting: Batch[str, Conversation | None] = Batch(self._read, shared=shared("conversations.getting"))
        self._turning: Batch[_Turn, bool] = Batch(self._turn, most=128, shared=shared("conversations.turning"))
        self._starting: Batch[RawBSONDocument, bool] = Batch(self._start, shared=shared("conversations.starting"))

    # ------------------------------------------------------------------------------------- what route does

    async def active(self, address: str, thread: str = "") -> Conversation | None:
        """The one active conversation of this address and thread, or None."""
        return await self._reading.put((address, thread))

    async def latest(self, address: str, customer_id: str) -> Conversation | None:
        """The active conversation at `address` with this customer in which something was said last, or None."""
        where = {"address": address, "active": True, "customer.id": customer_id}
        document = await self._all.find_one(where, sort=[("last.at", DESCENDING)])
        return Conversation.of(document) if document else None

    async def _read_active(self, keys: list[tuple[str, str]]) -> Sequence[Conversation | None]:
        cursor = self._all.find({"address": {"$in": [address for address, _ in keys]}, "active": True})
        found = {(d["address"], d["thread"]): Conversation.of(d) async for d in cursor}
        return [found.get(key) for key in keys]

    async def get(self, id: str) -> Conversation | None:
        """The conversation, or None."""
        return await self._getting.put(id)

    async def _read(self, ids: list[str]) -> Sequence[Conversation | None]:
        found = {d["_id"]: Conversation.of(d) async for d in self._all.find({"_id": {"$in": ids}})}
        return [found.get(id) for id in ids]

    async def start(self, conversation: Conversation) -> Conversation:
        """Begin `conversation`; when another process was faster, the one it began is returned."""
        if not await self._starting.put(encoded({**conversation.document(), "writer": writer()})):
            there = await self.active(conversation.address, conversation.thread) or await self.get(conversation.id)
            if there is None:  # it was resolved in the blink between; the caller's next look starts anew
                return await self.start(conversation)
            return there
        return conversation

    async def _start(self, documents: list[RawBSONDocument]) -> Sequence[bool | BaseException]:
        return await self._database.insert_each(NAME, documents)

    async def commit(self, before: Conversation, after: Conversation) -> bool:
        """Write what differs between `before` and `after`, only if nobody changed the conversation since `before`.

        False: somebody (an agent) was faster, nothing was written; read it again and decide anew. The first commit of
        an `UNBORN` one begins it; False then: it is there already, or another one of its thread is active.
        """
        if before.rev == UNBORN:
            return await self._starting.put(encoded({**after.document(), "writer": writer()}))
        old, new = before.document(), after.document()
        stamp = secrets.token_hex(8)
        fields = {key: value for key, value in new.items() if old.get(key) != value and key != "rev"}
        update: Document = {"$set": {**fields, "stamp": stamp, "writer": writer()}, "$inc": {"rev": 1}}
        gone = dict.fromkeys(old.keys() - new.keys(), "")
        if gone:
            update["$unset"] = gone
        return await self._turning.put(_Turn(before.id, {"_id": before.id, "rev": before.rev}, update, stamp))

    async def _turn(self, turns: list[_Turn]) -> Sequence[bool]:
        if await self._database.update(NAME, [{"q": t.filter, "u": t.update} for t in turns]) == len(turns):
            return [True] * len(turns)
        # Some lost against an agent. The stamps tell which: only a commit that happened left its own.
        cursor = self._all.find({"_id": {"$in": [turn.id for turn in turns]}}, {"stamp": 1})
        stamps = {row["_id"]: row.get("stamp") async for row in cursor}
        return [stamps.get(turn.id) == turn.stamp for turn in turns]

    # ------------------------------------------------------------------------------------ what people do

    async def change(
        self, id: str, fields: Mapping[str, Any], *, where: Mapping[str, Any] | None = None, unset: Sequence[str] = ()
    ) -> Conversation | None:
        """Set `fields`, if the conversation is as `where` says; the conversation after it, None when it was not."""
        update: Any = {"$set": {**fields, "writer": writer()}, "$inc": {"rev": 1}}
        if unset:
            update["$unset"] = dict.fromkeys(unset, "")
        if _SHELVED & fields.keys():
            update = _onto_shelves(fields, unset)
        document = await self._all.find_one_and_update({"_id": id, **(where or {})}, update, return_document=True)
        return Conversation.of(document) if document else None

    async def reopen(self, id: str, fields: Mapping[str, Any]) -> Conversation | None:
        """Make a resolved conversation active again; None when another one of its thread is active meanwhile."""
        try:
            return await self.change(id, {**fields, "active": True}, where={"active": False}, unset=("snoozed_until",))
        except DuplicateKeyError:
            return None

    async def wake(self, now: datetime) -> Conversation | None:
        """Open one snoozed conversation whose time has come."""
        document = await self._all.find_one_and_update(
            {"snoozed_until": {"$lte": now}, "status": "snoozed"},
            {"$set": {"status": "open", "writer": writer()}, "$inc": {"rev": 1}, "$unset": {"snoozed_until": ""}},
            return_document=True,
        )
        return Conversation.of(document) if document else None

    # ------------------------------------------------------------------------------------------- reading

    async def page(
        self, view: View, *, before: tuple[datetime, str] | None = None, limit: int = 50
    ) -> list[Conversation]:
        """One page of the inbox list, newest first; `before` is the last row's (last.at, id) of the page above."""
        if view.teams == ():
            return []
        where = _where(view)
        if before:
            at, id = before
            # Not as `$or`, which the planner would take apart and then sort in memory.
            where |= {"last.at": {"$lte": at}, "$nor": [{"last.at": at, "_id": {"$gte": id}}]}
        cursor = self._all.find(where).sort([("last.at", DESCENDING), ("_id", DESCENDING)]).limit(limit)
        return [Conversation.of(document) async for document in cursor]

    async def count(self, view: View, most: int = 1000) -> int:
        """How many conversations `view` holds, counted up to `most`."""
        if view.teams == ():
            return 0
        return int(await self._all.count_documents(_where(view), limit=most))

    async def flows(
        self, since: datetime, until: datetime, *, idle: datetime, channel: str | None = None
    ) -> list[FlowReport]:
        """What the bot did in conversations begun in [since, until), on one channel or all, most begun first.

        A flow that is going counts as dropped when its conversation is over, or nothing was said since `idle`.
        """
        over = {"$or": [{"$eq": ["$active", False]}, {"$lt": ["$last.at", idle]}]}
        dropped = {"$and": [{"$eq": ["$runs.outcome", "going"]}, over]}
        pipeline: list[Document] = [
            {"$match": {"opened_at": {"$gte": since, "$lt": until}} | ({"channel": channel} if channel else {})},
            {"$project": {"runs": 1, "active": 1, "last.at": 1}},
            {"$unwind": "$runs"},
            {"$set": {"outcome": {"$cond": [dropped, "dropped", "$runs.outcome"]}}},
            {
                "$group": {
                    "_id": {
                        "flow": "$runs.flow",
                        "outcome": "$outcome",
                        "step": {"$cond": [{"$eq": ["$outcome", "dropped"]}, "$runs.step", ""]},
                    },
                    "count": {"$sum": 1},
                }
            },
        ]
        return reports_of([(row["_id"], row["count"]) async for row in self._all.aggregate(pipeline)])

    async def of_customer(self, customer_id: str, limit: int = 20) -> list[Conversation]:
        """A customer's conversations, newest first."""
        cursor = self._all.find({"customer.id": customer_id}).sort("last.at", DESCENDING).limit(limit)
        return [Conversation.of(document) async for document in cursor]

    async def some(self, ids: Sequence[str]) -> list[Conversation]:
        """The conversations with these ids, in no order."""
        return [Conversation.of(d) async for d in self._all.find({"_id": {"$in": list(ids)}})]

    async def followed(self, ids: Sequence[str]) -> list[Conversation]:
        """What other processes changed. One of a version before may have left them on the shelves of what they were."""
        documents = [document async for document in self._all.find({"_id": {"$in": list(ids)}})]
        found = [Conversation.of(document) for document in documents]
        await put_back(self._all, found, documents, _SHELVES)
        return found

    async def shelve(self, most: int = 1000) -> int:
        """Put conversations of before there were shelves on theirs, up to `most`; returns how many there were."""
        return await put_up(self._all, _SHELVES, most)

    # -------------------------------------------------------------------------------------------- people

    async def rename(self, customer_id: str, name: str) -> None:
        """Copy a customer's new name to their conversations."""
        await self._all.update_many(
            {"customer.id": customer_id, "customer.name": {"$ne": name}},
            {"$set": {"customer.name": name, "writer": writer()}, "$inc": {"rev": 1}},
        )

    async def move(self, from_customer: str, to_customer: str, name: str) -> None:
        """Give one customer's conversations to another, so that it can be undone; `name`: what they are called now."""
        await self._all.update_many(
            {"customer.id": from_customer},
            [{"$set": {**_owner(to_customer, name), **moved_from(from_customer)}}],
        )
        await self.rename(to_customer, name)

    async def move_back(self, from_customer: str, to_customer: str, name: str) -> None:
        """Undo `move`."""
        await self._all.update_many(
            {"customer.id": to_customer, **last_moved_from(from_customer)},
            [{"$set": {**_owner(from_customer, name), **moved_back()}}],
        )

    async def erase(self, customer_id: str) -> int:
        """Delete the conversations of one customer; returns how many."""
        return int((await self._all.delete_many({"customer.id": customer_id})).deleted_count)


def _owner(customer_id: str, name: str) -> Document:
    return {
        "customer": {"$literal": {"id": customer_id, "name": name}},
        "rev": {"$add": [{"$ifNull": ["$rev", 0]}, 1]},
        "writer": writer(),
    }


# What decides on which shelves a conversation stands; its channel never changes.
_SHELVED = {"assignee", "lead", "team"}
_SHELVES = computed(
    [{"$ifNull": ["$assignee", NOBODY]}],
    ["$channel"],
    [{"$cond": ["$lead", "lead", ANY]}],
    [{"$ifNull": ["$team", ANY]}],
)


def _onto_shelves(fields: Mapping[str, Any], unset: Sequence[str]) -> list[Document]:
    """The change of `Conversations.change` where it also moves the conversation to other shelves."""
    told: Document = {name: {"$literal": value} for name, value in fields.items()}
    told |= {"rev": {"$add": [{"$ifNull": ["$rev", 0]}, 1]}, "writer": writer()}
    gone: list[Document] = [{"$unset": list(unset)}] if unset else []
    return [{"$set": told}, *gone, {"$set": {"shelves": _SHELVES}}]


def _where(view: View) -> Document:
    whose = ANY if view.assignee is None else view.assignee or NOBODY
    teams = (ANY,) if view.teams is None else view.teams
    names = [shelf(whose, view.channel or ANY, "lead" if view.lead else ANY, team) for team in teams]
    # Every status is named: without one the index does not have the rows in order, and all would be read and sorted.
    return {"shelves": _one_of(names), "status": _one_of(view.statuses or STATUSES)}


def _one_of(values: Sequence[str]) -> Any:
    return values[0] if len(values) == 1 else {"$in": list(values)}
