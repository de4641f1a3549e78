"""A MongoDB whose answers are not quite true: a proxy on a socket that changes named numbers in what the server says.

For what cannot be had in a test: a clock that is wrong, a disk that is full.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

# How BSON writes a number: https://bsonspec.org/spec.html
_FORMS = {b"\x01": "<d", b"\x09": "<q", b"\x10": "<i", b"\x12": "<q"}

Change = Callable[[float], float]


def changed(answer: bytes, changes: Mapping[str, Change]) -> bytes:
    """`answer` with each number that is named in `changes` changed."""
    for name, change in changes.items():
        for kind, form in _FORMS.items():
            field = re.compile(re.escape(kind + name.encode() + b"\0") + b"(.{%d})" % struct.calcsize(form), re.DOTALL)

            def written(found: re.Match[bytes], form: str = form, change: Change = change) -> bytes:
                value = change(struct.unpack(form, found[1])[0])
                packed = struct.pack(form, value if form == "<d" else int(value))
                return found[0][: -len(found[1])] + packed

            answer = field.sub(written, answer)
    return answer


@asynccontextmanager
async def mirror(port: int, changes: Mapping[str, Change]) -> AsyncIterator[str]:
    """The URI of a MongoDB that says what the one at 127.0.0.1:`port` says, but for `changes`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(_pump(reader, outer, {}), _pump(inner, writer, changes))
        finally:
            for end in (writer, outer):
                end.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"mongodb://127.0.0.1:{server.sockets[0].getsockname()[1]}/?directConnection=true"
    finally:
        server.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, changes: Mapping[str, Change]) -> None:
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            head = await source.readexactly(4)
            rest = await source.readexactly(struct.unpack("<i", head)[0] - 4)
            sink.write(head + (changed(rest, changes) if changes else rest))
            await sink.drain()
    with contextlib.suppress(OSError, RuntimeError):
        sink.close()
