"""seek: what holds all the words that were asked for, newest first, at a cost that does not grow with the history.

One word is a page of the index. Of several, the rarest leads and what it finds is checked for the others; but two
frequent words that never meet would have all that holds either read, more of it every year. So one look goes no
further than `LOOKED_AT` documents, and says from where to look on. A word that is only begun stands for the words that
begin so, each of which is again a page of the index; of very many only the first, in their alphabet, and that is said
as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.database import GREATEST, Collection, Document, Index, held

LOOKED_AT = 4000
# How many words a beginning may stand for: MongoDB merges up to 200 pages of an index, and sorts in memory beyond.
FORMS = 100
KEYS, LOOKS = 128, 12


@dataclass(frozen=True, slots=True)
class Sought:
    """What was found. `onward` is the id below which to look on, empty when that was all.

    `bounded`: it was not looked further back than `onward`. `vague`: not every word that begins so was looked for.
    """

    documents: Sequence[Document] = ()
    onward: str = ""
    bounded: bool = False
    vague: bool = False


def words_index(collection: str) -> Index:
    """The index that this needs."""
    return Index(collection, [("words", 1), ("_id", -1)], held("words"))


async def seek(
    collection: Collection[Document],
    asked: Sequence[str],
    *,
    limit: int,
    before: str | None = None,
    also: Document | None = None,
) -> Sought:
    """Documents that hold every word of `asked`, the last as a beginning, newest first, with ids below `before`.

    `also` is a condition that nearly all meet.
    """
    *whole, last = asked
    forms, vague = await _forms(collection, last)
    if not forms:
        return Sought()
    choices = [[word] for word in dict.fromkeys(whole) if [word] != forms] + [forms]
    below: Document = {"_id": {"$lt": before}} if before else {}
    floor: str | None = None
    if len(choices) > 1:
        floors = await asyncio.gather(*(_floor(collection, words, below) for words in choices))
        floor, lead = min(zip(floors, choices, strict=True), key=lambda pair: pair[0] or "")
        choices = [lead, *(words for words in choices if words is not lead)]
    found = await _together(collection, choices, below, also, limit)
    if len(found) == limit:
        return Sought(found, found[-1]["_id"], vague=vague)
    return Sought(found, floor or "", bool(floor), vague)


async def _forms(collection: Collection[Document], beginning: str) -> tuple[list[str], bool]:
    """Words that begin so, in order, and whether there may be more of them: read from the keys of the index alone."""
    index = words_index(collection.name).name
    found: dict[str, None] = {}
    start = beginning
    for _ in range(LOOKS):
        # The index goes down within a word, so its greatest id comes first.
        first: Any = [("words", start), ("_id", GREATEST)]
        end: Any = [("words", beginning + "\uffff"), ("_id", GREATEST)]
        cursor = collection.find({}, return_key=True).min(first).max(end).hint(index)
        keys = await cursor.limit(KEYS).to_list(KEYS)
        found |= dict.fromkeys(key["words"] for key in keys)
        if len(keys) < KEYS:
            return [*found][:FORMS], len(found) > FORMS
        if len(found) >= FORMS:
            break
        start = keys[-1]["words"] + "\0"  # the least word behind it
    return [*found][:FORMS], True


async def _floor(collection: Collection[Document], words: Sequence[str], below: Document) -> str | None:
    """The id of the document at which a look that is led by `words` ends; None when they are in fewer than it takes."""
    cursor = collection.find({"words": _one_of(words), **below}, {"_id": 1}, hint=words_index(collection.name).name)
    at = await cursor.sort("_id", -1).skip(LOOKED_AT - 1).limit(1).to_list(1)
    return str(at[0]["_id"]) if at else None


async def _together(
    collection: Collection[Document],
    choices: Sequence[Sequence[str]],
    below: Document,
    also: Document | None,
    limit: int,
) -> list[Document]:
    """The newest that hold one word of each of `choices`, among the first `LOOKED_AT` that hold one of the first."""
    lead, *others = choices
    checked = [{"words": _one_of(words)} for words in others] + ([also] if also else [])
    pipeline: list[Document] = [{"$match": {"words": _one_of(lead), **below}}, {"$sort": {"_id": -1}}]
    if checked:
        pipeline += [{"$limit": LOOKED_AT}, {"$match": {"$and": checked}}]
    pipeline.append({"$limit": limit})
    return await collection.aggregate(pipeline, hint=words_index(collection.name).name).to_list(limit)


def _one_of(words: Sequence[str]) -> Any:
    return words[0] if len(words) == 1 else {"$in": list(words)}
