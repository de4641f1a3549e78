"""What hypothesis makes for the tests of the domain: anything a person, a provider or an attacker might send."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from core.channel import Address, Arrival, Identity
from core.content import Button, Content, File, Location

ANY_TEXT = st.text(alphabet=st.characters(), max_size=60)  # lone surrogates and NUL included
ZONES = st.one_of(st.none(), st.just(UTC), st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m))))
ANY_TIME = st.datetimes(timezones=ZONES)
KEYS = st.one_of(ANY_TEXT, st.sampled_from(["$set", "a.b", "", "$"]), st.integers())
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
        st.dictionaries(
            st.one_of(ANY_TEXT, st.sampled_from(["$set", "a.b", "", "$"]), st.integers()), inner, max_size=4
        ),
    ),
    max_leaves=12,
)
FILES = st.builds(
    File,
    name=ANY_TEXT,
    type=st.text(alphabet=st.characters(), min_size=1, max_size=60),
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
