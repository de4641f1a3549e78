"""typing: shows a person that somebody is writing to them. A courtesy: nothing waits for it, nothing fails by it."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from core.abilities import ShowsTyping
from core.channel import Address
from core.errors import UnknownAccount
from core.lines import Lines

log = structlog.get_logger(__name__)

# A provider shows it for about five seconds, so it is told again a little earlier.
AGAIN = 4.0
PATIENCE = 5.0
AT_ONCE = 50
REMEMBERED = 10_000
# Whoever thinks no longer than this is not seen thinking.
AFTER = 0.7


class Typing:
    """Tells providers, in the background and seldom enough."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._told: OrderedDict[str, float] = OrderedDict()
        self._running: set[asyncio.Task[None]] = set()

    def __call__(self, address: str) -> None:
        """Show it at `address`, where the channel can. Returns at once; too many, or too often, are left out."""
        now = time.monotonic()
        parts = Address.of(address)
        able = self._lines.able.get(parts.channel)
        if able is None or not able.typing or now - self._told.get(address, -AGAIN) < AGAIN:
            return
        if len(self._running) >= AT_ONCE:
            return
        self._told.pop(address, None)
        self._told[address] = now
        while len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        task = asyncio.get_running_loop().create_task(self._tell(parts))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    @asynccontextmanager
    async def while_thinking(self, address: str) -> AsyncIterator[None]:
        """Show it while the block runs, once that takes longer than one would notice."""
        task = asyncio.create_task(self._keep_telling(address))
        try:
            yield
        finally:
            task.cancel()

    async def _keep_telling(self, address: str) -> None:
        await asyncio.sleep(AFTER)
        while True:
            self(address)
            await asyncio.sleep(AGAIN)

    async def _tell(self, address: Address) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                adapter = await self._lines.get(address.channel, address.account)
                if isinstance(adapter, ShowsTyping):
                    await adapter.typing(address)
        except (TimeoutError, UnknownAccount):
            pass
        except Exception as error:  # a courtesy, nothing fails by it
            log.info("typing.failed", error=type(error).__name__)

    async def close(self) -> None:
        """Stop what runs; called before the lines are closed."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
