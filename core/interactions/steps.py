"""What is counted and logged as an entry passes each step of its path: one call a step, one line at level info."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog

from core import clock
from core.ids import time_of
from core.interactions.interaction import Interaction
from core.meter import Meter
from core.trace import step

log = structlog.get_logger(__name__)


class Steps:
    """The steps of one process. Lines name ids and lines, never a person or a word."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def kept(self, entry: Interaction) -> None:
        """It is in the log, and the outside may be told yes."""
        step("receive.kept", entry, kind=entry.kind)

    def handled(self, entry: Interaction) -> None:
        """It is joined to its customer and conversation, and off the queue."""
        self._meter.handled[entry.channel, entry.kind] += 1
        self._meter.handling.note(_since(entry.id), (entry.channel,))
        step("route.handled", entry, kind=entry.kind, conversation=entry.conversation_id)

    def stuck(self, entry: Interaction, error: str) -> None:
        """It could not be handled, and is set aside for an administrator."""
        self._meter.handled[entry.channel, "stuck"] += 1
        log.error("route.stuck", entry=entry.id, error=error)

    def queued(self, entry: Interaction) -> None:
        """It is to go out, now or later."""
        self._meter.queued[entry.channel, entry.author.kind] += 1
        step("send.queued", entry, author=entry.author.kind, status=entry.status)

    @contextmanager
    def asking(self, entry: Interaction) -> Iterator[None]:
        """While the block runs, the provider is asked to take it."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._meter.asking.note(time.perf_counter() - began, (entry.channel,))

    def sent(self, entry: Interaction, external_id: str) -> None:
        """The provider said yes."""
        self._meter.delivered[entry.channel, entry.account, "sent"] += 1
        waited = (clock.now() - entry.due_at).total_seconds() if entry.due_at else _since(entry.id)
        self._meter.waited.note(waited, (entry.channel,))
        occasion, _, rest = entry.key.partition(":")
        if occasion == "bot" and rest.endswith(":0"):
            self._meter.answered.note(_since(rest[:-2]), (entry.channel,))
        step("deliver.sent", entry, external_id=external_id, attempts=entry.attempts + 1)

    def again(self, entry: Interaction, code: str, due_at: datetime) -> None:
        """It is tried again at `due_at`."""
        self._meter.delivered[entry.channel, entry.account, "again"] += 1
        step("deliver.again", entry, code=code, due_at=due_at.isoformat())

    def changed(self, entry: Interaction) -> None:
        """What was sent is changed or taken back at the provider."""
        self._meter.delivered[entry.channel, entry.account, "changed"] += 1
        step("deliver.changed", entry)

    def troubled(self, entry: Interaction, status: str, code: str) -> None:
        """It did not go out (`failed`, `cancelled`), or nobody knows (`uncertain`)."""
        line = (entry.channel, entry.account)
        self._meter.delivered[(*line, status)] += 1
        log.warning("deliver.troubled", entry=entry.id, channel=line[0], account=line[1], status=status, code=code)


def _since(id: str) -> float:
    """Seconds since the entry `id` was written; nothing for what is no id of ours."""
    try:
        return (clock.now() - time_of(id)).total_seconds()
    except ValueError:
        return 0.0
