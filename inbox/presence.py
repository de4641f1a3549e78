"""Which agents have a page open in this process, so that the bot knows whether somebody is there."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core import clock
from core.agents.store import Agents

# A reload closes the stream and opens it again; who is back within this time never left.
GRACE = 3.0


class Presence:
    """The open streams of this process, by agent."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._streams: set[asyncio.Task[object]] = set()
        self._leaving: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """How many streams are open, for the metrics."""
        return len(self._streams)

    @asynccontextmanager
    async def page(self, agents: Agents, agent_id: str) -> AsyncIterator[None]:
        """Count the calling task as an open page of this agent; it is cancelled when the hub stops."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a stream runs in a task")
        self._streams.add(task)
        self._open[agent_id] += 1
        try:
            await agents.seen(agent_id, clock.now())
            yield
        finally:
            self._streams.discard(task)
            self._open[agent_id] -= 1
            if self._open[agent_id] <= 0:
                del self._open[agent_id]
                leaving = asyncio.create_task(self._leave(agents, agent_id))
                self._leaving.add(leaving)
                leaving.add_done_callback(self._leaving.discard)

    async def _leave(self, agents: Agents, agent_id: str) -> None:
        await asyncio.sleep(GRACE)
        if agent_id not in self._open:
            await agents.gone(agent_id)

    async def close(self) -> None:
        """Called when the hub stops: the streams end, and pages open them again at the next one."""
        for task in list(self._streams):
            task.cancel()
        await asyncio.sleep(0)
        for leaving in list(self._leaving):
            leaving.cancel()
