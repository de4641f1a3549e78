"""What waits in the log, by line: for metrics and the doctor. Bounded, so that a flood makes no answer slow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.database import Collection, Document
from core.ids import time_of
from core.interactions import status

# Of one line no more is counted; under a flood the true number is not worth what it costs.
MOST = 10_000
LINES = 500


@dataclass(frozen=True, slots=True)
class Held:
    """How many entries of one line are in one state. `oldest` is since when the oldest waits; None: none is due yet.

    A `count` of MOST means that many or more, and `oldest` is that of those counted.
    """

    channel: str
    account: str
    status: str
    count: int
    oldest: datetime | None


class Backlog:
    """Looks at the small partial indexes of what is not finished."""

    def __init__(self, collection: Collection[Document]) -> None:
        self._all = collection

    async def unhandled(self) -> list[Held]:
        """What came in and nobody has handled."""
        return [
            Held(*line, count, time_of(oldest))
            for line, count, oldest in await self._by_line("unhandled", (status.RECEIVED,), {"$min": "$_id"})
        ]

    async def outgoing(self, now: datetime) -> list[Held]:
        """What is to go out, now or later."""
        due = {"$ifNull": ["$due_at", "$at"]}
        oldest = {"$min": {"$cond": [{"$lte": [due, now]}, due, None]}}
        return [
            Held(*line, count, since) for line, count, since in await self._by_line("waiting", status.WAITING, oldest)
        ]

    async def troubled(self) -> list[Held]:
        """The newest deliveries that failed, or of which nobody knows."""
        found = []
        for state in status.TROUBLED:
            rows = self._all.aggregate(
                [{"$match": {"status": state}}, {"$limit": MOST}, _grouped({"$min": "$_id"})], hint="troubled"
            )
            found += [Held(*_line(row["_id"]), row["count"], time_of(row["oldest"])) async for row in rows]
        return found

    async def _by_line(
        self, index: str, states: Sequence[str], oldest: Document
    ) -> list[tuple[tuple[str, str, str], int, Any]]:
        """(channel, account, status), count and `oldest` of each line. One look, and one more for each flooded line."""
        found: list[tuple[tuple[str, str, str], int, Any]] = []
        after = ""
        for _ in range(LINES):
            looked = self._all.aggregate(by_line(states, after, oldest), hint=index)
            rows = await looked.to_list(None)
            batch = [(_line(row["_id"]), row["count"], row["oldest"]) for row in rows]
            if sum(count for _, count, _ in batch) < MOST:
                return found + batch
            # The last line may go on behind what was looked at: unless it filled the look, it is counted anew, alone.
            last = max(f"{channel}:{account}:" for (channel, account, _), _, _ in batch)
            whole = [one for one in batch if f"{one[0][0]}:{one[0][1]}:" != last]
            found += whole or batch
            after = last if whole else f"{last[:-1]};"  # what sorts right behind it
        return found


def by_line(states: Sequence[str], after: str, oldest: Document) -> list[Document]:
    """The pipeline of one look, at addresses from `after` on."""
    return [
        {"$match": {"status": {"$in": list(states)}, "address": {"$gte": after}}},
        {"$sort": {"address": 1}},
        {"$limit": MOST},
        _grouped(oldest),
    ]


def _grouped(oldest: Document) -> Document:
    parts = {"$split": ["$address", ":"]}
    line = {"channel": {"$arrayElemAt": [parts, 0]}, "account": {"$arrayElemAt": [parts, 1]}, "status": "$status"}
    return {"$group": {"_id": line, "count": {"$sum": 1}, "oldest": oldest}}


def _line(id: Document) -> tuple[str, str, str]:
    return id["channel"], id["account"], id["status"]
