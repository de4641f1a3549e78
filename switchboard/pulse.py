"""The pulse of one process: how late its event loop is; now and then, when something last came in on each line."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime

from core.accounts.store import Accounts
from core.meter import STEP, Labels, Meter, Spread

# In seconds: how often, and how long a line's news may wait.
BEAT = 0.5
NOTED = 30.0


class Pulse:
    """Runs until it is cancelled. `lag` is how late each beat came, in seconds."""

    def __init__(self, meter: Meter, accounts: Accounts) -> None:
        self._meter = meter
        self._accounts = accounts
        # What was noted of each line, and when.
        self._noted: dict[Labels, tuple[float, float]] = {}
        self.lag = Spread(STEP)

    async def run(self) -> None:
        """Beat for ever; on the way out what was not noted yet is."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                due = loop.time() + BEAT
                await asyncio.sleep(BEAT)
                self.lag.note(loop.time() - due)
                with suppress(Exception):  # it is noted another time
                    await self.note()
        finally:
            with suppress(Exception, asyncio.CancelledError):
                await self.note(every=0)

    async def note(self, every: float = NOTED) -> None:
        """Write down when something last came in, of each line at most once in `every` seconds."""
        now = time.monotonic()
        for line, at in list(self._meter.last_in.items()):
            known, noted_at = self._noted.get(line, (0.0, -every))
            if at != known and now - noted_at >= every:
                channel, account = line
                await self._accounts.came_in(channel, account, datetime.fromtimestamp(at, UTC))
                self._noted[line] = (at, now)
