"""Who keeps coming with a wrong signature: a count per place, in the memory of this process."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

WINDOW = 60.0
MOST_FAILURES = 30
MOST_PLACES = 10_000


class Strangers:
    """Failed verifications of the last minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def failed(self, place: str) -> float:
        """Count one more; the seconds to wait when these were too many, else 0."""
        now = self._clock()
        began, times = self._failed.pop(place, (now, 0))
        if now - began >= WINDOW:
            began, times = now, 0
        self._failed[place] = (began, times + 1)
        if len(self._failed) > MOST_PLACES:
            self._failed.popitem(last=False)
        return began + WINDOW - now if times >= MOST_FAILURES else 0.0
