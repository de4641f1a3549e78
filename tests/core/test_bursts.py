"""What a thread reads arrives in order and many at once; it waits for the loop, and ends when nobody takes any more."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from contextlib import aclosing

import pytest

from core.bursts import Hand, bursts


def ended(name: str) -> bool:
    """Whether every thread of that name ends soon."""
    until = time.monotonic() + 120
    while any(thread.name == name for thread in threading.enumerate()):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


async def test_everything_arrives_in_order_and_what_lies_ready_comes_together() -> None:
    def source(hand: Hand[int]) -> None:
        for n in range(10_000):
            hand.give(n)

    taken = [burst async for burst in bursts(source, most=500, name="in order")]
    assert list(itertools.chain(*taken)) == list(range(10_000))
    assert max(map(len, taken)) <= 500
    assert len(taken) < 5_000, "many share a turn of the loop"
    assert await asyncio.to_thread(ended, "in order")


async def test_the_thread_waits_for_whoever_is_slow() -> None:
    given = 0

    def source(hand: Hand[int]) -> None:
        nonlocal given
        while hand.wanted:
            given += 1
            hand.give(given)

    async with aclosing(bursts(source, most=10, name="waiting")) as taken:
        first = await anext(taken)
        before = given
        await asyncio.sleep(0.3)
        assert given - len(first) <= 11
        assert given - before <= 11
    assert await asyncio.to_thread(ended, "waiting"), "the one who waits for room is let go as well"


async def test_what_was_read_before_a_failure_is_not_lost() -> None:
    def source(hand: Hand[str]) -> None:
        hand.give("one")
        hand.give("two")
        raise LookupError("gone")

    taken: list[str] = []

    async def take() -> None:
        async for burst in bursts(source, most=10, name="failing"):
            taken.extend(burst)

    with pytest.raises(LookupError, match="gone"):
        await take()
    assert taken == ["one", "two"]


async def test_the_loop_goes_on_while_the_thread_waits() -> None:
    go = threading.Event()

    def source(hand: Hand[str]) -> None:
        go.wait(30)
        hand.give("at last")

    async with aclosing(bursts(source, most=10, name="patient")) as taken:
        first = asyncio.ensure_future(anext(taken))
        await asyncio.sleep(0.05)
        assert not first.done()
        go.set()
        assert await first == ["at last"]


async def test_a_thread_whose_loop_has_ended_ends_too() -> None:
    def source(hand: Hand[int]) -> None:
        for n in itertools.count():
            if not hand.wanted:
                return
            time.sleep(0.01)
            hand.give(n)

    async def begin() -> None:
        await anext(bursts(source, most=10, name="left alone"))

    await asyncio.to_thread(asyncio.run, begin())
    assert await asyncio.to_thread(ended, "left alone")
