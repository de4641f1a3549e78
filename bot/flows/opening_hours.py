"""Tells when people are there: now and until when, or when next, and the week."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from babel.dates import get_day_names

from bot.planning import LOCALES, day_in_words
from bot.talk import Talk
from core.decide import Decision
from core.hours.hours import Hours, closes_at, next_open
from core.hours.written import write_intervals

_AHEAD = 14


async def start(talk: Talk) -> Decision:
    """Say it all in one message."""
    hours = talk.settings.hours
    if hours is None:
        key = "hours.unknown_there" if talk.turn.on_duty else "hours.unknown"
        return talk.answer(talk.content(talk.text(key), offer=("person",)))
    now = talk.turn.now
    if closes := closes_at(hours, now):
        first = talk.text("hours.open", when=talk.when(closes))
    elif opens := next_open(hours, now):
        first = talk.text("hours.closed", when=talk.when(opens))
    else:
        first = talk.text("hours.closed_for_long")
    lines = [first, "", *_week(hours, talk.language), *_exceptions(talk, hours)]
    if str(hours.zone) != "UTC":
        lines.append(talk.text("hours.zone", zone=hours.time_zone))
    return talk.answer(replace(talk.content(offer=("callback", "person")), text="\n".join(lines)))


def _week(hours: Hours, language: str) -> list[str]:
    names = get_day_names("abbreviated", locale=LOCALES.get(language, "en_GB"))
    lines: list[str] = []
    for first, last in hours.alike():
        days = names[first] if first == last else f"{names[first]}–{names[last]}"
        lines.append(f"{days}: {_times(hours, first)}")
    return lines


def _times(hours: Hours, weekday: int) -> str:
    return write_intervals(hours.week[weekday]).replace("-", "–").replace(" ", ", ")


def _exceptions(talk: Talk, hours: Hours) -> list[str]:
    """The days of the next two weeks that are different."""
    today = talk.turn.now.astimezone(hours.zone).date()
    lines: list[str] = []
    for ahead in range(_AHEAD):
        day = today + timedelta(days=ahead)
        if day.isoformat() in hours.days or day.isoformat()[5:] in hours.days:
            intervals = hours.of_day(day)
            times = write_intervals(intervals).replace("-", "–") if intervals else talk.text("hours.day_off")
            lines.append(f"{day_in_words(day, today, talk.language)}: {times}")
    return lines
