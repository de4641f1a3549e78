"""How often somebody may try a password: a sliding window per place and mail address, one per place, one per address.

The last is wide, for the tries of many places together: so that nobody can guess with a botnet, and few can lock a
colleague out. Whether there is an agent of that address makes no difference.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from time import monotonic

WINDOW = 600.0
PER_PERSON = 8
PER_PLACE = 60
PER_ADDRESS = 60
MOST = 20_000


class Tries:
    """Failed tries of the last ten minutes, in the memory of this process."""

    def __init__(self) -> None:
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, place: str, email: str) -> float:
        """Seconds until the next try is allowed; 0 when it is now."""
        now = monotonic()
        return max(
            self._wait(place, PER_PLACE, now),
            self._wait(_pair(place, email), PER_PERSON, now),
            self._wait(_pair("", email), PER_ADDRESS, now),
        )

    def failed(self, place: str, email: str) -> None:
        """Count a wrong password."""
        for key in (place, _pair(place, email), _pair("", email)):
            times = self._failed.setdefault(key, deque(maxlen=PER_PLACE))
            times.append(monotonic())
            self._failed.move_to_end(key)
        while len(self._failed) > MOST:
            self._failed.popitem(last=False)

    def succeeded(self, place: str, email: str) -> None:
        """Forget the wrong ones of this person."""
        self._failed.pop(_pair(place, email), None)

    def _wait(self, key: str, most: int, now: float) -> float:
        times = self._failed.get(key)
        if times is None:
            return 0.0
        while times and times[0] <= now - WINDOW:
            times.popleft()
        return times[-most] + WINDOW - now if len(times) >= most else 0.0


def _pair(place: str, email: str) -> str:
    return f"{place} {email.strip().lower()[:320]}"
