"""What one check found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. `bad` must be mended; `note` is worth knowing."""

    what: str
    says: str
    bad: bool = False
    note: bool = False

    @property
    def level(self) -> Literal["ok", "note", "bad"]:
        """For machines."""
        return "bad" if self.bad else "note" if self.note else "ok"


def for_how_long(since: datetime, now: datetime) -> str:
    """`3 days`, `2 hours`, `40 seconds`: in the largest unit of which there are two, or one of the smallest."""
    return lasting((now - since).total_seconds())


def lasting(seconds: float) -> str:
    """`seconds` as people say it."""
    left = timedelta(seconds=max(0.0, seconds))
    for unit, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if left.total_seconds() >= 2 * unit:
            return f"{left.total_seconds() / unit:.0f} {name}"
    return f"{left.total_seconds():.0f} seconds"
