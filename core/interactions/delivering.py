"""How the delivery of a message goes: begun, concluded, told by receipts, and settled by people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.batch import Batch
from core.database import Collection, Database, Document, writer
from core.interactions import status
from core.interactions.interaction import Interaction, Problem


@dataclass(frozen=True, slots=True)
class Change:
    """One guarded update of one entry, for the shared bulk; `otherwise` is done when it may have found no entry."""

    filter: Mapping[str, Any]
    update: Mapping[str, Any]
    otherwise: Change | None = None


class Delivering:
    """The part of `core.interactions.store.Interactions` that is about what goes out."""

    _all: Collection[Document]
    _database: Database
    _changing: Batch[Change, None]
    _beginning: Batch[tuple[Change, str], bool]

    async def begin(self, entry: Interaction) -> bool:
        """Note, durably, that a delivery is being tried: what a crash leaves in this state is uncertain.

        False: it waits no more, because somebody else is at it, or was, or it was taken back. It is not ours to send.
        """
        mark = writer()
        change = Change(
            {"_id": entry.id, "address": entry.address, "status": {"$in": [status.PLANNED, status.QUEUED]}},
            {"$set": {"status": status.SENDING, "writer": mark}, "$inc": {"attempts": 1}},
        )
        return await self._beginning.put((change, mark))

    async def _begin(self, begun: list[tuple[Change, str]]) -> Sequence[bool]:
        changes = [{"q": change.filter, "u": change.update} for change, _ in begun]
        if await self._database.update(self._all.name, changes) == len(begun):
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
            late = Change(moved_on, {"$set": {"external_id": fields["external_id"]}})
        await self._changing.put(Change({**where, "status": {"$in": replaceable}}, change, late))

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

    async def _set(self, entry: Interaction, was: Iterable[str], fields: Document) -> bool:
        result = await self._all.update_one(
            {"_id": entry.id, "address": entry.address, "status": {"$in": list(was)}},
            {"$set": {**fields, "writer": writer()}},
        )
        return result.modified_count > 0

    async def _update(self, changes: list[Change]) -> Sequence[BaseException | None]:
        found = await self._database.update(self._all.name, [{"q": one.filter, "u": one.update} for one in changes])
        late = [one.otherwise for one in changes if one.otherwise] if found < len(changes) else []
        if late:
            await self._database.update(self._all.name, [{"q": one.filter, "u": one.update} for one in late])
        return [None] * len(changes)
