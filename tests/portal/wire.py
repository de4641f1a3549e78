"""A wire between a browser and a hub that can be cut: a real TCP connection in between, closed in mid-conversation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class Wire:
    """Listens on a port of its own and passes everything on to the hub, both ways."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.down = False
        self.url = ""

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def cut(self, *, down: bool = False) -> None:
        """Break every connection at once; with `down` nobody gets through until `mend()`."""
        self.down = down
        for end in list(self._ends):
            end.transport.abort()

    def mend(self) -> None:
        self.down = False

    async def close(self) -> None:
        self._server.close()
        self.cut(down=True)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self.down:
                writer.transport.abort()
                return
            far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
            self._ends |= {writer, far_writer}
            with suppress(OSError, asyncio.CancelledError):
                await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
            for end in (writer, far_writer):
                self._ends.discard(end)
                end.transport.abort()
        finally:
            self._tasks.discard(task)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


@asynccontextmanager
async def wire_to(target: str) -> AsyncIterator[Wire]:
    wire = Wire(target)
    await wire.open()
    try:
        yield wire
    finally:
        await wire.close()
