"""A connection is ended for good, whether or not somebody reads what is still to be sent."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.hang_up import hang_up
from tests.making import until

MUCH = 32 * 1024**2


@asynccontextmanager
async def said_much(linger: float | None) -> AsyncIterator[tuple[socket.socket, asyncio.WriteTransport]]:
    """Somebody to whom much was written and who was closed, and hung up on after `linger` seconds; and our side."""
    ours: asyncio.Future[asyncio.WriteTransport] = asyncio.get_running_loop().create_future()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x" * MUCH)
        writer.close()
        if linger is not None:
            hang_up(writer.transport, linger)
        ours.set_result(writer.transport)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    with socket.socket() as somebody:
        somebody.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        somebody.setblocking(False)
        await asyncio.get_running_loop().sock_connect(somebody, server.sockets[0].getsockname())
        transport = await ours
        yield somebody, transport
        hang_up(transport, 0)
        await asyncio.sleep(0.01)
    server.close()


async def read(somebody: socket.socket) -> int:
    """How much comes until the end; -1 when it ended in a reset."""
    loop, count = asyncio.get_running_loop(), 0
    try:
        while chunk := await loop.sock_recv(somebody, 1 << 20):
            count += len(chunk)
    except ConnectionResetError:
        return -1
    return count


async def test_whoever_takes_nothing_is_dropped_and_what_waited_for_them_with_it() -> None:
    async with said_much(0.05) as (somebody, transport):

        async def dropped() -> bool:
            return not transport.get_write_buffer_size()

        await until(dropped)
        assert await read(somebody) < MUCH, "what the system had taken, and not a byte more"


async def test_closing_alone_keeps_all_of_it() -> None:
    async with said_much(None) as (_, transport):
        await asyncio.sleep(0.2)
        assert transport.get_write_buffer_size() > MUCH // 2


async def test_whoever_reads_gets_all_of_it_and_is_then_left_alone() -> None:
    stumbled: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: stumbled.append(context))
    async with said_much(30) as (somebody, transport):
        assert await read(somebody) == MUCH
        hang_up(transport, 0)
        await asyncio.sleep(0.01)
    assert stumbled == []


async def test_it_is_harmless_where_nobody_is_any_more() -> None:
    hang_up(None, 0)
    async with said_much(0) as (_, transport):
        for _ in range(3):
            hang_up(transport, 0)
            await asyncio.sleep(0.01)
        assert transport.is_closing()
