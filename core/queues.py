"""queues: at which addresses there is something to do, in each lane.

The lane `in` has no flag: the log's own entries tell, so a message and the call to handle it are one durable write.
The lane `out` has one, because much of what is to be sent is to be sent later.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.addresses.store import Addresses
from core.interactions.store import Interactions


class Queue(Protocol):
    """What a worker asks of a lane."""

    async def look(self, now: datetime, most: int) -> tuple[list[str], bool]:
        """Up to `most` addresses to try, and whether to look again soon because there may be more."""
        ...

    async def still(self, addresses: Sequence[str]) -> Sequence[str]:
        """Those of `addresses` at which there still is something to do, as far as one look tells."""
        ...


class Arrived:
    """The lane `in`. Each look begins behind the last, so that no flood and no order of names keeps anybody waiting."""

    def __init__(self, interactions: Interactions) -> None:
        self._interactions = interactions
        self._behind = ""

    async def look(self, now: datetime, most: int) -> tuple[list[str], bool]:
        """In order of address, round and round."""
        found, more = await self._interactions.calling(self._behind, most)
        if not found and self._behind:
            found, more = await self._interactions.calling("", most)
        self._behind = found[-1] if found else ""
        return found, more

    async def still(self, addresses: Sequence[str]) -> Sequence[str]:
        """Those whose entries nobody has handled meanwhile."""
        return await self._interactions.still_calling(addresses)


class Waiting:
    """The lane `out`."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    async def look(self, now: datetime, most: int) -> tuple[list[str], bool]:
        """The longest due first."""
        found = await self._addresses.due(now, most)
        return found, len(found) == most

    async def still(self, addresses: Sequence[str]) -> Sequence[str]:
        """All of them: the claim itself sees whether the flag is up."""
        return addresses
