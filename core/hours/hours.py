"""Opening hours, as a value, and the two questions asked of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY = 24 * 60
FARTHEST = timedelta(days=400)
"""How far ahead the next opening is looked for."""


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """From `opens` until `closes`, in minutes after the midnight its day begins with; `closes` may be past the next."""

    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class Hours:
    """A week, Monday first, and the days that are different.

    `days` maps `2026-12-25`, or `12-25` for every year, to the intervals of that day; none: closed. A dated day counts
    before a yearly one. An interval past midnight belongs to the day it begins on. Times are those of a clock on the
    wall in `time_zone`.
    """

    time_zone: str = "UTC"
    week: tuple[tuple[Interval, ...], ...] = ((),) * 7
    days: Mapping[str, tuple[Interval, ...]] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone; UTC when this machine does not know it."""
        try:
            return ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return ZoneInfo("UTC")

    def of_day(self, day: date) -> tuple[Interval, ...]:
        """The intervals that begin on `day`, in order."""
        exception = self.days.get(day.isoformat(), self.days.get(day.isoformat()[5:]))
        return tuple(sorted(self.week[day.weekday()] if exception is None else exception))

    def alike(self) -> Iterator[tuple[int, int]]:
        """(first, last) of the open days of the week, days in a row with the same hours together; Monday is 0."""
        first = 0
        while first < 7:
            last = first
            while last < 6 and self.week[last + 1] == self.week[first]:
                last += 1
            if self.week[first]:
                yield first, last
            first = last + 1


def open_at(hours: Hours, at: datetime) -> bool:
    """Whether people are there at `at`."""
    return closes_at(hours, at) is not None


def closes_at(hours: Hours, at: datetime) -> datetime | None:
    """When what is open at `at` closes (intervals that touch are one); None when it is closed."""
    closes: datetime | None = None
    for begin, end in _spans(hours, at - timedelta(days=8), at + timedelta(days=8)):
        if begin <= (closes or at) < end:
            closes = end
    return closes


def next_open(hours: Hours, at: datetime) -> datetime | None:
    """When people are there again: `at` itself while it is open; None when that is not within 400 days."""
    if open_at(hours, at):
        return at
    return next((begin for begin, _ in _spans(hours, at - timedelta(days=2), at + FARTHEST) if begin > at), None)


def _spans(hours: Hours, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Every time it is open of the days from `since` to `until`, in UTC, in the order they begin."""
    zone = hours.zone
    try:
        day, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    except OverflowError:
        return  # at the edge of the calendar nobody is there
    while day <= last:
        for interval in hours.of_day(day):
            begin, end = _utc(day, interval.opens, zone, 0), _closing(day, interval.closes, zone)
            if begin < end:
                yield begin, end
        day += timedelta(days=1)


def _closing(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    # An hour that comes twice is over when it is over for the second time.
    return max(_utc(day, minutes, zone, 0), _utc(day, minutes, zone, 1))


def _utc(day: date, minutes: int, zone: ZoneInfo, fold: int) -> datetime:
    wall = datetime.combine(day, time(), zone) + timedelta(minutes=minutes)
    return wall.replace(fold=fold).astimezone(UTC)
