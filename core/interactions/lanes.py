"""What waits at each address to be handled or sent, and at which addresses something does."""

from __future__ import annotations

from collections.abc import Sequence

from core.batch import Batch
from core.database import Collection, Document
from core.interactions import status
from core.interactions.interaction import Interaction

ASCENDING = 1
# What one worker reads of one lane at a time.
PAGE = 100
# How many entries a worker's look at the queue reads.
LOOKED_AT = 512
# How many entries one sweep goes through. A backlog of a million is swept through in a little over three hours; who
# sends at thirty a second needs nine for it.
SWEPT = 5000


class Lanes:
    """The part of `core.interactions.store.Interactions` that workers look into for work."""

    _all: Collection[Document]
    _reading: Batch[tuple[str, str], list[Interaction]]

    async def unhandled(self, address: str) -> list[Interaction]:
        """What came from `address` and is not handled yet, oldest first, at most 100."""
        return await self._reading.put(("unhandled", address))

    async def waiting(self, address: str) -> list[Interaction]:
        """What is to go out to `address`, in the order it was written, at most 100."""
        return await self._reading.put(("waiting", address))

    async def _read_lanes(self, wanted: list[tuple[str, str]]) -> Sequence[list[Interaction]]:
        found: dict[tuple[str, str], list[Interaction]] = {key: [] for key in wanted}
        for lane, states in (("unhandled", [status.RECEIVED]), ("waiting", list(status.WAITING))):
            addresses = [address for name, address in wanted if name == lane]
            if not addresses:
                continue
            for address, entries in (await self._read_lane(lane, states, list(dict.fromkeys(addresses)))).items():
                found[lane, address] = entries
        return [found[key] for key in wanted]

    async def _read_lane(self, lane: str, states: list[str], addresses: list[str]) -> dict[str, list[Interaction]]:
        found: dict[str, list[Interaction]] = {address: [] for address in addresses}
        # `hint` keeps the planner on the small partial index, whatever the size of the history.
        cursor = self._all.find({"address": {"$in": addresses}, "status": {"$in": states}}, hint=lane)
        limit = PAGE * len(addresses)
        documents = await cursor.sort([("address", 1), ("_id", 1)]).to_list(limit)
        if len(documents) == limit and len(addresses) > 1:
            # A flooded address has taken the room of the others: read fewer together, at last each alone.
            half = len(addresses) // 2
            for part in (addresses[:half], addresses[half:]):
                found |= await self._read_lane(lane, states, part)
            return found
        for document in documents:
            entries = found[document["address"]]
            if len(entries) < PAGE:
                entries.append(Interaction.of(document))
        return found

    async def calling(self, after: str, most: int, below: str = "") -> tuple[list[str], bool]:
        """Up to `most` addresses behind `after` (and before `below`) with unhandled entries, in order of address, and
        whether that may not be all: a flooded address may fill what is looked at, so look again behind the last one.
        """
        where = {"status": status.RECEIVED, "address": {"$gt": after, **({"$lt": below} if below else {})}}
        cursor = self._all.find(where, {"_id": 0, "address": 1}, hint="unhandled").sort("address", ASCENDING)
        rows = await cursor.limit(LOOKED_AT).to_list(LOOKED_AT)
        found = list(dict.fromkeys(row["address"] for row in rows))
        return found[:most], len(rows) == LOOKED_AT or len(found) > most

    async def still_calling(self, addresses: Sequence[str]) -> list[str]:
        """Those of `addresses` with unhandled entries."""
        where = {"status": status.RECEIVED, "address": {"$in": list(addresses)}}
        found = await self._all.find(where, {"_id": 0, "address": 1}, hint="unhandled").to_list(LOOKED_AT)
        # Where one of them fills the room, nothing is known of the others.
        return list(dict.fromkeys(row["address"] for row in found)) if len(found) < LOOKED_AT else list(addresses)

    async def forgotten(self, before: str, after: str = "") -> tuple[list[str], str]:
        """Addresses behind `after` with waiting entries whose ids are below `before`, for the sweep; and behind which
        address to look on, empty at the end: one look goes through so many entries and no more, whatever waits.
        """
        where = {"status": {"$in": list(status.WAITING)}, "address": {"$gt": after}}
        cursor = self._all.find(where, {"address": 1}, hint="waiting").sort(
            [("address", ASCENDING), ("_id", ASCENDING)]
        )
        rows = await cursor.limit(SWEPT).to_list(SWEPT)
        # Of the last address there may be more; its oldest entry, which is the one that counts, was seen.
        found = list(dict.fromkeys(row["address"] for row in rows if row["_id"] < before))
        return found, rows[-1]["address"] if len(rows) == SWEPT else ""
