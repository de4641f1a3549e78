"""A line that can be cut, slowed down or swallow everything: a TCP proxy before a server, for what networks do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Proxy:
    """Listens on `port` and passes everything on to the target, until `cut()`; `mend()` lets through again.

    `slow(seconds)` delays every piece that passes. `swallow()` is a black hole: nobody is refused and nothing arrives;
    what was swallowed arrives after `mend()`, as TCP would send it again.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._open: set[asyncio.StreamWriter] = set()
        self._whole = True
        self._delay = 0.0
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
            await asyncio.gather(self._pump(reader, outer), self._pump(inner, writer))
        finally:
            self._open -= {writer, outer}
            for end in (writer, outer):
                end.close()

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
