"""queues: at which addresses there is something to do, in each lane.

The lane `in` has no flag: the log's own entries tell, so a message and the call to handle it are one durable write.
The lane `out` has one, because much of what is to be sent is to be sent later.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from itertools import chain, zip_longest
from typing import Protocol

from core.addresses.store import Addresses
from core.interactions.store import Interactions

# A line may have so many times as many addresses in hand as there is room for: alone nearly all, and never all.
SHARE = 4


def line_of(address: str) -> str:
    """`channel:account` of an address."""
    channel, account, _ = address.split(":", 2)
    return f"{channel}:{account}"


class Queue(Protocol):
    """What a worker asks of a lane."""

    async def look(self, now: datetime, most: int, but: Collection[str] = ()) -> tuple[list[str], bool]:
        """Up to `most` addresses to try, and whether to look again soon because there may be more.

        None of the lines `but`, which have their share in hand already.
        """
        ...

    async def still(self, addresses: Sequence[str]) -> Sequence[str]:
        """Those of `addresses` at which there still is something to do, as far as one look tells."""
        ...


class Arrived:
    """The lane `in`. Where one look does not hold everything, lines take turns, and each goes on behind its last look:
    no flood and no order of names keeps anybody waiting.
    """

    def __init__(self, interactions: Interactions) -> None:
        self._interactions = interactions
        self._behind: dict[str, str] = {}

    async def look(self, now: datetime, most: int, but: Collection[str] = ()) -> tuple[list[str], bool]:
        """In order of address; line by line, round and round, when there are many."""
        found, more = await self._interactions.calling("", most)
        if not more:
            self._behind.clear()
            return found, False
        lines: list[list[str]] = []
        first = found[:1]
        while first:
            line = line_of(first[0])
            if line not in but:
                lines.append(await self._of(line, most))
            # Every address of the line is below this.
            first, _ = await self._interactions.calling(line + ";", 1)
        turns = [one for one in chain.from_iterable(zip_longest(*lines)) if one is not None][:most]
        for address in turns:
            self._behind[line_of(address)] = address
        return turns, True

    async def _of(self, line: str, most: int) -> list[str]:
        """Those of one line, behind the last that was looked at."""
        start = line + ":"
        found, _ = await self._interactions.calling(self._behind.get(line, start), most, below=line + ";")
        if not found and line in self._behind:
            found, _ = await self._interactions.calling(start, most, below=line + ";")
        return found

    async def still(self, addresses: Sequence[str]) -> Sequence[str]:
        """Those whose entries nobody has handled meanwhile."""
        return await self._interactions.still_calling(addresses)


class Waiting:
    """The lane `out`."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    async def look(self, now: datetime, most: int, but: Collection[str] = ()) -> tuple[list[str], bool]:
        """The longest due first."""
        found = await self._addresses.due(now, most, but)
        return found, len(found) == most

    async def still(self, addresses: Sequence[str]) -> Sequence[str]:
        """All of them: the claim itself sees whether the flag is up."""
        return addresses


class Hints:
    """Addresses a worker was told of. A hint with the value True may have been dealt with by now.

    Lines take turns, so that nobody waits behind all of a flooded one. There are `most` of a line at most: what is not
    noted any more the index tells.
    """

    def __init__(self, most: int = 5000) -> None:
        self._most = most
        self._lines: dict[str, dict[str, bool]] = {}

    def note(self, address: str, perhaps: bool) -> bool:
        """Remember it; False when there are too many of its line."""
        line = self._lines.setdefault(line_of(address), {})
        if len(line) >= self._most and address not in line:
            return False
        line[address] = line.get(address, True) and perhaps
        return True

    def forget(self, address: str) -> None:
        """It is being dealt with."""
        line = line_of(address)
        if line in self._lines:
            self._lines[line].pop(address, None)
            if not self._lines[line]:
                del self._lines[line]

    def perhaps(self, address: str) -> bool:
        """Whether there may be nothing to do there any more."""
        return self._lines[line_of(address)][address]

    def ready(self, room: int, busy: Collection[str], may: Callable[[str], object]) -> list[str]:
        """Up to `room` of them that are not `busy`, of lines that `may`, in turns."""
        lines = [self._free(hints, room, busy) for line, hints in self._lines.items() if may(line)]
        return [one for one in chain.from_iterable(zip_longest(*lines)) if one is not None][:room]

    @staticmethod
    def _free(hints: dict[str, bool], room: int, busy: Collection[str]) -> list[str]:
        found: list[str] = []
        for address in hints:
            if len(found) >= room:
                break
            if address not in busy:
                found.append(address)
        return found

    def any(self, busy: Collection[str]) -> bool:
        """Whether one of them is `busy`, and is to be tried when that ends."""
        return any(address in hints for address in busy for hints in self._lines.values())
