"""Looks for work that grows faster than its input: pieces of an input are repeated, and the time of two sizes compared.

Coverage does not show such inputs, since the same lines run only more often. What is compared is this process's own
time at one size and at four times the size; linear work is four times as much, quadratic sixteen. A suspicion is
measured anew, the best of several, before it is a finding, because a busy machine lies now and then.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fuzz.mutate import GRAMMARS
from tests.fuzz.target import Target, alarm, outcome

SMALL, TIMES = 24_000, 4
SUSPICIOUS, SURE = 8.0, 9.0  # times the work for four times the input
WORTH = 0.05  # seconds: below it nothing is measured, and nobody is hurt
LONGEST = 60.0


@dataclass(frozen=True)
class Pump:
    """An input that can be had in any size: `piece` stands between `before` and `after` as often as it takes.

    With `json` the piece is not put into the bytes but into the value at that place: text is repeated, a list filled.
    """

    before: bytes
    piece: bytes
    after: bytes

    def of(self, size: int) -> bytes:
        """About `size` bytes of it."""
        return self.before + self.piece * max(1, (size - len(self.before)) // max(1, len(self.piece))) + self.after


def pump(target: Target, dice: random.Random) -> Pump:
    """One made of a seed: a stretch of its pieces, or a word that has hurt before, repeated somewhere in it."""
    seed = dice.choice(target.corpus)
    if target.grammar in ("json", "request") and dice.random() < 0.6 and (found := _in_json(seed, dice)):
        return found
    head, gap, body = seed.partition(b"\n\n") if target.grammar == "request" else (b"", b"", seed)
    known = GRAMMARS[{"request": "form", "bytes": "text"}.get(target.grammar, target.grammar)]
    pieces = known.pieces.findall(body)
    at = dice.randrange(len(pieces) + 1)
    stretch = pieces[at : at + dice.randrange(1, 9)]
    piece = b"".join(stretch) if stretch and dice.random() < 0.6 else dice.choice(known.words)
    if dice.random() < 0.2:
        piece += dice.choice(known.words)
    after = b"" if dice.random() < 0.5 else b"".join(pieces[at + len(stretch) :])
    return Pump(head + gap + b"".join(pieces[:at]), piece[:400] or b"a", after)


def _in_json(seed: bytes, dice: random.Random) -> Pump | None:
    """A text in the JSON of a seed that grows, or a list or an object with more and more in it."""
    head, gap, body = seed.partition(b"\n\n")
    if not gap:
        head, body = b"", seed
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    mark = "\x01here\x01"
    places = list(_leaves(value))
    if not places:
        return None
    marked = _with(value, dice.choice(places), mark)
    before, found, after = json.dumps(marked).encode().partition(b'"\\u0001here\\u0001"')
    if not found:
        return None
    words = (
        "a",
        " ",
        "a ",
        "\\n",
        "> ",
        "<b>",
        "<",
        "&",
        "=?",
        "a@b.c, ",
        ",",
        "(",
        "\\\\",
        "1",
        "\\u0430",
        "-",
        ":",
        "@",
        "==",
        "A1 ",
    )
    kind = dice.randrange(3)
    if kind == 0:
        return Pump(head + gap + before + b'"', dice.choice(words).encode(), b'"' + after)
    if kind == 1:
        return Pump(
            head + gap + before + b"[1",
            b"," + (json.dumps(value).encode()[:300] if dice.random() < 0 else b"{}"),
            b"]" + after,
        )
    return Pump(head + gap + before, b"[", b"]" + after)


def _leaves(value: Any, here: tuple[Any, ...] = ()) -> Any:
    if isinstance(value, dict) and len(here) < 8:
        for key, inner in value.items():
            yield from _leaves(inner, (*here, key))
    elif isinstance(value, list) and len(here) < 8:
        for at, inner in enumerate(value[:20]):
            yield from _leaves(inner, (*here, at))
    else:
        yield here


def _with(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = _with(value[place[0]], place[1:], new)
    return copy


def seconds(work: Callable[[], object], tries: int = 1) -> float:
    """The least of this process's own time that `work` took."""
    best = float("inf")
    for _ in range(tries):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return best


def growth(target: Target, found: Pump, size: int = SMALL, tries: int = 1) -> float:
    """How many times the work four times the size is; 0 when it is too little to tell. Raises TooSlow."""
    with alarm(LONGEST):
        large = found.of(TIMES * size)
        spent = seconds(lambda: outcome(target, large), tries)
        if spent < WORTH:
            return 0.0
        small = found.of(size)
        return spent / max(seconds(lambda: outcome(target, small), tries + 1), 1e-3)


def grows(target: Target, found: Pump, size: int = SMALL) -> str:
    """What is wrong, in words; empty when the work grows as the input does."""
    if growth(target, found, size) < SUSPICIOUS:
        return ""
    times = growth(target, found, size, tries=3)
    if times < SURE:
        return ""
    # Twice as large again: what was a step (a limit that was passed) is none any more.
    again = growth(target, found, 2 * size, tries=2)
    if again < SURE:
        return ""
    took = seconds(lambda: outcome(target, found.of(TIMES * size)))
    return f"{TIMES} times the size is {times:.0f} times the work ({took:.1f} s for {TIMES * size} bytes)"
