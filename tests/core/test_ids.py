"""Ids: unique, rising, and telling their time."""

from __future__ import annotations

import string
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import id_at, id_of, new_id, time_of
from tests.making import now

MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


def test_ids_rise_and_never_repeat_however_fast_they_are_made() -> None:
    ids = [new_id() for _ in range(200_000)]
    assert ids == sorted(set(ids))
    assert all(len(id) == 20 and set(id) <= set(string.digits + "abcdefghijklmnopqrstuv") for id in ids[::1000])


def test_an_id_tells_when_it_was_made() -> None:
    before, id, after = now(), new_id(), datetime.now(UTC)
    # Ids made faster than 65,536 in a millisecond borrow from the next ones.
    assert before - timedelta(milliseconds=1) <= time_of(id) <= after + timedelta(seconds=1)


def test_two_processes_never_give_out_the_same() -> None:
    code = "from core.ids import new_id\nprint(*[new_id() for _ in range(2000)])"
    root = Path(__file__).parents[2]
    runs = [subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE) for _ in range(2)]
    first, second = (set(run.communicate()[0].decode().split()) for run in runs)
    assert len(first) == len(second) == 2000
    assert not first & second


@given(MOMENTS, MOMENTS)
def test_bounds_sort_as_their_times_do(one: datetime, other: datetime) -> None:
    assert abs(time_of(id_at(one)) - one) < timedelta(milliseconds=2)
    if one - other > timedelta(milliseconds=1):
        assert id_at(one) > id_at(other)


def test_what_was_written_before_a_moment_is_below_its_bound() -> None:
    assert id_at(now() - timedelta(seconds=1)) < new_id() < id_at(now() + timedelta(seconds=5))


@pytest.mark.parametrize("text", ["", "x", "0" * 19, "0" * 20, "z" * 20, "\ud800" * 20, "v" * 20, "0" * 21])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError is right, whatever its words
        time_of(text)


@given(st.text(alphabet=st.characters(), max_size=50))
def test_the_id_of_a_text_is_always_the_same(text: str) -> None:
    assert id_of(text) == id_of(text)
    assert len(id_of(text)) == 20
    assert id_of(text) != id_of(text + "x")
