"""Calls to be made: entries of the log that wait for a time, and then for a person."""

from __future__ import annotations

from datetime import datetime

from core.database import Collection, Document, writer
from core.interactions import status
from core.interactions.interaction import Interaction

ASCENDING = 1


class Tasks:
    """The part of `core.interactions.store.Interactions` that is about calls."""

    _all: Collection[Document]

    async def next_due(self, now: datetime) -> Interaction | None:
        """The call whose time has come first and of which people were not told yet, or None."""
        document = await self._all.find_one(
            {"status": status.TO_DO, "due_at": {"$lte": now}},
            sort=[("due_at", ASCENDING), ("_id", ASCENDING)],
            hint="tasks",
        )
        return Interaction.of(document) if document else None

    async def tasks(self, *, until: datetime | None = None, limit: int = 100) -> list[Interaction]:
        """Calls that are not made yet, those due first; with `until` only those planned before it."""
        found: list[Interaction] = []
        for state in (status.DUE, status.TO_DO):
            where: Document = {"status": state}
            if until:
                where["due_at"] = {"$lte": until}
            cursor = self._all.find(where, hint="tasks").sort([("due_at", ASCENDING), ("_id", ASCENDING)])
            found += [Interaction.of(document) async for document in cursor.limit(limit - len(found) or 1)]
        return found[:limit]

    async def set_task(self, entry: Interaction, was: tuple[str, ...], new: str) -> Interaction | None:
        """Move a call from one of `was` to `new`; None when it is in none of them any more."""
        document = await self._all.find_one_and_update(
            {"_id": entry.id, "address": entry.address, "status": {"$in": list(was)}},
            {"$set": {"status": new, "writer": writer()}},
            return_document=True,
        )
        return Interaction.of(document) if document else None
