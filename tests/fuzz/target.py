"""A target: one parser, what it may refuse with, and what it promises of everything it reads.

`check` is one execution. It raises for what a parser must never do: an error that is not among those it may raise, two
answers to the same bytes, a broken promise, or working on without end.
"""

from __future__ import annotations

import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import Any

from core.errors import SwitchboardError

ROOT = Path(__file__).parents[2]
# Seconds of this process's own time for one input: on any machine far more than one of a few kilobytes needs.
PATIENCE = 20.0

Promise = Callable[[bytes, Any], None]


class TooSlow(Exception):  # named for what it says, as the errors of the house are
    """One input was worked on for longer than any needs."""


@dataclass(frozen=True)
class Target:
    """`read` is the parser, given raw bytes; `refuses` are the errors it may answer with, everything else is a finding.

    `seeds` are made when first needed. `grammar` names how inputs are damaged (`mutate.GRAMMARS`). `weight` is its
    share of the hour, `runs` how many inputs it gets in the minute. `longest` bounds an input, in bytes. `steady` is
    False for what may answer the same bytes differently: it asks a clock or makes a token.
    """

    name: str
    read: Callable[[bytes], Any]
    seeds: Callable[[], Sequence[bytes]]
    grammar: str = "text"
    refuses: tuple[type[Exception], ...] = ()
    promises: tuple[Promise, ...] = ()
    weight: int = 2
    runs: int = 250
    longest: int = 16_384
    steady: bool = True

    @cached_property
    def corpus(self) -> list[bytes]:
        """The seeds, each once, those that fit."""
        return [seed for seed in dict.fromkeys(self.seeds()) if len(seed) <= self.longest] or [b""]


@dataclass(frozen=True)
class Refusal:
    """A parser's no: equal to the same no."""

    kind: type[Exception]
    words: str


def outcome(target: Target, data: bytes) -> Any:
    """What the parser makes of `data`: its value, or the `Refusal` it may give. Raises whatever it may not."""
    try:
        return target.read(data)
    except target.refuses as error:
        words = error.sentence if isinstance(error, SwitchboardError) else str(error) or "no words"
        return Refusal(type(error), words)


def check(target: Target, data: bytes) -> Any:
    """One execution. Raises what makes `data` a finding; returns the outcome."""
    with alarm(PATIENCE):
        found = outcome(target, data)
        if target.steady:
            again = outcome(target, data)
            assert again == found, f"two answers to the same bytes: {_short(found)} and {_short(again)}"
        assert not isinstance(found, Refusal) or found.words, "a refusal says why"
        for promise in () if isinstance(found, Refusal) else target.promises:
            promise(data, found)
    return found


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Raises TooSlow inside once this process has worked for `seconds`; a busy machine does not count."""

    def ring(_: int, __: FrameType | None) -> None:
        raise TooSlow(f"still at work after {seconds:.0f} seconds")

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def fingerprint(error: BaseException) -> str:
    """The same for the same fault: the kind of error and the innermost line of ours that it passed through."""
    frames = traceback.extract_tb(error.__traceback__)
    rooms = ("core", "channels", "bot", "webhooks", "portal", "inbox", "switchboard")
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(ROOT)]
    inside = [frame for frame in ours if Path(frame.filename).relative_to(ROOT).parts[0] in rooms] or ours
    if not inside:
        return type(error).__name__
    last = inside[-1]
    # Wherever in a loop the alarm rang, it is the same loop.
    place = "" if isinstance(error, TooSlow) else f":{last.lineno}"
    return f"{type(error).__name__} {Path(last.filename).relative_to(ROOT)}{place} {last.name}"


def _short(value: object) -> str:
    return repr(value)[:300]
