"""What an agent changes of a message that went out: queued as an entry of its own, applied once the customer sees it.

The entry that carries the change stands in the lane of its address as any message does. It is of kind `system`, belongs
to no conversation, and names the message in `data.changes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.content import Mark
from core.database import Collection, Document, writer
from core.interactions.interaction import Interaction, Problem, marks_document
from core.interactions.words import words


class Revisions:
    """Queries on messages that are changed after they went out."""

    _all: Collection[Document]

    async def revise(
        self, target: Interaction, text: str, marks: tuple[Mark, ...], *, by: str, at: datetime
    ) -> Interaction | None:
        """Replace the text of a message of ours, keeping the old; returns it as it is then.

        `by` is the id of the entry that brought the change: the same one twice, or an older one that comes late,
        changes nothing. None when the message is not there any more.
        """
        pipeline = [
            {
                "$set": {
                    "edits": {"$concatArrays": [{"$ifNull": ["$edits", []]}, ["$content.text"]]},
                    "content.text": {"$literal": text},
                    "content.marks": {"$literal": marks_document(marks)} if marks else "$$REMOVE",
                    "edited_by": by,
                    "data.edited_at": at,
                    "data.change": "$$REMOVE",
                    "words": words(text),
                    "writer": writer(),
                }
            }
        ]
        which = {"_id": target.id, "address": target.address}
        return await self._changed({**which, "edited_by": {"$not": {"$gte": by}}}, pipeline) or await self._there(which)

    async def take_back(self, target: Interaction, at: datetime) -> Interaction | None:
        """Mark a message of ours as taken back at `at`; returns it, None when it is not there any more."""
        names = {"$cond": [{"$isArray": "$external_id"}, "$external_id", ["$external_id"]]}
        pipeline = [{"$set": {"deleted_at": at, "deleted": names, "data.change": "$$REMOVE", "writer": writer()}}]
        which = {"_id": target.id, "address": target.address}
        return await self._changed({**which, "deleted_at": {"$exists": False}}, pipeline) or await self._there(which)

    async def not_changed(self, target: Interaction, what: str, problem: Problem, *, again: bool) -> Interaction | None:
        """Write beside a message why its change has not reached the customer, and whether it is tried again."""
        note = {"what": what, "again": again, **problem.document()}
        change = {"$set": {"data.change": note, "writer": writer()}}
        return await self._changed({"_id": target.id, "address": target.address}, change)

    async def _changed(self, which: Mapping[str, Any], change: Any) -> Interaction | None:
        document: Document | None = await self._all.find_one_and_update(which, change, return_document=True)
        return Interaction.of(document) if document else None

    async def _there(self, which: Mapping[str, Any]) -> Interaction | None:
        document: Document | None = await self._all.find_one(which)
        return Interaction.of(document) if document else None
