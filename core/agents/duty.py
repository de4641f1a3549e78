"""Whether anybody is there to answer now."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.agents.store import Agents


class Duty:
    """Answers from memory for two seconds, so that a busy bot costs no query a message."""

    def __init__(self, agents: Agents) -> None:
        self._agents = agents
        self._known: tuple[datetime, bool] | None = None

    async def __call__(self, now: datetime) -> bool:
        """Whether an agent has the inbox open and is not away."""
        if self._known is None or not timedelta(0) <= now - self._known[0] < timedelta(seconds=2):
            self._known = (now, await self._agents.on_duty(now))
        return self._known[1]
