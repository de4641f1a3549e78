"""The contract every channel's adapter keeps, run over its own table of cases.

A channel's test module writes its table and one class:

    class TestContract(ChannelContract):
        cases = CASES
        not_theirs = (b"", b"{")
        def adapter(self) -> Parses: return Telegram(ACCOUNT)
        def signed(self) -> list[Signed]: ...        # only where there is a door
        def forged(self) -> list[Signed]: ...

and gets: each case gives what its row says; a second delivery gives the same keys; everything that comes out can be
stored; hostile variations of each body raise nothing but `IntakeError`; a forged request is `NotFromThem`; a broken
body is `NotThisFormat`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from core.channel import Address, Arrival, Event, Ignored, Parses, ReceivesWebhooks
from core.content import File
from core.errors import IntakeError, NotFromThem, NotThisFormat

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LONGEST_KEY = 512  # bytes; an index entry must hold it beside the address

HOSTILE: tuple[Any, ...] = (
    None,
    "",
    -1,
    0,
    10**30,
    1e308,
    True,
    [],
    {},
    [[]],
    {"a": {}},
    "\ud800\x00",
    "x" * 5000,
    "٣",
)


# ------------------------------------------------------------------------------------------------ expectations


@dataclass(frozen=True)
class Like:
    """Stands in for a value of which only some fields matter. Made by `like`."""

    kind: type
    wanted: Mapping[str, Any]


def like(kind: type, /, **wanted: Any) -> Any:
    """Something equal to any `kind` whose named fields match; an event's fields may also be those of its content.

    `like(Arrival, key="m:1:2", text="hi", files=(like(File, kind="image"),))`
    """
    return Like(kind, wanted)


def differences(actual: Any, wanted: Any, where: str = "") -> list[str]:
    """What is different, one readable line each; empty when `actual` is as `wanted`."""
    if isinstance(wanted, Like):
        if not isinstance(actual, wanted.kind):
            return [f"{where or 'it'} is {actual!r}, wanted a {wanted.kind.__name__}"]
        found = []
        for name, value in wanted.wanted.items():
            holder = actual if hasattr(actual, name) else getattr(actual, "content", actual)
            found += differences(getattr(holder, name), value, f"{where}.{name}".lstrip("."))
        return found
    if isinstance(wanted, tuple | list) and isinstance(actual, tuple | list):
        if len(actual) != len(wanted):
            return [f"{where or 'it'} has {len(actual)} entries, wanted {len(wanted)}: {actual!r}"]
        return [
            line
            for i, pair in enumerate(zip(actual, wanted, strict=True))
            for line in differences(*pair, f"{where}[{i}]")
        ]
    return [] if actual == wanted else [f"{where or 'it'} is {actual!r}, wanted {wanted!r}"]


@dataclass(frozen=True)
class Case:
    """One captured payload and what the adapter makes of it: events (see `like`) or the class of error it raises."""

    name: str
    body: bytes = field(repr=False)
    expected: Sequence[Any] | type[IntakeError]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Signed:
    """A request as it stands at the door; header names in lower case."""

    body: bytes
    headers: Mapping[str, str]
    now: datetime = NOW


# ---------------------------------------------------------------------------------------------- the contract


class ChannelContract:
    """Subclass it as `Test…`, give it a table, an adapter and, where there is a door, signed and forged requests."""

    cases: Sequence[Case] = ()
    not_theirs: Sequence[bytes] = ()

    def adapter(self) -> Parses:
        """A fresh adapter; the same account every time."""
        raise NotImplementedError

    def signed(self) -> Sequence[Signed]:
        """Requests the door must let in."""
        return ()

    def forged(self) -> Sequence[Signed]:
        """Requests the door must refuse."""
        return ()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test per row of the table."""
        if "case" in metafunc.fixturenames:
            metafunc.parametrize("case", self.cases, ids=[case.name for case in self.cases])
        if "not_theirs_body" in metafunc.fixturenames:
            # By their first bytes: further in there may be what is different in every process.
            names = [f"{n} {body[:20]!r}" for n, body in enumerate(self.not_theirs, 1)]
            metafunc.parametrize("not_theirs_body", self.not_theirs, ids=names)

    def test_the_case_gives_what_its_row_says(self, case: Case) -> None:
        if isinstance(case.expected, type):
            with pytest.raises(case.expected) as caught:
                self.adapter().parse(case.body, case.headers)
            assert caught.value.sentence
        else:
            events = self.adapter().parse(case.body, case.headers)
            assert not differences(events, case.expected), "\n".join(differences(events, case.expected))

    def test_a_second_delivery_gives_the_same_keys(self, case: Case) -> None:
        if not isinstance(case.expected, type):
            first, again = (self.adapter().parse(case.body, case.headers) for _ in range(2))
            assert first == again
            keys = [(str(event.address), event.key) for event in first if isinstance(event, Arrival)]
            assert len(set(keys)) == len(keys)

    def test_what_comes_out_can_be_stored(self, case: Case) -> None:
        if not isinstance(case.expected, type):
            for event in self.adapter().parse(case.body, case.headers):
                assert_storable(event, getattr(self.adapter(), "name", None))

    def test_hostile_variations_raise_nothing_but_intake_errors(self, case: Case) -> None:
        adapter = self.adapter()
        name = getattr(adapter, "name", None)
        for body in variations(case.body, case.name):
            try:
                events = adapter.parse(body, case.headers)
            except IntakeError as error:
                assert error.sentence  # noqa: PT017 - either outcome is fine; only its shape is asserted
            else:
                for event in events:
                    assert_storable(event, name)

    def test_a_broken_body_is_not_this_format(self, not_theirs_body: bytes) -> None:
        with pytest.raises(NotThisFormat):
            self.adapter().parse(not_theirs_body, {})

    def test_the_door_lets_in_what_is_theirs_and_nothing_else(self) -> None:
        adapter = self.adapter()
        if not isinstance(adapter, ReceivesWebhooks):
            assert not self.signed()
            return
        assert self.signed(), "a channel with a door shows at least one request it lets in"
        assert self.forged(), "a channel with a door shows at least one request it refuses"
        for request in self.signed():
            adapter.verify(request.body, request.headers, request.now)
        for request in self.forged():
            with pytest.raises(NotFromThem):
                adapter.verify(request.body, request.headers, request.now)


# ------------------------------------------------------------------------------------------- what can be stored


def assert_storable(event: Event, channel: str | None) -> None:
    """Fails unless `event` can go to MongoDB as it is and be found again."""
    if not isinstance(event, Ignored):
        assert event.address.person
    if event.address is not None:
        assert Address.of(str(event.address)) == event.address
        assert channel is None or event.address.channel == channel
    if isinstance(event, Arrival):
        assert event.key
        assert len(event.key.encode()) <= LONGEST_KEY
        json.dumps(event.data, allow_nan=False)
    _assert_plain(event, type(event).__name__)


def _assert_plain(value: Any, where: str) -> None:
    if isinstance(value, str):
        assert "\x00" not in value, f"{where} has a NUL byte"
        value.encode()  # a lone surrogate fails here
    elif isinstance(value, datetime):
        assert value.tzinfo is not None, f"{where} is naive"
        assert datetime(1970, 1, 1, tzinfo=UTC) <= value <= datetime(9000, 1, 1, tzinfo=UTC), f"{where} is {value}"
    elif isinstance(value, bool | float | bytes | None):
        pass
    elif isinstance(value, int):
        assert -(2**63) <= value < 2**63, f"{where} does not fit into 64 bits"
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            assert isinstance(key, str), f"{where} has a key that is no text"
            _assert_plain(key, where)
            _assert_plain(inner, f"{where}.{key}")
    elif isinstance(value, tuple | list):
        for i, inner in enumerate(value):
            _assert_plain(inner, f"{where}[{i}]")
    elif is_dataclass(value):
        if isinstance(value, File):
            assert (value.data, value.sha256, value.source).count(None) == 2 or value.problem, f"{where}: where is it?"
        for one in fields(value):
            _assert_plain(getattr(value, one.name), f"{where}.{one.name}")
    else:
        pytest.fail(f"{where} is a {type(value).__name__}, which cannot be stored")


# --------------------------------------------------------------------------------------------- hostile bodies


def variations(body: bytes, seed: str, *, cuts: int = 8, flips: int = 12, swaps: int = 80) -> Iterator[bytes]:
    """Deterministic damage: cut short, bytes changed, and for JSON values replaced by hostile ones."""
    dice = random.Random(seed)
    for _ in range(cuts):
        yield body[: dice.randrange(len(body) + 1)]
    for _ in range(flips):
        damaged = bytearray(body)
        for _ in range(dice.randrange(1, 4)):
            if damaged:
                damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        yield bytes(damaged)
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return
    every = [(path, hostile) for path in _paths(value) for hostile in HOSTILE]
    for path, hostile in dice.sample(every, min(swaps, len(every))):
        yield json.dumps(_replaced(value, path, hostile)).encode()


def _paths(value: Any, here: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield here
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*here, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _paths(inner, (*here, i))


def _replaced(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    if not path:
        return new
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _replaced(value[path[0]], path[1:], new)
    return copy
