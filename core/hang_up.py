"""Ends a connection for good: closing alone waits, with what is still to be sent in memory, until somebody reads it."""

from __future__ import annotations

import asyncio

LINGER = 5.0


def hang_up(transport: asyncio.WriteTransport | None, linger: float = LINGER) -> None:
    """Give the other side `linger` seconds to take what is on its way, then drop it. Harmless when it has gone."""
    if transport is not None:
        asyncio.get_running_loop().call_later(linger, _drop, transport)


def _drop(transport: asyncio.WriteTransport) -> None:
    # One that was closed and has sent everything is gone, and some of them stumble over being aborted then.
    if transport.get_write_buffer_size() or not transport.is_closing():
        transport.abort()
