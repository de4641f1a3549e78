"""How often one visitor or one place may do something: a token bucket each, in this process."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address


class Buckets:
    """`burst` at once, then `per_second`. The least recently seen of more than `most` keys are forgotten."""

    def __init__(
        self, burst: float, per_second: float, *, most: int = 20_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._rate = per_second
        self._most = most
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Take one; returns 0, or the seconds until one is there, and then nothing was taken."""
        now = self._clock()
        left, since = self._left.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        wait = 0.0 if left >= 1 else (1 - left) / self._rate
        self._left[key] = (left if wait else left - 1, now)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return wait


class Places(Buckets):
    """The same by IP address. This machine itself has no limit: it is a proxy whose visitors we cannot tell apart."""

    def take(self, key: str) -> float:
        """Take one for the address `key`."""
        try:
            if ip_address(key).is_loopback:
                return 0.0
        except ValueError:
            pass  # not an address: one place like any other
        return super().take(key)
