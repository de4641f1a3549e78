"""A line that can be cut, slowed down or swallow everything: a TCP proxy before a server, for what networks do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Proxy:
    """Listens on `port` and passes everything on to the target, until `cut()`; `mend()` lets through again.

    `slow(seconds)` delays every piece that passes. `swallow()` is a black hole: nobody is refused and nothing arrives;
    what was swallowed arrives after `mend()`, as TCP would send it again. `latency` is how many seconds later all of it
    gets to the target, however much is under way.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._open: set[asyncio.StreamWriter] = set()
        self._whole = True
        self._delay = 0.0
        self.latency = 0.0
        self._through = asyncio.Event()
        self._through.set()
        self.port = 0

    def cut(self) -> None:
        """Reset every connection, and refuse new ones."""
        self._whole = False
        self._through.set()
        for writer in list(self._open):
            writer.transport.abort()

    def slow(self, seconds: float) -> None:
        """Delay what passes, either way."""
        self._delay = seconds

    def swallow(self) -> None:
        """Let nothing through, and tell nobody."""
        self._through.clear()

    def mend(self) -> None:
        """Let everything through again, at once."""
        self._whole = True
        self._delay = 0.0
        self._through.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        await self._through.wait()
        if not self._whole:
            writer.transport.abort()
            return
        try:
            inner, outer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, outer}
        try:
            await asyncio.gather(self._late(reader, outer), self._pump(inner, writer))
        finally:
            self._open -= {writer, outer}
            for end in (writer, outer):
                end.close()

    async def _late(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """As `_pump`, each piece `latency` after it came."""
        loop = asyncio.get_running_loop()
        under_way = asyncio.StreamReader()
        arrivals: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)

        async def arrive() -> None:
            while True:
                due, chunk = await arrivals.get()
                await asyncio.sleep(due - loop.time())
                if not chunk:
                    under_way.feed_eof()
                    return
                under_way.feed_data(chunk)

        arriving = asyncio.create_task(arrive())
        passing = asyncio.create_task(self._pump(under_way, sink))
        try:
            with contextlib.suppress(ConnectionError):
                chunk = b"first"
                while chunk and not passing.done():
                    chunk = await source.read(65536)
                    await arrivals.put((loop.time() + self.latency, chunk))
                await passing
        finally:
            arriving.cancel()
            passing.cancel()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await source.read(65536):
                if self._delay:
                    await asyncio.sleep(self._delay)
                await self._through.wait()
                sink.write(chunk)
                await sink.drain()
        with contextlib.suppress(OSError, RuntimeError):
            if sink.can_write_eof():
                sink.write_eof()


@asynccontextmanager
async def proxy(target: int) -> AsyncIterator[Proxy]:
    """A proxy before 127.0.0.1:`target`, on a free port."""
    line = Proxy(target)
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        line.cut()
