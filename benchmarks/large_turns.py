"""Measures one thing on two databases in turns: small, large, large, small, and so on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.figures import Figure, spread

CALLS = 5
LONGEST = 2.0  # seconds that the calls of one turn may take


@dataclass(frozen=True)
class Look:
    """One thing that is looked at: what it is called, and how it is done on a scene."""

    group: str
    name: str
    act: Callable[[Any], Awaitable[Any]]
    note: Callable[[Any], str] = lambda _: ""


async def in_turns(look: Look, large: Any, small: Any, rounds: int, limit: float) -> str:
    """The line of one look: the median of some calls in ms, round by round, on the large and on the small one.

    It is judged where both give the same answer; where the small one has less to tell, that is said instead.
    """
    notes: list[str] = []
    for scene in (large, small):  # what both have read is in memory
        for _ in range(3):
            found = await look.act(scene)
        notes.append(look.note(found))
    mine: list[float] = []
    its: list[float] = []
    for number in range(rounds):
        turns = [(its, small), (mine, large)]
        for results, scene in turns if number % 2 == 0 else turns[::-1]:
            results.append(await _turn(look, scene))
    alike = len(set(notes)) == 1
    note = notes[0] if alike else f"{notes[0]}, small: {notes[1]}"
    return f"{figure(look.name, 'ms', mine, its, limit if alike else None)}  {note}".rstrip()


async def _turn(look: Look, scene: Any) -> float:
    took: list[float] = []
    while len(took) < CALLS and sum(took) < LONGEST:
        began = perf_counter()
        await look.act(scene)
        took.append(perf_counter() - began)
    return median(took) * 1000


def figure(name: str, unit: str, large: Sequence[float], small: Sequence[float], limit: float | None) -> Figure:
    """Large over small, less being better."""
    ratios = [mine / its for mine, its in zip(large, small, strict=True)]
    return Figure(name, unit, large, ratios, f"small ({spread(small)})", limit)
