"""Whatever comes in can be kept: through a real MongoDB and back, with nothing that stumbles on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pymongo
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.channel import Address, Arrival, Button, Content, File, Identity, Location
from core.database import Database
from core.interactions.interaction import EARLIEST, Author, Interaction, Problem, sane, storable
from core.interactions.store import Interactions
from tests.making import make_message, now

SLOW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

ANY_TEXT = st.text(alphabet=st.characters(), max_size=60)  # lone surrogates and NUL included
ZONES = st.one_of(st.none(), st.just(UTC), st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m))))
ANY_TIME = st.datetimes(timezones=ZONES)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**30), 10**30),
        st.floats(),
        ANY_TEXT,
        ANY_TIME,
        st.binary(max_size=20),
        st.just(object()),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner),
        st.dictionaries(st.one_of(ANY_TEXT, st.sampled_from(["$set", "a.b", "", "$"]), st.integers()), inner, max_size=4),
    ),
    max_leaves=12,
)


@pytest.fixture
def box(database_uri: str, database_name: str) -> Iterator[pymongo.collection.Collection[dict[str, Any]]]:
    with pymongo.MongoClient[dict[str, Any]](database_uri, tz_aware=True) as client:
        yield client[database_name]["box"]


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
    assert repr(back["data"]) == repr(kept)
    assert repr(storable(kept)) == repr(kept), "once made storable it stays as it is"


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


FILES = st.builds(
    File,
    name=ANY_TEXT,
    type=ANY_TEXT,
    size=st.integers(0, 2**80),
    source=st.one_of(st.none(), ANY_TEXT),
    problem=st.one_of(st.none(), ANY_TEXT),
)
CONTENTS = st.builds(
    Content,
    text=ANY_TEXT,
    html=st.one_of(st.none(), ANY_TEXT),
    subject=st.one_of(st.none(), ANY_TEXT),
    buttons=st.lists(st.builds(Button, ANY_TEXT, ANY_TEXT), max_size=2).map(tuple),
    files=st.lists(FILES, max_size=2).map(tuple),
    location=st.one_of(st.none(), st.builds(Location, st.floats(-90, 90), st.floats(-180, 180), ANY_TEXT)),
)
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
def test_entries_are_read_as_they_were_stored(database_uri: str, database_name: str, entries: list[Interaction]) -> None:
    async def there_and_back() -> None:
        database = Database.connect(database_uri, database_name)
        log = Interactions(database)
        assert await log.add(entries) == [True] * len(entries)
        found = {entry.id: entry for entry in await log.some([entry.id for entry in entries])}
        await database.close()
        for entry in entries:
            assert repr(found[entry.id].document()) == repr(entry.document())

    with ThreadPoolExecutor(1) as aside:  # hypothesis calls from inside no loop, pytest-asyncio may have one
        aside.submit(lambda: asyncio.run(there_and_back())).result()


ARRIVALS = st.builds(
    Arrival,
    address=st.builds(Address, st.just("chat"), st.just("demo"), ANY_TEXT),
    key=ANY_TEXT,
    content=CONTENTS,
    at=st.one_of(st.none(), ANY_TIME),
    name=ANY_TEXT,
    language=st.one_of(st.none(), ANY_TEXT),
    external_id=st.one_of(st.none(), ANY_TEXT),
    reply_to=st.lists(ANY_TEXT, max_size=2).map(tuple),
    choice=st.one_of(st.none(), ANY_TEXT),
    edits=st.one_of(st.none(), ANY_TEXT),
    identities=st.lists(st.builds(Identity, st.sampled_from(["email", "phone"]), ANY_TEXT), max_size=2).map(tuple),
    data=st.dictionaries(ANY_TEXT, ANYTHING, max_size=2),
)
