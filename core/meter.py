"""meter: what a process counts of its own work. Plain numbers, so that counting costs next to nothing.

Whoever shows them (`switchboard/metrics.py`) reads them when it is asked; nothing here knows to whom.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

Labels = tuple[str, ...]

# Upper bounds, in seconds: of a step in this process, of one command of the database, of what may wait for hours.
STEP = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
COMMAND = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5)
WAIT = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0)
# Upper bounds of how many share a round trip.
SHARED = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)


class Spread:
    """How values are spread over fixed bounds, by labels. A row is the count below each bound, beyond, and the sum."""

    __slots__ = ("bounds", "rows")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.rows: dict[Labels, list[float]] = {}

    def note(self, value: float, labels: Labels = ()) -> None:
        """Count one `value`; a clock that steps back makes it zero."""
        row = self.rows.get(labels)
        if row is None:
            row = self.rows[labels] = [0] * (len(self.bounds) + 2)
        value = max(value, 0.0)
        row[bisect_left(self.bounds, value)] += 1
        row[-1] += value

    def count(self, labels: Labels = ()) -> int:
        """How many values were noted under these labels."""
        return int(sum(self.rows.get(labels, (0.0,))[:-1]))


class Shared:
    """What a batch tells of itself: how many shared each flush, and how many wait for the next."""

    __slots__ = ("sizes", "waiting")

    def __init__(self) -> None:
        self.sizes = Spread(SHARED)
        self.waiting: Callable[[], int] = int


@dataclass
class Driver:
    """The database as one process sees it: commands by (collection, command), connections `open`, `used`, `refused`.

    The driver works in threads, so what it tells is counted under a lock.
    """

    commands: Spread = field(default_factory=lambda: Spread(COMMAND))
    failed: Counter[Labels] = field(default_factory=Counter)
    connections: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def command(self, seconds: float, labels: Labels, *, failed: bool = False) -> None:
        """One command has ended."""
        with self._lock:
            self.commands.note(seconds, labels)
            if failed:
                self.failed[labels] += 1

    def connection(self, what: str, by: int) -> None:
        """One connection more or less."""
        with self._lock:
            self.connections[what] += by


@dataclass
class Meter:
    """What one process counts. Labels of a line are (channel, account); durations are in seconds.

    `received` by line and kind of event, `kept` from the first byte to the yes; `handled` by channel and kind of entry
    (`stuck` for what was set aside), `handling` from its being kept; `queued` by channel and author; `delivered` by
    line and outcome, `waited` from its being due until it was sent, `asking` is the provider's time for one message;
    `answered` from a question's being kept to the bot's answer being sent.
    """

    driver: Driver = field(default_factory=Driver)
    shared: dict[str, Shared] = field(default_factory=dict)
    # How far behind this process was when it was told what others wrote.
    behind: Spread = field(default_factory=lambda: Spread(WAIT))

    # Answers to requests, by (route, status).
    answers: Counter[Labels] = field(default_factory=Counter)
    received: Counter[Labels] = field(default_factory=Counter)
    kept: Spread = field(default_factory=lambda: Spread(STEP))
    handled: Counter[Labels] = field(default_factory=Counter)
    handling: Spread = field(default_factory=lambda: Spread(WAIT))
    queued: Counter[Labels] = field(default_factory=Counter)
    delivered: Counter[Labels] = field(default_factory=Counter)
    waited: Spread = field(default_factory=lambda: Spread(WAIT))
    asking: Spread = field(default_factory=lambda: Spread(STEP))
    answered: Spread = field(default_factory=lambda: Spread(WAIT))
    # When something last came in (POSIX time), by line.
    last_in: dict[Labels, float] = field(default_factory=dict)

    def batch(self, name: str) -> Shared:
        """Where the batch called `name` tells of itself."""
        return self.shared.setdefault(name, Shared())
