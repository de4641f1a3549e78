"""A subscription that needs no task of its own: thousands of idle sockets wait for nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.feed import Change, Feed, Subscription


class Follower(Subscription):
    """A subscription that calls `wake` when something is there, so that nobody has to wait for it."""

    # A browser that takes nothing is told everything from the log once it does: little is kept for it.
    most = 50

    def __init__(self, feed: Feed, topics: Sequence[str], wake: Callable[[], None]) -> None:
        self._wake = wake
        super().__init__(feed, topics)

    def put(self, change: Change) -> None:
        """Queue a change and wake who follows."""
        super().put(change)
        self._wake()

    @property
    def waiting(self) -> bool:
        """Whether `next` would return at once."""
        return bool(self._waiting)
