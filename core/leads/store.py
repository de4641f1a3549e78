"""Every query on `leads`, and the rules they are kept by."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.errors import DuplicateKeyError

from core.database import Database, Document, Index, held, last_moved_from, moved_back, moved_from, writer
from core.ids import id_at
from core.leads.lead import GOING, HISTORY, NOBODY, Change, Lead, State
from core.leads.rules import LeadRules
from core.shelves import ANY, computed, shelf
from core.shelving import put_back, put_up

NAME, RULES = "leads", "lead_rules"
_NEWEST = ("_id", DESCENDING)

INDEXES = (
    # Nobody is two leads in one conversation at a time.
    Index(NAME, [("conversation_id", ASCENDING)], {"unique": True, "partialFilterExpression": {"going": True}}),
    Index(NAME, [("conversation_id", ASCENDING), _NEWEST]),
    Index(NAME, [("shelves", ASCENDING), _NEWEST]),
    # Those that are judged by new rules.
    Index(NAME, [("state", ASCENDING), ("flagged", ASCENDING)], {"partialFilterExpression": {"going": True}}),
    Index(NAME, [("customer.id", ASCENDING), _NEWEST]),
    Index(NAME, [("alone_at", ASCENDING)], held("alone_at")),
    Index(NAME, [("step.at", ASCENDING)], {"partialFilterExpression": {"step.due": False}}),
)


@dataclass(frozen=True, slots=True)
class LeadView:
    """What a list shows. `owner`: an agent's id, "" for nobody, None for anybody. `since` and `until`: made in between.

    `source` is a kind, or `kind:name`.
    """

    state: State | None = None
    owner: str | None = None
    source: str = ""
    flagged: bool = False
    since: datetime | None = None
    until: datetime | None = None


class Leads:
    """The leads."""

    def __init__(self, database: Database) -> None:
        self._all = database.collection(NAME)
        self._rules = database.collection(RULES)

    # ------------------------------------------------------------------------------------------- writing

    async def add(self, lead: Lead) -> Lead | None:
        """Keep a new lead; None when this very lead was made before, or its conversation has one that is going."""
        try:
            await self._all.insert_one({**lead.document(), "writer": writer()})
        except DuplicateKeyError:
            return None
        return lead

    async def change(self, before: Lead, after: Lead, *changes: Change) -> Lead | None:
        """Write what differs and add `changes` to the history; None when somebody was faster: nothing was written."""
        old, new = before.document(), after.document()
        fields = {key: value for key, value in new.items() if old.get(key) != value and key not in ("rev", "history")}
        update: Document = {"$set": {**fields, "writer": writer()}, "$inc": {"rev": 1}}
        if changes:
            lines = [change.document() for change in changes]
            update["$push"] = {"history": {"$each": lines, "$slice": -HISTORY}}
        if gone := dict.fromkeys(old.keys() - new.keys(), ""):
            update["$unset"] = gone
        try:
            document = await self._all.find_one_and_update(
                {"_id": before.id, "rev": before.rev}, update, return_document=True
            )
        except DuplicateKeyError:  # reopened, where another lead is going by now
            return None
        return Lead.of(document) if document else None

    async def mark_due(self, lead: Lead) -> Lead | None:
        """Mark the planned step of `lead` as due; None when it was changed, or marked, meanwhile."""
        if lead.step is None:
            return None
        document = await self._all.find_one_and_update(
            {"_id": lead.id, "step.due": False, "step.at": lead.step.at},
            {"$set": {"step.due": True, "writer": writer()}, "$inc": {"rev": 1}},
            return_document=True,
        )
        return Lead.of(document) if document else None

    async def flag(self, lead: Lead, now: datetime) -> Lead | None:
        """Flag `lead` as left alone; None when somebody took care of it meanwhile, or it was flagged."""
        line = Change(now, "flagged").document()
        document = await self._all.find_one_and_update(
            {"_id": lead.id, "alone_at": lead.alone_at, "rev": lead.rev},
            {
                "$set": {"flagged": True, "shelves": replace(lead, flagged=True).shelves, "writer": writer()},
                "$unset": {"alone_at": ""},
                "$inc": {"rev": 1},
                "$push": {"history": {"$each": [line], "$slice": -HISTORY}},
            },
            return_document=True,
        )
        return Lead.of(document) if document else None

    # ------------------------------------------------------------------------------------------- reading

    async def get(self, id: str) -> Lead | None:
        """The lead, or None."""
        document = await self._all.find_one({"_id": id})
        return Lead.of(document) if document else None

    async def some(self, ids: Sequence[str]) -> list[Lead]:
        """The leads with these ids, in no order."""
        return [Lead.of(document) async for document in self._all.find({"_id": {"$in": list(ids)}})]

    async def due_step(self, now: datetime) -> Lead | None:
        """The lead whose planned step was due first and is not marked so, or None."""
        where: Document = {"step.due": False, "step.at": {"$lte": now}}
        document = await self._all.find_one(where, sort=[("step.at", ASCENDING)])
        return Lead.of(document) if document else None

    async def left_alone(self, now: datetime) -> Lead | None:
        """The lead that has been left alone for too long the longest, and is not flagged, or None."""
        document = await self._all.find_one({"alone_at": {"$lte": now}}, sort=[("alone_at", ASCENDING)])
        return Lead.of(document) if document else None

    async def going(self, conversation_id: str) -> Lead | None:
        """The conversation's lead that is neither won nor lost, or None."""
        document = await self._all.find_one({"conversation_id": conversation_id, "going": True})
        return Lead.of(document) if document else None

    async def of_conversation(self, conversation_id: str, limit: int = 5) -> list[Lead]:
        """The conversation's leads, newest first."""
        cursor = self._all.find({"conversation_id": conversation_id}).sort("_id", DESCENDING).limit(limit)
        return [Lead.of(document) async for document in cursor]

    async def of_customer(self, customer_id: str, limit: int = 50) -> list[Lead]:
        """A customer's leads, newest first."""
        cursor = self._all.find({"customer.id": customer_id}).sort("_id", DESCENDING).limit(limit)
        return [Lead.of(document) async for document in cursor]

    async def page(self, view: LeadView, *, before: str | None = None, limit: int = 50) -> list[Lead]:
        """One page of a list, newest first; `before` is an id."""
        cursor = self._all.find(_where(view, before)).sort("_id", DESCENDING).limit(limit)
        return [Lead.of(document) async for document in cursor]

    async def every(self, view: LeadView) -> AsyncIterator[Lead]:
        """All of a list, newest first, a batch at a time: for export."""
        async for document in self._all.find(_where(view, None)).sort("_id", DESCENDING).batch_size(200):
            yield Lead.of(document)

    async def count(self, view: LeadView, most: int = 1000) -> int:
        """How many leads a list holds, counted up to `most`."""
        return int(await self._all.count_documents(_where(view, None), limit=most))

    async def followed(self, ids: Sequence[str]) -> list[Lead]:
        """What other processes changed. One of a version before may have left them on the shelves of what they were."""
        documents = [document async for document in self._all.find({"_id": {"$in": list(ids)}})]
        found = [Lead.of(document) for document in documents]
        await put_back(self._all, found, documents, _SHELVES)
        return found

    async def shelve(self, most: int = 1000) -> int:
        """Put leads of before there were shelves on theirs, up to `most`; returns how many there were."""
        return await put_up(self._all, _SHELVES, most)

    # --------------------------------------------------------------------------------------------- rules

    async def rules(self) -> LeadRules:
        """How long leads may be left alone, and their usual currency."""
        document = await self._rules.find_one({"_id": "rules"})
        usual = LeadRules()
        if document is None:
            return usual
        return LeadRules({**usual.hours, **document.get("hours", {})}, document.get("currency", usual.currency))

    async def set_rules(self, rules: LeadRules) -> None:
        """Keep `rules`; leads that are going are judged by them from now on. What is flagged stays flagged."""
        await self._rules.update_one({"_id": "rules"}, {"$set": rules.document()}, upsert=True)
        for state in GOING:
            where: Document = {"going": True, "state": state, "flagged": False}
            hours = rules.hours.get(state, 0)
            if not hours:
                await self._all.update_many(where, {"$unset": {"alone_at": ""}, "$inc": {"rev": 1}})
                continue
            planned = {"$cond": [{"$eq": ["$step.due", False]}, "$step.at", "$touched_at"]}
            alone_at = {
                "$add": [{"$max": ["$touched_at", planned]}, timedelta(hours=hours) // timedelta(milliseconds=1)]
            }
            await self._all.update_many(where, [{"$set": {"alone_at": alone_at, "rev": {"$add": ["$rev", 1]}}}])

    # -------------------------------------------------------------------------------------------- people

    async def move(self, from_customer: str, to_customer: str, name: str) -> None:
        """Give one customer's leads to another, so that it can be undone."""
        await self._all.update_many(
            {"customer.id": from_customer},
            [{"$set": {**_whose(to_customer, name), **moved_from(from_customer)}}],
        )

    async def move_back(self, from_customer: str, to_customer: str, name: str) -> None:
        """Undo `move`."""
        await self._all.update_many(
            {"customer.id": to_customer, **last_moved_from(from_customer)},
            [{"$set": {**_whose(from_customer, name), **moved_back()}}],
        )

    async def rename(self, customer_id: str, name: str) -> None:
        """Copy a customer's new name to their leads."""
        await self._all.update_many(
            {"customer.id": customer_id, "customer.name": {"$ne": name}},
            {"$set": {"customer.name": name, "writer": writer()}, "$inc": {"rev": 1}},
        )

    async def erase(self, customer_id: str) -> int:
        """Delete the leads of one customer; returns how many."""
        return int((await self._all.delete_many({"customer.id": customer_id})).deleted_count)


_NAMED = {"$concat": ["$source.kind", ":", "$source.name"]}
_SHELVES = computed(
    ["$state"],
    [{"$cond": [{"$gt": ["$owner", ANY]}, "$owner", NOBODY]}],
    [{"$ifNull": ["$source.kind", ANY]}, {"$cond": [{"$gt": ["$source.name", ANY]}, _NAMED, ANY]}],
    [{"$cond": ["$flagged", "flagged", ANY]}],
)


def _whose(customer: str, name: str) -> Document:
    return {
        "customer": {"$literal": {"id": customer, "name": name}},
        "rev": {"$add": [{"$ifNull": ["$rev", 0]}, 1]},
        "writer": writer(),
    }


def _where(view: LeadView, before: str | None) -> Document:
    owner = ANY if view.owner is None else view.owner or NOBODY
    source = view.source.removesuffix(":")
    where: Document = {"shelves": shelf(view.state or ANY, owner, source, "flagged" if view.flagged else ANY)}
    bounds: Mapping[str, Any] = {
        "$lt": min((bound for bound in (before, id_at(view.until) if view.until else None) if bound), default=None),
        "$gte": id_at(view.since) if view.since else None,
    }
    if ids := {way: bound for way, bound in bounds.items() if bound}:
        where["_id"] = ids
    return where
