"""Puts documents into the lists they belong in (`core.shelves`) when whoever wrote them knew of no lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from core.database import Collection, Document


class Shelved(Protocol):
    """What stands in lists, and knows in which."""

    @property
    def id(self) -> str:
        """The id of the document."""
        ...

    @property
    def shelves(self) -> Sequence[str]:
        """The names of all the lists."""
        ...


async def put_back(
    collection: Collection[Document], found: Sequence[Shelved], documents: Sequence[Mapping[str, Any]], where: Any
) -> None:
    """Put those of `found` where they belong that stand in other lists: a hub of a version before has changed them.

    `documents` are what they were read from, in the same order; `where` is how MongoDB computes the lists.
    """
    pairs = zip(found, documents, strict=True)
    if astray := [one.id for one, was in pairs if one.shelves != was.get("shelves")]:
        await collection.update_many({"_id": {"$in": astray}}, [{"$set": {"shelves": where}}])


async def put_up(collection: Collection[Document], where: Any, most: int) -> int:
    """Put what is from before there were lists into them, up to `most`; returns how many there were."""
    found = await collection.find({"shelves": None}, {"_id": 1}).limit(most).to_list(most)
    if found:
        ids = [document["_id"] for document in found]
        await collection.update_many({"_id": {"$in": ids}}, [{"$set": {"shelves": where}}])
    return len(found)
