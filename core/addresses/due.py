"""At which addresses the lane `out` is due, line by line, so that a flooded line hides none of the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from core.addresses.address import Lane
from core.database import Collection as Documents
from core.database import Document, Index

ASCENDING = 1

Line = tuple[str, str]


def due_index(name: str) -> Index:
    """Holds the addresses whose flag is up and no other, each line's by the time they are due."""
    keys = [("channel", ASCENDING), ("account", ASCENDING), ("out.due_at", ASCENDING)]
    return Index(name, keys, {"name": "due", "partialFilterExpression": {"out.due_at": {"$exists": True}}})


def free(lane: Lane, now: datetime) -> Document:
    """Nobody is at the lane; `out` also has a flag that is up, `in` may not be put off until later."""
    if lane == "in":
        return {"in.due_at": {"$not": {"$gt": now}}}
    return {"out.due_at": {"$lte": now}, "out.leased_until": {"$not": {"$gt": now}}}


class Due:
    """The part of `core.addresses.store.Addresses` that looks for what is to be sent."""

    _all: Documents[Document]

    async def due(self, now: datetime, most: int, but: Collection[str] = ()) -> list[str]:
        """Up to `most` addresses whose lane `out` is due, the longest due first; none of the lines `but`.

        One look, nearly always. Where it cannot hold everything it takes one more for each flooded line, and then the
        longest due are picked from all lines at once; whatever is due, none reads much more than it finds.
        """
        none_of = {_line(line) for line in but}
        lines: set[Line] = set()
        while True:
            found = await self._of_lines_but(none_of | lines, now, most)
            if not lines and len(found) < most:
                return [row["_id"] for row in sorted(found, key=lambda row: row["out"]["due_at"])]
            before = len(lines)
            lines |= {_line(row["_id"]) for row in found}
            if len(found) < most or len(lines) == before:
                return await self._longest(lines, now, most)

    async def _of_lines_but(self, lines: Collection[Line], now: datetime, most: int) -> list[Document]:
        """Some that are due, of any lines but these: the index is read line by line, and skips what is later."""
        accounts: dict[str, list[str]] = {}
        for channel, account in sorted(lines):
            accounts.setdefault(channel, []).append(account)
        which: list[Document] = [{"channel": {"$nin": list(accounts)}}]
        which += [{"channel": channel, "account": {"$nin": names}} for channel, names in accounts.items()]
        where = _any(which, now)
        return await self._all.find(where, {"out.due_at": 1}, hint="due").limit(most).to_list(most)

    async def _longest(self, lines: Iterable[Line], now: datetime, most: int) -> list[str]:
        """The longest due of these lines: MongoDB merges their parts of the index."""
        where = _any([{"channel": channel, "account": account} for channel, account in sorted(lines)], now)
        cursor = self._all.find(where, {"_id": 1}, hint="due").sort("out.due_at", ASCENDING).limit(most)
        return [row["_id"] async for row in cursor]


def _any(which: list[Document], now: datetime) -> Document:
    # The time stands in each part, so that each is a range of the partial index by itself.
    return {"$or": [{**one, **free("out", now)} for one in which]}


def _line(address: str) -> Line:
    channel, account, *_ = address.split(":", 2)
    return channel, account
