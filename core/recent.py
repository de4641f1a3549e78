"""What hardly ever changes and is asked for all the time: read again when it is older than a blink, by one for all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

FRESH = 2.0


class Recent(Generic[T]):
    """`await recent()` is what `read` returned, at most `seconds` ago. `forget` after writing it oneself."""

    def __init__(self, read: Callable[[], Awaitable[T]], seconds: float = FRESH) -> None:
        self._read = read
        self._seconds = seconds
        self._known: tuple[float, T] | None = None
        self._lock = asyncio.Lock()

    async def __call__(self) -> T:
        """The value, read anew when it is too old; many who wait share one read."""
        known = self._fresh()
        if known is None:
            async with self._lock:
                known = self._fresh()
                if known is None:
                    asked = time.monotonic()  # what is written while we read may not be in the answer
                    known = self._known = (asked, await self._read())
        return known[1]

    def forget(self) -> None:
        """Read again next time."""
        self._known = None

    def _fresh(self) -> tuple[float, T] | None:
        known = self._known
        return known if known and time.monotonic() - known[0] < self._seconds else None
