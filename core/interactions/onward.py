"""What is learnt of a message after it went out: another name of it, and where it went when its address was dead."""

from __future__ import annotations

from core.database import Collection, Document, writer
from core.interactions.interaction import Interaction


class Onward:
    """Queries on messages of ours that went out."""

    _all: Collection[Document]

    async def goes_on(self, entry: Interaction, address: str) -> str:
        """Settle, once for ever, that `entry` goes to `address` instead; returns the address that is settled."""
        which = {"_id": entry.id, "address": entry.address}
        change = {"$set": {"data.onward": {"$ifNull": ["$data.onward", {"$literal": address}]}, "writer": writer()}}
        document = await self._all.find_one_and_update(which, [change], return_document=True)
        return str(document["data"]["onward"]) if document else address

    async def also_named(self, id: str, name: str) -> None:
        """Add a name by which a message of ours is quoted. Ours stays the first."""
        names = {"$cond": [{"$isArray": "$external_id"}, "$external_id", ["$external_id"]]}
        there = {"$in": [name, names]}
        longer = {"$cond": [there, "$external_id", {"$concatArrays": [names, [name]]}]}
        await self._all.update_one(
            {"_id": id, "direction": "out", "external_id": {"$exists": True}},
            [{"$set": {"external_id": longer, "writer": writer()}}],
        )
