"""What fuzzing has found stays mended, and the tools that find it notice what they are for."""

from __future__ import annotations

import itertools
import json
import random
import re
import time
from typing import Any

import pytest

from core.errors import Unreadable
from core.sanitise import sanitise
from tests.fuzz import promises
from tests.fuzz.finding import Finding, keep, of_error, target_of
from tests.fuzz.found import INPUTS
from tests.fuzz.growth import Pump, grows, pump
from tests.fuzz.mutate import GRAMMARS, mutate
from tests.fuzz.request import request, written
from tests.fuzz.target import Refusal, Target, TooSlow, alarm, check
from tests.fuzz.targets import ALL, BY_NAME


@pytest.mark.parametrize(
    ("target", "data"),
    [pytest.param(target, data, id=name) for target, rows in INPUTS.items() for name, data in rows.items()],
)
def test_what_was_found_is_mended(target: str, data: bytes) -> None:
    check(BY_NAME[target], data)


# ------------------------------------------------------------------------------ the tools notice a planted fault


def _target(read: Any, *promised: Any, steady: bool = True) -> Target:
    return Target("planted", read, lambda: [b"seed"], "text", (Unreadable,), promised, steady=steady)


def test_an_error_that_is_no_refusal_is_a_finding() -> None:
    def read(data: bytes) -> None:
        raise Unreadable("no") if data == b"refused" else KeyError(data)

    assert check(_target(read), b"refused") == Refusal(Unreadable, "no")
    with pytest.raises(KeyError):
        check(_target(read), b"else")


def test_two_answers_to_the_same_bytes_are_a_finding() -> None:
    answers = iter((1, 2, 1, 2))
    with pytest.raises(AssertionError, match="two answers"):
        check(_target(lambda data: next(answers)), b"")
    check(_target(lambda data: next(answers), steady=False), b"")


def test_a_refusal_without_a_word_is_a_finding() -> None:
    def read(data: bytes) -> None:
        raise Unreadable("")

    with pytest.raises(AssertionError, match="says why"):
        check(_target(read), b"")


def test_work_without_end_is_ended() -> None:
    with pytest.raises(TooSlow), alarm(0.2):
        sum(1 for _ in itertools.count())
    with pytest.raises(TooSlow), alarm(0.2):
        re.fullmatch(r"(a|a)+b", "a" * 40)
    begun = time.process_time()
    with alarm(0.2):
        pass
    while time.process_time() < begun + 0.4:  # the alarm is off
        pass


@pytest.mark.parametrize(
    "html",
    [
        "<script>x</script>",
        "<img src=http://x/>",
        "<b onclick=x>",
        "<a href='java\tscript:x'>",
        "<i style='a:url(x)'>",
        "<!-- -->",
        "<iframe>",
    ],
)
def test_what_is_active_is_seen(html: str) -> None:
    with pytest.raises(AssertionError, match="active"):
        promises.nothing_active(b"", html)
    promises.nothing_active(b"", sanitise(html))


@pytest.mark.parametrize("text", ["\x00", "\ud800"])
def test_what_cannot_be_written_is_seen_however_deep_it_is(text: str) -> None:
    with pytest.raises((AssertionError, UnicodeEncodeError)):
        promises.text_is_writable(b"", {"a": [(Refusal(KeyError, text),)]})
    with pytest.raises(AssertionError, match="became"):
        promises.text_is_writable(b"x", "y" * 10_000)


def test_work_that_grows_with_the_square_is_seen_and_other_work_is_not() -> None:
    def square(data: bytes) -> int:
        return sum(1 for one in data for other in data if one is other)

    def straight(data: bytes) -> int:
        return sum(hash((one, at)) for at, one in enumerate(data * 2_000)) % 2

    seed = Pump(b"", b"ab", b"")
    assert "times the work" in grows(_target(square), seed, 800)
    assert grows(_target(straight), seed, 600) == ""


def test_findings_are_kept_once_each_the_shortest_of_them(tmp_path: Any) -> None:
    def found(data: bytes) -> Finding:
        try:
            raise KeyError("x")
        except KeyError as error:
            return of_error("planted", data, error)

    assert keep(tmp_path, found(b"long"))
    assert not keep(tmp_path, found(b"s"))
    [file] = tmp_path.glob("*.bin")
    assert file.read_bytes() == b"s"
    assert target_of(file) == "planted"


# ------------------------------------------------------------------------------------------------- damaging inputs


@pytest.mark.parametrize("grammar", [*GRAMMARS, "request", "bytes"])
def test_the_same_dice_damage_the_same_way_and_mostly_otherwise_each_time(grammar: str) -> None:
    seed = next(one for one in ALL if one.grammar == grammar).corpus[0]

    def damaged(number: int) -> bytes:
        return mutate(grammar, seed, random.Random(number), 5_000, [seed, b"another"])

    made = [damaged(number) for number in range(200)]
    assert made == [damaged(number) for number in range(200)]
    assert len(set(made)) > 60
    assert all(len(one) <= 5_000 for one in made)


def test_damaged_json_is_mostly_json_still() -> None:
    seed = json.dumps({"a": [1, "two", {"b": None}], "c": "d"}).encode()
    made = [mutate("json", seed, random.Random(number), 5_000) for number in range(200)]
    readable = 0
    for one in made:
        try:
            json.loads(one)
        except (ValueError, RecursionError):
            continue
        readable += 1
    assert 80 < readable < 200


def test_every_grammar_cuts_without_losing_a_byte() -> None:
    everything = bytes(range(256)) + "<a b='ü'> &amp; \r\n--b {\"x\": [1]}".encode()
    for grammar in GRAMMARS.values():
        assert b"".join(grammar.pieces.findall(everything)) == everything


def test_a_request_is_read_as_it_was_written() -> None:
    headers = {"content-type": "a/b", "x-odd": "\udcff é"}
    assert request(written(headers, b"body\n\nmore")) == (headers, b"body\n\nmore")


def test_whatever_is_pumped_is_as_large_as_was_asked() -> None:
    for target in ALL[::7]:
        dice = random.Random(target.name)
        for _ in range(5):
            found = pump(target, dice)
            size = len(found.of(8_000))
            assert size <= 8_000 + len(found.before) + len(found.after) + len(found.piece)
