"""Group commit: what is asked for while one flush runs goes together in the next.

No timer (the running flush is the window), one flusher, a bounded queue. A quiet caller waits for nobody; under load a
round trip is shared by all who wait. The same shape serves writes and reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from core.errors import CannotStore
from core.meter import Shared

T = TypeVar("T")
R = TypeVar("R")


class Batch(Generic[T, R]):
    """Collects items and hands them to `flush` together.

    `flush` gets at most `most` items and returns one result or exception per item, in order; when it raises, every
    item of that flush gets the exception. `limit` bounds the weight waiting (weights are bytes where that matters).
    `shared` is told how many share a flush.
    """

    def __init__(
        self,
        flush: Callable[[list[T]], Awaitable[Sequence[R | BaseException]]],
        *,
        most: int = 512,
        limit: int = 64 * 1024 * 1024,
        shared: Shared | None = None,
    ) -> None:
        self._flush = flush
        self._most = most
        self._limit = limit
        self._waiting: list[tuple[T, int, asyncio.Future[R]]] = []
        self._weight = 0
        self._flusher: asyncio.Task[None] | None = None
        self._shared = shared or Shared()
        self._shared.waiting = lambda: len(self._waiting)

    @property
    def waiting(self) -> int:
        """How many items no flush has taken yet."""
        return len(self._waiting)

    def put(self, item: T, weight: int = 1) -> asyncio.Future[R]:
        """Queue `item` and return the future of its result. Raises CannotStore when the queue is full."""
        if self._weight + weight > self._limit and self._waiting:
            raise CannotStore("More is arriving than can be stored; please send it again in a moment.", code="busy")
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, weight, future))
        self._weight += weight
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._run())
        return future

    async def all(self, items: Sequence[T], weights: Sequence[int] | None = None) -> list[R]:
        """Queue `items` together and wait for every result; the first failure is raised after all have ended."""
        futures = [self.put(item, weights[n] if weights else 1) for n, item in enumerate(items)]
        results = await asyncio.gather(*futures, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return results  # type: ignore[return-value]  # the loop above raised every exception in it

    async def _run(self) -> None:
        try:
            # One turn of the loop lets requests that are already being read join this flush.
            await asyncio.sleep(0)
            while self._waiting:
                taken, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                self._shared.sizes.note(len(taken))
                try:
                    results: Sequence[R | BaseException] = await self._flush([item for item, _, _ in taken])
                except Exception as error:
                    results = [error] * len(taken)
                for (_, weight, future), result in zip(taken, results, strict=True):
                    self._weight -= weight
                    if future.done():
                        continue
                    if isinstance(result, BaseException):
                        future.set_exception(result)
                    else:
                        future.set_result(result)
        finally:
            self._flusher = None
