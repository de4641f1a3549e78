"""Days and times as people write them, in three languages, and moments as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.moments import read_wish
from bot.phones import e164
from bot.planning import in_words, settle
from core.hours.hours import Hours
from core.hours.written import read_week

KYIV = ZoneInfo("Europe/Kyiv")
NOW = datetime(2026, 11, 23, 13, 20, tzinfo=KYIV).astimezone(UTC)  # a Monday
HOURS = Hours("Europe/Kyiv", read_week("mon-fri 9:00-18:00"))


def meant(text: str, hours: Hours | None = None) -> str | None:
    wish = read_wish(text)
    at = settle(wish, NOW, KYIV, hours) if wish else None
    return at if at is None or isinstance(at, str) else f"{at.astimezone(KYIV):%d.%m %H:%M}"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("завтра после обеда", "24.11 14:00"),
        ("завтра після обіду", "24.11 14:00"),
        ("half past five tomorrow", "24.11 17:30"),
        ("24.11", "24.11 10:00"),
        ("24.11 о 17:30", "24.11 17:30"),
        ("24.11.2026 at 9", "24.11 09:00"),
        ("2026-12-01", "01.12 10:00"),
        ("tomorrow", "24.11 10:00"),
        ("tomorow at 3pm", "24.11 15:00"),
        ("завта в 10", "24.11 10:00"),
        ("в пятницу в 10", "27.11 10:00"),
        ("у п'ятницю о десятій", "27.11 10:00"),
        ("wednsday at 14", "25.11 14:00"),
        ("next monday morning", "30.11 09:00"),
        ("november 30th at 3 pm", "30.11 15:00"),
        ("25 листопада вранці", "25.11 09:00"),
        ("1 декабря", "01.12 10:00"),
        ("послезавтра днем", "25.11 14:00"),
        ("через час", "23.11 14:20"),
        ("in half an hour", "23.11 13:50"),
        ("через полтора часа", "23.11 14:50"),
        ("за 2 години", "23.11 15:20"),
        ("через неделю", "30.11 10:00"),
        ("in 3 days at 11", "26.11 11:00"),
        ("полшестого", "23.11 17:30"),
        ("в половине шестого", "23.11 17:30"),
        ("о пів на шосту", "23.11 17:30"),
        ("quarter to six", "23.11 17:45"),
        ("без четверти шесть", "23.11 17:45"),
        ("в два часа дня", "23.11 14:00"),
        ("at 5", "23.11 17:00"),
        ("в 5 вечера", "23.11 17:00"),
        ("завтра о 9 ранку", "24.11 09:00"),
        ("в 11", "24.11 11:00"),
        ("в 17.30", "23.11 17:30"),
        ("после 18", "23.11 18:00"),
        ("tonight", "23.11 18:00"),
        ("сегодня", "23.11 13:30"),
        ("asap", "23.11 13:30"),
        ("якнайшвидше", "23.11 13:30"),
        ("31.02", "never"),
        ("01.02.2020", "past"),
        ("вчера в 10 утра, 22.11.2026", "past"),
        ("21 июля", "far"),
        ("hello", None),
        ("my number is 123", None),
        ("", None),
    ],
)
def test_meant(text: str, moment: str | None) -> None:
    assert meant(text) == moment


def test_the_opening_of_the_day_and_the_likelier_hour() -> None:
    assert meant("tomorrow", HOURS) == "24.11 09:00"
    assert meant("tomorrow at 2", HOURS) == "24.11 14:00"
    assert meant("tomorrow at 9", HOURS) == "24.11 09:00"


PIECES = (
    "завтра",
    "в",
    "at",
    "5",
    "half",
    "past",
    "31.12",
    "через",
    "in",
    "99",
    "weeks",
    "9999-99-99",
    "13:61",
    "пів на",
)


@given(st.text(max_size=120) | st.lists(st.sampled_from(PIECES)).map(" ".join))
def test_whatever_is_written(text: str) -> None:
    wish = read_wish(text)
    if wish is not None:
        settle(wish, NOW, KYIV, HOURS)


@pytest.mark.parametrize(
    ("at", "english", "russian", "ukrainian"),
    [
        ("2026-11-23T15:05", "today at 15:05", "сегодня в 15:05", "сьогодні о 15:05"),
        ("2026-11-24T09:00", "tomorrow at 9:00", "завтра в 9:00", "завтра о 9:00"),
        ("2026-11-24T11:00", "tomorrow at 11:00", "завтра в 11:00", "завтра об 11:00"),
        ("2026-11-27T09:00", "on Friday at 9:00", "в пятницу в 9:00", "у п’ятницю о 9:00"),
        ("2026-12-24T09:00", "on 24 December at 9:00", "24 декабря в 9:00", "24 грудня о 9:00"),
    ],
)
def test_a_moment_in_words(at: str, english: str, russian: str, ukrainian: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=KYIV).astimezone(UTC)
    said = [in_words(moment, NOW, KYIV, language) for language in ("en", "ru", "uk")]
    assert said == [english, russian, ukrainian]


@pytest.mark.parametrize(
    "typed", ["+38 (050) 111-22-33", "0501112233", "050 111 22 33", "380501112233", "+380501112233"]
)
def test_phones_as_people_type_them(typed: str) -> None:
    assert e164(typed, "UA") == "+380501112233"


def test_what_is_no_phone() -> None:
    assert [e164(typed, "UA") for typed in ("12", "", "phone", "+", "1" * 40)] == [""] * 5
