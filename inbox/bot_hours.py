"""Opening hours: a week, the days that differ, the time zone, and what that means right now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from aiohttp import web
from babel.dates import format_date
from multidict import MultiDictProxy

from core.errors import Invalid
from core.hours.hours import Hours, Interval, closes_at, next_open
from core.hours.written import read_date, read_intervals, write_intervals
from inbox.bot_words import DAYS
from inbox.edition import TOO_LATE, edition
from inbox.page import done
from inbox.page import page as rendered
from inbox.visit import Visit, text_field

T = TypeVar("T")
UNREADABLE = "Write times like 9:00-13:00 14:00-18:00, at most 12 of them, or nothing."
CLOSED: tuple[Interval, ...] = ()
MOST_ROWS = 400
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Different:
    """A day that differs, as written: `2026-12-25`, its hours (empty: closed), and whether it is so every year."""

    day: str = ""
    times: str = ""
    yearly: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """The page as it stands, all of it as it was typed. `wrong` is by field."""

    zone: str
    week: tuple[str, ...]
    days: tuple[Different, ...]
    base: str
    wrong: Mapping[str, str] = field(default_factory=dict)


async def page(visit: Visit) -> web.StreamResponse:
    """The hours as they are."""
    kept = await visit.needs.bot.hours.get()
    return await _page(visit, _draft(visit, kept), kept is not None)


async def change(visit: Visit) -> web.StreamResponse:
    """`do`: save, look, add (a day that differs), remove:N, or clear (no hours at all)."""
    store, form = visit.needs.bot.hours, await visit.form()
    kept, do = await store.get(), text_field(form, "do", 20) or "save"
    if do == "clear":
        await store.clear()
        return done(visit, "hours_cleared", "/inbox/bot/hours")
    draft = _read(form)
    if do == "add":
        draft = replace(draft, days=(*draft.days, Different()))
    elif do.startswith("remove:"):
        draft = replace(draft, days=tuple(one for n, one in enumerate(draft.days) if do != f"remove:{n}"))
    if do != "save":
        return await _page(visit, draft, kept is not None)
    hours, wrong = written(draft)
    if not wrong and draft.base != _draft(visit, kept).base:
        draft = replace(draft, base=_draft(visit, kept).base)
        return await _page(visit, replace(draft, wrong={"": TOO_LATE}), kept is not None, 409)
    if not wrong:
        try:
            await store.save(hours, by=visit.agent.id, now=visit.now)
            return done(visit, "saved", "/inbox/bot/hours")
        except Invalid as error:
            wrong = {error.field or "": error.sentence}
    return await _page(visit, replace(draft, wrong=wrong), kept is not None, 422)


def written(draft: Draft) -> tuple[Hours, dict[str, str]]:
    """The hours a draft writes down, and what could not be read, by field: zone, week-0 to week-6, day-N, times-N."""
    wrong: dict[str, str] = {}
    if not _known(draft.zone):
        wrong["time_zone"] = "There is no such time zone. Write it like Europe/Kyiv."
    week = tuple(_read_or(f"week-{n}", _times, text, CLOSED, wrong) for n, text in enumerate(draft.week))
    days: dict[str, tuple[Interval, ...]] = {}
    for n, one in enumerate(draft.days):
        if not one.day and not one.times:
            continue
        day = _read_or(f"day-{n}", read_date, one.day, "", wrong)
        day = day[5:] if one.yearly and len(day) == 10 else day
        if day in days:
            wrong[f"day-{n}"] = "This day is here twice."
        days[day] = _read_or(f"times-{n}", _times, one.times, CLOSED, wrong)
    return Hours(draft.zone, week, days), wrong


def _read_or(name: str, read: Callable[[str], T], text: str, otherwise: T, wrong: dict[str, str]) -> T:
    try:
        return read(text)
    except Invalid as error:
        wrong[name] = UNREADABLE if error.field == "week" else error.sentence
        return otherwise


def _times(text: str) -> tuple[Interval, ...]:
    return read_intervals(text) if text.strip() else ()


def _known(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _draft(visit: Visit, kept: Hours | None) -> Draft:
    if kept is None:
        zone = visit.request.cookies.get("zone") or ""
        return Draft(zone if _known(zone) else "UTC", ("",) * 7, (), edition(None))
    days = []
    for day, intervals in sorted(kept.days.items()):
        yearly = len(day) == 5
        days.append(Different(_next(day, visit.now) if yearly else day, _typed(intervals), yearly))
    week = tuple(_typed(day) for day in kept.week)
    return Draft(kept.time_zone, week, tuple(days), edition(kept.time_zone, kept.week, sorted(kept.days.items())))


def _typed(intervals: tuple[Interval, ...]) -> str:
    return write_intervals(intervals) if intervals else ""


def _next(day: str, now: datetime) -> str:
    """A yearly day with a year that has it, so that a date can be shown."""
    for year in range(now.year, now.year + 9):
        try:
            return date.fromisoformat(f"{year}-{day}").isoformat()
        except ValueError:
            continue
    return day


def _read(form: MultiDictProxy[Any]) -> Draft:
    rows = [row for row in dict.fromkeys(form.getall("row", [])) if isinstance(row, str) and row.isdecimal()]
    return Draft(
        zone=text_field(form, "time_zone", 80).strip(),
        week=tuple(text_field(form, f"week-{n}", LONGEST).strip() for n in range(7)),
        days=tuple(
            Different(
                text_field(form, f"day-{row}", 20).strip(),
                text_field(form, f"times-{row}", LONGEST).strip(),
                text_field(form, f"yearly-{row}") == "on",
            )
            for row in rows[: MOST_ROWS + 1]
        ),
        base=text_field(form, "base", 40),
    )


@dataclass(frozen=True, slots=True)
class Now:
    """What the hours mean at a moment. `state`: open, closed or never (nothing in 400 days); `day` in words when it is
    neither today (0 days ahead) nor tomorrow (1)."""

    state: str
    clock: str = ""
    ahead: int = 0
    day: str = ""


def at_present(hours: Hours, now: datetime, language: str) -> Now:
    """Whether people are there at `now`, and when that changes, in the time of the place."""
    closes = closes_at(hours, now)
    changes = closes or next_open(hours, now)
    if changes is None:
        return Now("never")
    here, then = now.astimezone(hours.zone), changes.astimezone(hours.zone)
    ahead = (then.date() - here.date()).days
    day = format_date(then.date(), "full", locale=language)
    return Now("open" if closes else "closed", f"{then.hour}:{then.minute:02}", ahead, day)


@cache
def _zones() -> list[str]:
    return [*sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")), "UTC"]


async def _page(visit: Visit, draft: Draft, there: bool, status: int = 200) -> web.Response:
    hours, wrong = written(draft)
    return await rendered(
        visit,
        "bot_hours.html",
        status=status,
        draft=draft,
        there=there,
        present=at_present(hours, visit.now, visit.agent.language) if not wrong else None,
        local=f"{visit.now.astimezone(hours.zone):%H:%M}",
        zones=_zones(),
        days=DAYS,
    )
