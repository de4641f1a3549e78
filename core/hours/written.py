"""Opening hours as people write them: `mon-fri 9:00-13:00 14-18:00, sat 10:00-14:00, fri 22:00-02:00`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from core.errors import Invalid
from core.hours.hours import DAY, Hours, Interval
from core.said import Said

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_INTERVAL = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*[-–—]\s*(\d{1,2})(?:[:.](\d{2}))?")
_NAMES = re.compile(r"([a-z]{3,9})(?:\s*[-–—]\s*([a-z]{3,9}))?")
_YEARLY, _DATED = re.compile(r"\d{2}-\d{2}"), re.compile(r"\d{4}-\d{2}-\d{2}")
MOST = 12


def read_week(text: str) -> tuple[tuple[Interval, ...], ...]:
    """The week that `text` writes down; days it does not name are closed. Raises Invalid (field `week`)."""
    week: list[tuple[Interval, ...]] = [()] * 7
    for part in filter(None, (part.strip() for part in re.split(r"[,;\n]+", text.lower()))):
        names = _NAMES.match(part)
        if not names:
            raise Invalid(
                Said(
                    "“{word}” does not begin with a day. Write hours like “mon-fri 9:00-18:00, sat 10:00-14:00”.",
                    word=part[:60],
                ),
                field="week",
            )
        first = _day(names[1])
        last = _day(names[2]) if names[2] else first
        intervals = read_intervals(part[names.end() :])
        for step in range((last - first) % 7 + 1):
            at = (first + step) % 7
            week[at] = together((*week[at], *intervals))
    return tuple(week)


def read_intervals(text: str) -> tuple[Interval, ...]:
    """`9:00-13:00 14:00-18:00`, `24h`, or `closed`. Raises Invalid (field `week`)."""
    text = text.strip(" :\t").lower()
    if text in ("closed", "-", "off"):
        return ()
    if text in ("24h", "24 h", "24 hours"):
        return (Interval(0, DAY),)
    rest = re.sub(r"[\s,&]|\band\b", "", _INTERVAL.sub(" ", text))
    found = [_interval(each) for each in _INTERVAL.finditer(text)]
    if rest or not found:
        raise Invalid(
            Said("“{word}” holds no times. Write hours like “mon-fri 9:00-18:00, sat 10:00-14:00”.", word=text[:60]),
            field="week",
        )
    return together(found)


def read_date(text: str) -> str:
    """`2026-12-25`, or `12-25` for every year. Raises Invalid (field `day`)."""
    text = text.strip()
    try:
        if _DATED.fullmatch(text):
            return date.fromisoformat(text).isoformat()
        if _YEARLY.fullmatch(text):
            return date.fromisoformat(f"2024-{text}").isoformat()[5:]
    except ValueError:
        pass
    raise Invalid("Write a day as 2026-12-25, or as 12-25 when it is so every year.", field="day")


def together(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    """The same times in order, with what overlaps made one. Raises Invalid when there are too many."""
    joined: list[Interval] = []
    for each in sorted(set(intervals)):
        if joined and each.opens <= joined[-1].closes:
            joined[-1] = Interval(joined[-1].opens, max(joined[-1].closes, each.closes))
        else:
            joined.append(each)
    if len(joined) > MOST:
        raise Invalid(Said("A day has {limit} intervals at most.", limit=MOST), field="week")
    return tuple(joined)


def write_week(hours: Hours) -> str:
    """The week as `read_week` reads it, days with the same hours together."""
    lines: list[str] = []
    for first, last in hours.alike():
        days = DAYS[first] if first == last else f"{DAYS[first]}-{DAYS[last]}"
        lines.append(f"{days} {write_intervals(hours.week[first])}")
    return ", ".join(lines)


def write_intervals(intervals: Sequence[Interval]) -> str:
    """`9:00-13:00 14:00-18:00`, or `closed`."""
    return " ".join(f"{clock(each.opens)}-{clock(each.closes)}" for each in intervals) or "closed"


def clock(minutes: int) -> str:
    """`9:00` for 540, `2:00` for what is two hours past midnight, `24:00` for midnight at the end of a day."""
    minutes = minutes if minutes == DAY else minutes % DAY
    return f"{minutes // 60}:{minutes % 60:02}"


def _day(name: str) -> int:
    if name[:3] not in DAYS:
        raise Invalid(
            Said("“{word}” is no day of the week. Write hours like “mon-fri 9:00-18:00, sat 10:00-14:00”.", word=name),
            field="week",
        )
    return DAYS.index(name[:3])


def _interval(found: re.Match[str]) -> Interval:
    from_hour, from_minute, to_hour, to_minute = (int(group or 0) for group in found.groups())
    opens, closes = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if opens >= DAY or closes > DAY or from_minute > 59 or to_minute > 59:
        raise Invalid(Said("“{word}” is no time of a day.", word=found[0]), field="week")
    return Interval(opens, closes if closes > opens else closes + DAY)
