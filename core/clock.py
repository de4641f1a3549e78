"""The time that all hubs on one database agree on: the database's, where this machine's own clock is wrong.

Leases, what is due when, and ids that sort by time are compared between processes. A hub whose clock is ten minutes
ahead would take away every lease of the others while they are at work, and file what people say behind what they say
next. So each process asks the database what time it has, now and then (`core.database.Database.set_clock`), and counts
on from there by the monotonic clock, which nobody sets and which never jumps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

# A clock this near is believed: it is more exact than an answer over a network.
NEAR = 20_000_000


class Clock:
    """Counts nanoseconds since 1970. `wall` is this machine's clock, `steady` one that only ever runs on."""

    def __init__(self, wall: Callable[[], int] = time.time_ns, steady: Callable[[], int] = time.monotonic_ns) -> None:
        self._wall = wall
        self._steady = steady
        self._ahead: int | None = None  # from the steady clock to the time; None: nobody was asked yet

    def ns(self) -> int:
        """The time now."""
        return self._wall() if self._ahead is None else self._steady() + self._ahead

    def agree(self, told: int, began: int, ended: int) -> timedelta:
        """Take over the time `told` by an answer asked for between two moments of the steady clock.

        Returns how far this machine's own clock is ahead of it; none when it is as near as can be measured, and then
        it is the one that counts.
        """
        told_ahead = told - (began + ended) // 2
        own_ahead = self._wall() - self._steady()
        off = own_ahead - told_ahead
        near = abs(off) <= NEAR + (ended - began) // 2
        self._ahead = own_ahead if near else told_ahead
        return timedelta() if near else timedelta(microseconds=off // 1000)


OURS = Clock()


def now() -> datetime:
    """The time now, in UTC."""
    return datetime.fromtimestamp(OURS.ns() / 1e9, UTC)
