"""Turns per domain: a receiving server that gets mail in a burst takes it for spam, so each domain gets it in steps."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable

from core.errors import RetryLater

PATIENT = 5.0  # seconds worth waiting for in place; what is further off is tried again at its turn
MOST = 20_000


class Turns:
    """At most one mail to a domain every `seconds`, in this process. `clock` is in seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._next: OrderedDict[str, float] = OrderedDict()
        self._given: OrderedDict[str, float] = OrderedDict()

    async def __call__(self, domain: str, id: str) -> None:
        """Return when the message `id` may leave. Raises RetryLater when its turn is far off; the turn is kept."""
        if not self._seconds:
            return
        now = self._clock()
        turn = self._given.pop(id, None)
        if turn is None:
            turn = max(now, self._next.pop(domain, now))
            self._next[domain] = turn + self._seconds
        wait = turn - now
        if wait > PATIENT:
            self._given[id] = turn
            self._trim()
            raise RetryLater("Many mails go to this domain; they leave one after the other.", after=wait, code="turn")
        self._trim()
        if wait > 0:
            await asyncio.sleep(wait)

    def _trim(self) -> None:
        for held in (self._next, self._given):
            while len(held) > MOST:
                held.popitem(last=False)
