"""Counts what a test asks of MongoDB, command by command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from pymongo import monitoring

_SILENT = {"hello", "ping", "endSessions", "getMore"}
# A process looks here by itself once a second, whatever else it does.
_LOOKED_AT = {"accounts"}


class _Listener(monitoring.CommandListener):
    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if str(event.command.get(event.command_name)) not in _LOOKED_AT:
            self.counts[event.database_name, event.command_name] += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing more to count."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing more to count."""


_listener = _Listener()
# For every client that is made from now on: the tests' databases are.
monitoring.register(_listener)


@contextmanager
def round_trips(database: str) -> Iterator[Counter[str]]:
    """Filled at the end of the block: command → how often it was sent to `database`."""
    before = Counter(_listener.counts)
    found: Counter[str] = Counter()
    yield found
    after = _listener.counts - before
    found.update({name: n for (of, name), n in after.items() if of == database and name not in _SILENT})
