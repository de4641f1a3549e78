"""How many bytes of large requests this process holds at once, shared out so that no line takes the others' room.

Small ones are not counted: how many of them there may be bounds them well enough (`in_flight`), and they go past
whoever holds the room.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque

from core.errors import CannotStore

SMALL = 64 * 1024
# A line may hold so many times what is still free: alone nearly everything, and never all of it.
SHARE = 4
# Whoever finds no room waits so long for it, unread, unless so many wait already; then they are told to come again.
PATIENCE = 2.0
MOST_WAITING = 32


class Room:
    """Room for `size` bytes. What one request becomes on its way into the log takes several times its length."""

    def __init__(self, size: int) -> None:
        self._free = self._size = size
        self._held: Counter[str] = Counter()
        self._waiting: deque[asyncio.Future[None]] = deque()

    def of(self, line: str) -> Space:
        """What one request to `line` holds; it is given back when the block ends."""
        return Space(self, line)

    def fits(self, line: str, weight: int, own: int = 0) -> bool:
        """Whether `weight` bytes more are there for `line`, for a request that holds `own` already.

        What is larger than all of its share goes in alone.
        """
        if self._free + own == self._size:
            return True
        return self._held[line] + weight <= SHARE * (self._free - weight)

    def take(self, line: str, weight: int) -> None:
        """Take them, also when they do not fit: ask first."""
        self._free -= weight
        self._held[line] += weight

    def give_back(self, line: str, weight: int) -> None:
        """As they were taken; whoever waits looks again."""
        self.take(line, -weight)
        if not self._held[line]:
            del self._held[line]
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def wait(self) -> None:
        """Until something was given back. Raises CannotStore when too many wait."""
        if len(self._waiting) >= MOST_WAITING:
            raise full()
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            await waiting
        finally:
            self._waiting.remove(waiting)


class Space:
    """What one request holds of the room, in bytes."""

    def __init__(self, room: Room, line: str) -> None:
        self._room = room
        self._line = line
        self.weight = 0

    def __enter__(self) -> Space:
        return self

    def __exit__(self, *_: object) -> None:
        if self.weight:
            self._room.give_back(self._line, self.weight)

    async def reserve(self, weight: int) -> None:
        """Take room for a body that is still to be read. Raises CannotStore when none is given back in time."""
        if weight <= SMALL:
            return
        try:
            async with asyncio.timeout(PATIENCE):
                while not self._room.fits(self._line, weight):
                    await self._room.wait()
        except TimeoutError:
            raise full() from None
        self._add(weight)

    def grow(self, size: int) -> None:
        """The body has `size` bytes by now, perhaps more than reserved. Raises CannotStore when they do not fit."""
        more = size - self.weight
        if size > SMALL and more > 0:
            if not self._room.fits(self._line, more, self.weight):
                raise full()
            self._add(more)

    def _add(self, weight: int) -> None:
        self._room.take(self._line, weight)
        self.weight += weight


def full() -> CannotStore:
    """What is said then."""
    return CannotStore("More is arriving than can be stored; please send it again in a moment.", after=1, code="busy")
