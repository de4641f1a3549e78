"""Who is writing right now: a line per writer, gone by itself after a minute.

It is in the database only so that other processes hear of it, and is written at most once in `EVERY` seconds per
writer, without waiting for the journal: what is lost is a hint that was worth six seconds.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence

from pymongo import ASCENDING
from pymongo.errors import PyMongoError

from core import clock
from core.chat.typing import Typist, topic_of
from core.database import Database, Index, writer
from core.feed import Change, Feed

NAME = "typists"
EVERY = 3.0
_MOST = 20_000

INDEXES = (Index(NAME, [("at", ASCENDING)], {"expireAfterSeconds": 60}),)


class Typists:
    """Tells who follows a conversation, or an address, that the other side is writing."""

    def __init__(self, database: Database, feed: Feed) -> None:
        self._all = database.quick(NAME)
        self._feed = feed
        self._told: OrderedDict[str, float] = OrderedDict()

    async def note(self, typist: Typist) -> None:
        """Tell it, unless it was told a moment ago. Never raises: it is a courtesy."""
        now = time.monotonic()
        key = f"{typist.side} {typist.address} {typist.conversation_id}"
        if now - self._told.get(key, -EVERY) < EVERY:
            return
        self._told[key] = now
        self._told.move_to_end(key)
        if len(self._told) > _MOST:
            self._told.popitem(last=False)
        self._feed.announce(changed(typist))
        fields = {
            "side": typist.side,
            "address": typist.address,
            "conversation_id": typist.conversation_id,
            "name": typist.name[:100],
            "at": clock.now(),
            "writer": writer(),
        }
        try:
            await self._all.update_one({"_id": key[:900]}, {"$set": fields}, upsert=True)
        except PyMongoError:
            return  # other processes do not hear of it

    async def some(self, ids: Sequence[str]) -> list[Typist]:
        """Those that another process noted."""
        found = self._all.find({"_id": {"$in": list(ids)}})
        return [Typist(d["side"], d["address"], d["conversation_id"], d.get("name", "")) async for d in found]


def changed(typist: Typist) -> Change:
    """`conversation:ID` for what a customer writes, `address:…` for what an agent does."""
    return Change("typing", typist.conversation_id, (topic_of(typist),), typist)
