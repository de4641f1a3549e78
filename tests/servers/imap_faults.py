"""A line to an IMAP server that breaks where it is told to: in each state of the conversation, one after the other.

    async with BreakingLine(server.imap_port, ["greeting", "LOGIN", "body", "idle"]) as line: ...

States: `connect` (before a word was said), `greeting` (in the middle of it), a command's name (LOGIN, EXAMINE, SEARCH,
SIZES, FETCH, IDLE, NOOP, DONE: it is heard and never answered), `literal` (in the middle of a mail's bytes), `tail`
(right after a mail's bytes), `idle` (while it waits for news). `left` is what has not broken yet.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress

_LITERAL = re.compile(rb"\{(\d+)\}\r\n")


class BreakingLine:
    """The line; `port` is where it begins, `breaks` counts how often it broke."""

    def __init__(self, target: int, plan: Sequence[str]) -> None:
        self._target = target
        self.left = list(plan)
        self.port = self.breaks = 0
        self._open: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> BreakingLine:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(asyncio.ensure_future(self._serve(reader, writer)))

    def _now(self, state: str) -> bool:
        """Whether it breaks in this state; then the next one is another."""
        if self.left[:1] != [state]:
            return False
        self.left.pop(0)
        self.breaks += 1
        return True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._now("connect"):
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        ways = {asyncio.ensure_future(way) for way in (self._up(reader, far_writer), self._down(far_reader, writer))}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in (writer, far_writer):
                end.transport.abort()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What the client says, until it hangs up or a command is reached that breaks."""
        with suppress(ConnectionError):
            while line := await reader.readline():
                words = line.decode("ascii", "replace").upper().split()
                name = words[0] if words[0] == "DONE" else words[2] if words[1:2] == ["UID"] else words[1]
                if name == "FETCH" and "RFC822.SIZE" in line.decode("ascii", "replace").upper():
                    name = "SIZES"
                if self._now(name):
                    return
                writer.write(line)
                await writer.drain()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What the server says, until it hangs up or a state is reached that breaks."""
        first = True
        after_literal = False
        with suppress(ConnectionError):
            while line := await reader.readline():
                if first and self._now("greeting"):
                    writer.write(line[: len(line) // 2])
                    await writer.drain()
                    return
                first = False
                if after_literal and line.startswith(b")") and self._now("tail"):
                    return
                after_literal = False
                writer.write(line)
                await writer.drain()
                if found := _LITERAL.search(line):
                    size = int(found[1])
                    if size > 100 and self._now("literal"):
                        writer.write(await reader.readexactly(size // 2))
                        await writer.drain()
                        return
                    writer.write(await reader.readexactly(size))
                    after_literal = True
                if line.startswith(b"+") and self._now("idle"):
                    return
