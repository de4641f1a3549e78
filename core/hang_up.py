"""Ends a connection for good: closing alone waits, with what is still to be sent in memory, until somebody reads it."""

from __future__ import annotations

import asyncio

LINGER = 5.0


def hang_up(transport: asyncio.WriteTransport | None) -> None:
    """Give the other side a moment to take what is on its way, then drop it. Harmless when it has gone by itself."""
    if transport is not None:
        asyncio.get_running_loop().call_later(LINGER, transport.abort)
