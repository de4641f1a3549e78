"""From what people say of a time to a moment, and from a moment to what people say. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal

from babel.dates import format_date

from bot.moments import Wish
from core.hours.hours import Hours, Interval

FARTHEST = timedelta(days=60)
SOON = timedelta(minutes=10)
LATEST = 21 * 60
"""Nobody is called later who did not say so."""

USUAL = 10 * 60
"""When nothing is said of the time of day, and no opening hours are known."""

LOCALES = {"en": "en_GB", "ru": "ru", "uk": "uk"}
_WORDS = {
    "en": ("today at {time}", "tomorrow at {time}", "{day} at {time}"),
    "ru": ("сегодня в {time}", "завтра в {time}", "{day} в {time}"),
    "uk": ("сьогодні {time}", "завтра {time}", "{day} {time}"),
}
_WEEKDAYS = {
    "en": ("on Monday", "on Tuesday", "on Wednesday", "on Thursday", "on Friday", "on Saturday", "on Sunday"),
    "ru": ("в понедельник", "во вторник", "в среду", "в четверг", "в пятницу", "в субботу", "в воскресенье"),
    "uk": ("у понеділок", "у вівторок", "у середу", "у четвер", "у п’ятницю", "у суботу", "у неділю"),
}

Trouble = Literal["past", "far", "never"]


def settle(wish: Wish, now: datetime, zone: tzinfo, hours: Hours | None = None) -> datetime | Trouble:
    """The moment meant by `wish`, in UTC, or why there is none: it is past, too far away, or no such day."""
    if wish.soon:
        return now + SOON
    if wish.after is not None:
        at = now + timedelta(minutes=wish.after)
        return at if at - now <= FARTHEST else "far"
    today = now.astimezone(zone).date()
    day = _day(wish, today)
    if isinstance(day, str):
        return day
    at = _at(day, _minutes(wish, day, hours), zone)
    if at <= now and wish.either and (wish.minutes or 0) + 12 * 60 <= LATEST:
        later = _at(day, (wish.minutes or 0) + 12 * 60, zone)
        at = later if later > now else at
    if at <= now:
        if wish.minutes is None and day == today and now < _at(day, wish.part[1] if wish.part else LATEST, zone):
            return now + SOON  # this afternoon, and it is afternoon
        if wish.weekday is not None:
            at = _at(day + timedelta(days=7), _minutes(wish, day + timedelta(days=7), hours), zone)
        elif wish.names_day:
            return "past"
        else:
            at = _at(day + timedelta(days=1), _minutes(wish, day + timedelta(days=1), hours), zone)
    return at if at - now <= FARTHEST else "far"


def _day(wish: Wish, today: date) -> date | Trouble:
    if wish.date is not None:
        year, month, day = wish.date
        try:
            if year:
                return date(year, month, day)
            found = date(today.year, month, day)
            return found if found >= today else date(today.year + 1, month, day)
        except ValueError:
            return "never"
    if wish.days is not None:
        return today + timedelta(days=min(wish.days, 400))
    if wish.weekday is not None:
        return today + timedelta(days=(wish.weekday - today.weekday()) % 7)
    return today


def _minutes(wish: Wish, day: date, hours: Hours | None) -> int:
    intervals = hours.of_day(day) if hours else ()
    if wish.minutes is None:
        return wish.part[0] if wish.part else intervals[0].opens if intervals else USUAL
    if wish.either:
        later = wish.minutes + 12 * 60 if wish.minutes != 12 * 60 else wish.minutes
        if _within(intervals, wish.minutes) or not (intervals and _within(intervals, later)):
            # Nobody is called at five in the morning who did not say so.
            return later if not _within(intervals, wish.minutes) and wish.minutes < 8 * 60 else wish.minutes
        return later
    return wish.minutes


def _within(intervals: tuple[Interval, ...], minutes: int) -> bool:
    return any(each.opens <= minutes < each.closes for each in intervals)


def _at(day: date, minutes: int, zone: tzinfo) -> datetime:
    return (datetime.combine(day, time(), zone) + timedelta(minutes=minutes)).astimezone(UTC)


def in_words(at: datetime, now: datetime, zone: tzinfo, language: str) -> str:
    """`tomorrow at 9:00`, `во вторник в 9:00`, `3 грудня о 9:00`."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    clock = f"{local.hour}:{local.minute:02}"
    if language == "uk":
        clock = f"{'об' if local.hour == 11 else 'о'} {clock}"
    at_today, at_tomorrow, other = _WORDS.get(language, _WORDS["en"])
    ahead = (local.date() - today).days
    if ahead in (0, 1):
        return (at_today, at_tomorrow)[ahead].format(time=clock)
    if 1 < ahead < 7:
        day = _WEEKDAYS.get(language, _WEEKDAYS["en"])[local.weekday()]
    else:
        day = day_in_words(local.date(), today, language)
        day = f"on {day}" if language == "en" else day
    return other.format(day=day, time=clock)


def day_in_words(day: date, today: date, language: str) -> str:
    """`12 May`, `12 мая`, `12 травня`; with the year when it is not this year."""
    format = "d MMMM" if day.year == today.year else "long"
    return format_date(day, format, locale=LOCALES.get(language, "en_GB"))
