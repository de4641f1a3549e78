"""What is open to browsers right now, so that a stopping hub can say so: they come back to the next one at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from aiohttp import web

RESTARTING = 1012  # RFC 6455 registry: service restart


class Streams:
    """The open chat sockets and event streams of this process."""

    def __init__(self) -> None:
        self._sockets: set[web.WebSocketResponse] = set()
        self._pages: set[asyncio.Task[object]] = set()

    def __len__(self) -> int:
        """How many are open, for the metrics."""
        return len(self._sockets) + len(self._pages)

    @contextmanager
    def socket(self, ws: web.WebSocketResponse) -> Iterator[None]:
        """Count `ws` as open while the block runs."""
        self._sockets.add(ws)
        try:
            yield
        finally:
            self._sockets.discard(ws)

    @contextmanager
    def page(self) -> Iterator[None]:
        """Count the calling task, which feeds an event stream, as open; it is cancelled when the hub stops."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an event stream runs in a task")
        self._pages.add(task)
        try:
            yield
        finally:
            self._pages.discard(task)

    async def close(self) -> None:
        """Called when the hub stops: sockets close with 1012, event streams end."""
        for task in list(self._pages):
            task.cancel()
        sockets = list(self._sockets)
        for start in range(0, len(sockets), 200):
            await asyncio.gather(*(_close(ws) for ws in sockets[start : start + 200]))


async def _close(ws: web.WebSocketResponse) -> None:
    with suppress(TimeoutError, ConnectionError, RuntimeError):
        async with asyncio.timeout(2):
            await ws.close(code=RESTARTING, message=b"restarting", drain=False)
