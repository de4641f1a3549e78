"""What can only be read by waiting for it: read in a thread of its own, and handed to the event loop many at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Hand(Generic[T]):
    """Where the thread leaves what it reads. Past `most` it waits there, until the loop has taken what lies ready."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._turn = threading.Condition()
        self._ready: list[T] = []
        self._wanted = True
        self._error: BaseException | None = None

    # ------------------------------------------------------------------------------------------- in the thread

    @property
    def wanted(self) -> bool:
        """Whether anybody still takes what is read. Look now and then."""
        return self._wanted

    def give(self, item: T) -> None:
        """Leave `item`. The loop is woken for the first of a burst; the others are there when it comes."""
        with self._turn:
            self._ready.append(item)
            if len(self._ready) == 1:
                self._wake()
            while self._wanted and len(self._ready) >= self._most:
                self._turn.wait()

    def read(self, source: Callable[[Hand[T]], None]) -> None:
        """Run `source`, which gives until it is at its end, fails, or is no longer wanted."""
        error: BaseException = StopAsyncIteration()
        try:
            source(self)
        except BaseException as failure:
            error = failure
        with self._turn:
            self._error = error
            self._wake()

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._news.set)
        except RuntimeError:  # the loop has ended, and nobody waits any more
            self._wanted = False

    # ------------------------------------------------------------------------------------------- in the loop

    async def take(self) -> list[T]:
        """Everything that lies ready, at least one; raises what the thread has failed with."""
        while True:
            await self._news.wait()
            self._news.clear()
            with self._turn:
                taken, self._ready = self._ready, []
                self._turn.notify()
                error = self._error
            if taken:
                if error is not None:
                    self._news.set()
                return taken
            if error is not None:
                raise error

    def leave(self) -> None:
        """Nobody takes any more: the thread ends as soon as it looks."""
        with self._turn:
            self._wanted = False
            self._turn.notify()


async def bursts(source: Callable[[Hand[T]], None], *, most: int, name: str) -> AsyncGenerator[list[T]]:
    """Run `source` in a thread called `name`; yield what it gives, in order, as many at once as lie ready.

    At most `most` lie ready. Ends as `source` ends, with its error if it fails. Whoever leaves does not wait for the
    thread, which may be in the middle of a read.
    """
    hand: Hand[T] = Hand(most)
    threading.Thread(target=hand.read, args=(source,), name=name, daemon=True).start()
    try:
        while True:
            try:
                taken = await hand.take()
            except StopAsyncIteration:
                return
            yield taken
    finally:
        hand.leave()
