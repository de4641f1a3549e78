"""How the log is read: one by one, page by page, and by words. An index answers every query here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from core.database import Collection, Document
from core.interactions import status
from core.interactions.interaction import Interaction
from core.interactions.seek import seek
from core.interactions.words import words

ASCENDING, DESCENDING = 1, -1


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found. `onward` is the id below which to search on, empty when that was all.

    `bounded`: it was searched back to `onward` only. `vague` is a beginning of so many words that not all of them were
    searched for.
    """

    entries: Sequence[Interaction] = ()
    onward: str = ""
    bounded: bool = False
    vague: str = ""


class Pages:
    """The reading half of `core.interactions.store.Interactions`."""

    def __init__(self, collection: Collection[Document]) -> None:
        self._all = collection

    async def get(self, id: str) -> Interaction | None:
        """The entry, or None."""
        document = await self._all.find_one({"_id": id})
        return Interaction.of(document) if document else None

    async def some(self, ids: Sequence[str]) -> list[Interaction]:
        """The entries with these ids, in no order."""
        return [Interaction.of(document) async for document in self._all.find({"_id": {"$in": list(ids)}})]

    async def by_key(self, address: str, key: str) -> Interaction | None:
        """The entry with this key at `address`, or None."""
        document = await self._all.find_one({"address": address, "key": key})
        return Interaction.of(document) if document else None

    async def answered(self, address: str, external_ids: Sequence[str]) -> Interaction | None:
        """The newest entry at `address` that one of `external_ids` names, so that a reply finds its thread."""
        if not external_ids:
            return None
        document = await self._all.find_one(
            {"address": address, "external_id": {"$in": list(external_ids[-50:])}}, sort=[("_id", DESCENDING)]
        )
        return Interaction.of(document) if document else None

    async def answered_by_others(self, addresses: Sequence[str], external_ids: Sequence[str]) -> list[Interaction]:
        """Entries at any of `addresses` that one of `external_ids` names, newest first, at most 20."""
        if not addresses or not external_ids:
            return []
        where = {"address": {"$in": list(addresses)}, "external_id": {"$in": list(external_ids[-50:])}}
        return [Interaction.of(d) async for d in self._all.find(where).sort("_id", DESCENDING).limit(20)]

    async def page(
        self,
        *,
        conversation_id: str | None = None,
        customer_id: str | None = None,
        address: str | None = None,
        before: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> list[Interaction]:
        """One page of a conversation, a customer's timeline or an address, oldest first.

        `before` and `after` are ids (keyset paging). Without `after` it is the newest page below `before`.
        """
        where: Document = {}
        if conversation_id is not None:
            where["conversation_id"] = conversation_id
        elif customer_id is not None:
            where["customer_id"] = customer_id
        elif address is not None:
            where["address"] = address
        else:
            raise ValueError("name a conversation, a customer or an address")
        bounds = {key: value for key, value in (("$lt", before), ("$gt", after)) if value}
        if bounds:
            where["_id"] = bounds
        way = ASCENDING if after else DESCENDING
        found = [Interaction.of(d) async for d in self._all.find(where).sort("_id", way).limit(limit)]
        return found if after else found[::-1]

    async def troubled(self, limit: int = 100, before: str | None = None) -> list[Interaction]:
        """Failed and uncertain deliveries, newest first."""
        where: Document = {"status": {"$in": list(status.TROUBLED)}}
        if before:
            where["_id"] = {"$lt": before}
        cursor = self._all.find(where, hint="troubled").sort("_id", DESCENDING).limit(limit)
        return [Interaction.of(document) async for document in cursor]

    async def search(self, text: str, *, limit: int = 50, before: str | None = None) -> Search:
        """Entries that hold every word of `text` (the last one may be a beginning), newest first."""
        asked = words(text, most=8)
        if not asked:
            return Search()
        found = await seek(self._all, asked, limit=limit, before=before)
        entries = [Interaction.of(document) for document in found.documents]
        return Search(entries, found.onward, found.bounded, asked[-1] if found.vague else "")

    async def of_customer(self, customer_id: str) -> AsyncIterator[Interaction]:
        """Every entry of one customer, oldest first: for export."""
        async for document in self._all.find({"customer_id": customer_id}).sort("_id", ASCENDING):
            yield Interaction.of(document)
