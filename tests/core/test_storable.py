"""Whatever comes in can be kept: through a real MongoDB and back, with nothing that stumbles on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pymongo
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.database import Database
from core.ids import new_id
from core.interactions.interaction import EARLIEST, Author, Interaction, Problem, sane, storable
from core.interactions.store import Interactions
from tests.core.strategies import ANY_TEXT, ANY_TIME, ANYTHING, CONTENTS
from tests.making import make_message, now

SLOW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def shown(value: Any) -> str:
    """`value` so that it can be compared: not a number is the same as not a number, and UTC is UTC."""
    return json.dumps(value, default=datetime.isoformat, sort_keys=True)


@pytest.fixture
def box(database_uri: str, database_name: str) -> Iterator[pymongo.collection.Collection[dict[str, Any]]]:
    with pymongo.MongoClient[dict[str, Any]](database_uri, tz_aware=True) as client:
        yield client[database_name]["box"]


@pytest.fixture
def log(database_uri: str, database_name: str) -> Iterator[tuple[asyncio.Runner, Interactions]]:
    with asyncio.Runner() as loop:
        loop.get_loop()
        database = Database.connect(database_uri, database_name)
        yield loop, Interactions(database)
        loop.run(database.close())


@SLOW
@given(st.dictionaries(ANY_TEXT, ANYTHING, max_size=5))
@example({"$where": "1", "a\x00b": ["\ud800", 2**70, -(2**63) - 1, float("nan")], "when": datetime.min})  # noqa: DTZ901 - absurd on purpose
@example({"when": datetime.max.replace(tzinfo=timezone(-timedelta(hours=12)))})
@example({"when": datetime.min.replace(tzinfo=timezone(timedelta(hours=12)))})
def test_whatever_is_told_can_be_stored_and_reads_the_same(
    box: pymongo.collection.Collection[dict[str, Any]], told: dict[str, Any]
) -> None:
    kept = storable(told)
    id = box.insert_one({"data": kept}).inserted_id
    back = box.find_one({"_id": id})
    assert back is not None
    assert shown(back["data"]) == shown(kept)
    assert shown(storable(kept)) == shown(kept), "once made storable it stays as it is"


def test_what_is_deep_long_or_wide_is_bounded() -> None:
    deep: Any = "bottom"
    for _ in range(500):
        deep = [deep]
    assert len(json.dumps(storable({"deep": deep, "wide": list(range(10_000))}))) < 20_000
    assert len(storable({str(n): n for n in range(5000)})) == 500
    assert len(storable("x" * 1_000_000)) == 100_000


@given(st.one_of(st.none(), ANY_TIME))
@example(datetime.min)  # noqa: DTZ901 - absurd on purpose
@example(datetime.max.replace(tzinfo=timezone(-timedelta(hours=23))))
def test_the_time_of_an_entry_is_always_sane(told: datetime | None) -> None:
    moment = datetime(2030, 1, 1, 12, 0, 0, 123456, UTC)
    at = sane(told, moment)
    assert EARLIEST <= at <= moment
    assert at.tzinfo is UTC
    assert at.microsecond % 1000 == 0, "MongoDB keeps milliseconds"


def test_a_believable_time_is_believed() -> None:
    moment = now()
    an_hour_ago = moment - timedelta(hours=1)
    assert sane(an_hour_ago, moment) == an_hour_ago
    assert sane(an_hour_ago.astimezone(timezone(timedelta(hours=3))), moment) == an_hour_ago
    assert sane(an_hour_ago.replace(tzinfo=None), moment) == an_hour_ago
    for absurd in (None, moment + timedelta(days=1), datetime(1970, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)):
        assert sane(absurd, moment) == moment


ENTRIES = st.builds(
    make_message,
    content=CONTENTS,
    author=st.builds(Author, st.just("customer"), name=ANY_TEXT),
    data=st.dictionaries(ANY_TEXT, ANYTHING, max_size=3),
    who=st.dictionaries(st.sampled_from(["name", "language"]), ANY_TEXT),
    error=st.one_of(st.none(), st.builds(Problem, ANY_TEXT, ANY_TEXT)),
)


@SLOW
@given(st.lists(ENTRIES, min_size=1, max_size=8))
def test_entries_are_read_as_they_were_stored(
    log: tuple[asyncio.Runner, Interactions], entries: list[Interaction]
) -> None:
    loop, interactions = log
    # Made again here, because shrinking repeats them.
    entries = [replace(entry, id=new_id()) for entry in entries]
    assert loop.run(interactions.add(entries)) == [True] * len(entries)
    found = {entry.id: entry for entry in loop.run(interactions.some([entry.id for entry in entries]))}
    for entry in entries:
        assert shown(found[entry.id].document()) == shown(entry.document())
