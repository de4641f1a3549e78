"""Group commit: what waits goes together, nobody waits for a timer, and one bad item hurts nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from core.batch import Batch
from core.errors import CannotStore


class Shelf:
    """Takes flushes; holds them while `gate` is closed."""

    def __init__(self) -> None:
        self.flushes: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, items: list[int]) -> Sequence[int | BaseException]:
        self.flushes.append(items)
        await self.gate.wait()
        if 666 in items:
            raise RuntimeError("the shelf fell")
        return [ValueError(str(item)) if item < 0 else item * 10 for item in items]


async def test_a_quiet_item_is_flushed_at_once_and_alone() -> None:
    shelf = Shelf()
    batch = Batch(shelf)
    async with asyncio.timeout(120):
        assert await batch.put(1) == 10
        assert await batch.put(2) == 20
    assert shelf.flushes == [[1], [2]]


async def test_what_comes_while_a_flush_runs_is_the_next_flush() -> None:
    shelf = Shelf()
    batch = Batch(shelf, most=3)
    shelf.gate.clear()
    first = batch.put(1)
    while not shelf.flushes:
        await asyncio.sleep(0)
    rest = [batch.put(n) for n in range(2, 9)]
    shelf.gate.set()
    assert await asyncio.gather(first, *rest) == [n * 10 for n in range(1, 9)]
    assert shelf.flushes == [[1], [2, 3, 4], [5, 6, 7], [8]]


async def test_one_failing_item_does_not_fail_its_neighbours() -> None:
    batch = Batch(Shelf())
    results = await asyncio.gather(batch.put(1), batch.put(-1), batch.put(2), return_exceptions=True)
    assert results[0] == 10
    assert isinstance(results[1], ValueError)
    assert results[2] == 20


async def test_a_failing_flush_fails_its_items_and_the_next_one_works() -> None:
    batch = Batch(Shelf())
    results = await asyncio.gather(batch.put(1), batch.put(666), return_exceptions=True)
    assert [type(result) for result in results] == [RuntimeError, RuntimeError]
    assert await batch.put(3) == 30


async def test_a_full_queue_says_so_and_takes_again_when_it_is_empty() -> None:
    shelf = Shelf()
    batch = Batch(shelf, limit=100)
    shelf.gate.clear()
    running = batch.put(1, 60)
    while not shelf.flushes:
        await asyncio.sleep(0)
    waiting = batch.put(2, 40)
    with pytest.raises(CannotStore) as full:
        batch.put(3, 1)
    assert full.value.code == "busy"
    shelf.gate.set()
    assert (await running, await waiting) == (10, 20)
    assert await batch.put(3, 100) == 30


async def test_one_item_larger_than_the_limit_is_taken_when_nothing_waits() -> None:
    assert await Batch(Shelf(), limit=10).put(1, 1000) == 10


async def test_a_waiter_that_went_away_disturbs_nobody() -> None:
    shelf = Shelf()
    batch = Batch(shelf)
    shelf.gate.clear()
    gone, stays = asyncio.create_task(_waiting(batch, 1)), asyncio.create_task(_waiting(batch, 2))
    while not shelf.flushes:
        await asyncio.sleep(0)
    gone.cancel()
    shelf.gate.set()
    assert await stays == 20
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await batch.put(3) == 30
    assert shelf.flushes[0] == [1, 2]


async def test_all_waits_for_every_item_and_raises_the_first_failure() -> None:
    shelf = Shelf()
    batch = Batch(shelf)
    assert await batch.all([1, 2, 3]) == [10, 20, 30]
    with pytest.raises(ValueError, match="-2"):
        await batch.all([1, -2, -3])
    assert await batch.all([]) == []


async def _waiting(batch: Batch[int, int], item: int) -> int:
    return await batch.put(item)
