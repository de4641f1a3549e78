"""Opening hours: several a day, past midnight, holidays, time zones, the nights on which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.database import Database
from core.errors import Invalid
from core.hours.hours import DAY, Hours, Interval, closes_at, next_open, open_at
from core.hours.store import OpeningHours
from core.hours.written import read_date, read_intervals, read_week, write_intervals, write_week

KYIV = "Europe/Kyiv"
SHOP = Hours(
    KYIV,
    read_week("mon-fri 9:00-13:00 14:00-18:00, fri-sat 22:00-2:00"),
    {"12-25": (), "2026-12-24": read_intervals("10:00-12:00"), "2027-12-25": read_intervals("10:00-11:00")},
)


def at(text: str, zone: str = KYIV, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-23T08:59", False),
        ("2026-11-23T09:00", True),
        ("2026-11-23T12:59:59", True),
        ("2026-11-23T13:00", False),
        ("2026-11-23T14:00", True),
        ("2026-11-23T18:00", False),
        ("2026-11-27T23:30", True),
        ("2026-11-28T01:59", True),
        ("2026-11-28T02:00", False),
        ("2026-11-29T01:30", True),
        ("2026-11-29T22:30", False),
        ("2026-12-24T09:30", False),
        ("2026-12-24T11:00", True),
        ("2026-12-25T11:00", False),
        # What began on the day before goes on into a day that is closed.
        ("2026-12-26T01:00", False),
        ("2027-12-25T10:30", True),
    ],
)
def test_open_or_not(moment: str, is_open: bool) -> None:
    assert open_at(SHOP, at(moment)) is is_open


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-11-23T13:30", "2026-11-23T14:00"),
        ("2026-11-23T10:00", "2026-11-23T10:00"),
        ("2026-11-23T19:00", "2026-11-24T09:00"),
        ("2026-11-29T03:00", "2026-11-30T09:00"),
        ("2026-12-24T12:00", "2026-12-26T22:00"),
    ],
)
def test_when_people_are_back(moment: str, opens: str) -> None:
    assert next_open(SHOP, at(moment)) == at(opens)


def test_never_open_and_open_all_the_time() -> None:
    assert next_open(Hours(KYIV), at("2026-11-23T10:00")) is None
    always = Hours(KYIV, read_week("mon-sun 24h"))
    assert next_open(always, at("2026-11-23T10:00")) == at("2026-11-23T10:00")
    closes = closes_at(always, at("2026-11-23T10:00"))
    assert closes is not None
    assert closes - at("2026-11-23T10:00") > timedelta(days=7)


def test_the_edges_of_the_calendar_are_closed() -> None:
    for edge in (
        datetime.max.replace(tzinfo=UTC) - timedelta(days=500),
        datetime.min.replace(tzinfo=UTC) + timedelta(9),
    ):
        assert open_at(Hours("Pacific/Kiritimati", read_week("mon-sun 24h")), edge) in (True, False)


# --------------------------------------------------------------------------------- the clocks change


def test_an_hour_that_comes_twice() -> None:
    # In Kyiv, on 25 October 2026 at 4:00 the clocks go back to 3:00.
    night = Hours(KYIV, read_week("sun 2:00-3:30"))
    assert open_at(night, at("2026-10-25T03:10", fold=0))
    assert open_at(night, at("2026-10-25T03:10", fold=1))
    closes = closes_at(night, at("2026-10-25T02:00"))
    assert closes == at("2026-10-25T03:30", fold=1)
    assert closes - at("2026-10-25T02:00") == timedelta(hours=2, minutes=30)


def test_an_hour_that_never_comes() -> None:
    # On 29 March 2026 at 3:00 they go on to 4:00.
    night = Hours(KYIV, read_week("sun 3:15-5:00"))
    opens = next_open(night, at("2026-03-29T01:00"))
    assert opens is not None
    assert opens.astimezone(ZoneInfo(KYIV)).strftime("%H:%M") == "04:15"
    assert next_open(Hours(KYIV, read_week("mon 9:00-10:00")), at("2026-03-28T12:00")) == at("2026-03-30T09:00")


MINUTES = st.integers(0, DAY - 1)
INTERVALS = st.builds(lambda opens, length: Interval(opens, opens + length), MINUTES, st.integers(1, DAY))
WEEKS = st.lists(st.lists(INTERVALS, max_size=3).map(tuple), min_size=7, max_size=7).map(tuple)
ZONES = st.sampled_from([KYIV, "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC", "Pacific/Apia"])


@given(week=WEEKS, zone=ZONES, minutes=st.integers(0, 365 * DAY))
def test_the_answers_agree(week: tuple[tuple[Interval, ...], ...], zone: str, minutes: int) -> None:
    hours, moment = Hours(zone, week), datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    opens, closes = next_open(hours, moment), closes_at(hours, moment)
    assert (opens == moment) == open_at(hours, moment) == (closes is not None)
    if closes is not None:
        assert closes > moment
    elif opens is not None:
        assert opens > moment
        assert open_at(hours, opens)
        assert not open_at(hours, opens - timedelta(seconds=1))


# ------------------------------------------------------------------------------------ as people write them


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("mon-fri 9-18", "mon-fri 9:00-18:00"),
        ("Monday-Friday 09.00–13.00, 14:00-18:00", None),
        ("sat 22:00-2:00, sun 24h", "sat 22:00-2:00, sun 0:00-24:00"),
        ("fri-mon 10:00-14:00", "mon 10:00-14:00, fri-sun 10:00-14:00"),
        ("mon 9-12 11-13; mon 15:30-16", "mon 9:00-13:00 15:30-16:00"),
        ("", ""),
        ("xyz 9-18", None),
        ("mon 25:00-26:00", None),
        ("mon 9:99-10:00", None),
        ("mon", None),
        ("mon 9-18 maybe", None),
    ],
)
def test_a_week_in_words(text: str, written: str | None) -> None:
    if written is None:
        with pytest.raises(Invalid):
            read_week(text)
    else:
        assert write_week(Hours(KYIV, read_week(text))) == written
        assert read_week(written) == read_week(text)


def test_days_and_times_in_words() -> None:
    assert (read_date("2026-12-25"), read_date(" 02-29 ")) == ("2026-12-25", "02-29")
    for wrong in ("2026-02-30", "13-01", "tomorrow", ""):
        with pytest.raises(Invalid):
            read_date(wrong)
    assert write_intervals(read_intervals("closed")) == "closed"


async def test_kept_and_read_at_once_after_saving(database: Database) -> None:
    store, other = OpeningHours(database), OpeningHours(database)
    assert await store.recent() is None
    await store.save(SHOP, by="me", now=datetime.now(UTC))
    assert await store.recent() == SHOP == await other.get()
    with pytest.raises(Invalid):
        await store.save(Hours("Europe/Atlantis"), by="me", now=datetime.now(UTC))
    await store.clear()
    assert await store.recent() is None
