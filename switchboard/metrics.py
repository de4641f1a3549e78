"""What Prometheus is told: what the parts count anyway, and a bounded look at what waits when it asks.

Every name, with its meaning, is in docs/metrics.md. Nothing here names a person, a word of theirs or a secret.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from core import clock
from core.interactions.backlog import Held
from core.meter import Labels, Meter, Spread
from switchboard.pulse import Pulse
from switchboard.wiring import Parts

log = structlog.get_logger(__name__)

# Seconds for which what was read of the database is told again, and which reading it may take.
FRESH = 5.0
PATIENCE = 3.0

LINE = ("channel", "account")


@dataclass(frozen=True)
class Looked:
    """What one look at the database found."""

    at: float
    unhandled: Sequence[Held]
    outgoing: Sequence[Held]
    troubled: Sequence[Held]
    failed_intake: int
    last_in: Mapping[Labels, datetime]


class Metrics(Collector):
    """A registry of its own, so that several hubs in one process (tests) do not meet.

    `streams` tells how many browsers hold open, by kind.
    """

    def __init__(self, parts: Parts, pulse: Pulse, streams: Mapping[str, Callable[[], int]]) -> None:
        self._parts = parts
        self._pulse = pulse
        self._streams = streams
        self._looked: Looked | None = None
        self._looking = asyncio.Lock()
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    async def page(self) -> bytes:
        """Called when Prometheus asks: the text format. Never slower than a bounded look at the database."""
        async with self._looking:
            if self._looked is None or time.monotonic() - self._looked.at > FRESH:
                self._looked = await self._look()
        return generate_latest(self._registry)

    async def _look(self) -> Looked | None:
        stores = self._parts.stores
        backlog = stores.interactions.backlog
        try:
            async with asyncio.timeout(PATIENCE):
                return Looked(
                    time.monotonic(),
                    await backlog.unhandled(),
                    await backlog.outgoing(clock.now()),
                    await backlog.troubled(),
                    await stores.failed.count(),
                    await stores.accounts.last_in(),
                )
        except Exception as error:
            log.warning("metrics.database", error=f"{type(error).__name__}: {error}"[:200])
            return None

    def collect(self) -> Iterable[Metric]:
        """Called by `page`; reads numbers only."""
        yield gauge("build_info", "The version and role of this process", {(version("switchboard"), self._role): 1}, (
            "version", "role",
        ))  # fmt: skip
        yield from path(self._parts.stores.database.meter)
        yield from database(self._parts.stores.database.meter)
        yield gauge("database_up", "Whether the last look at the database succeeded", {(): self._looked is not None})
        if self._looked is not None:
            yield from waiting(self._looked)
        yield from self._process()

    @property
    def _role(self) -> str:
        return self._parts.settings.role

    def _process(self) -> Iterator[Metric]:
        """What this process has in hand, and how it fares."""
        feed, worker = self._parts.feed, self._parts.worker
        streams = {(kind,): count() for kind, count in self._streams.items()}
        yield gauge("open_streams", "Chat sockets and live pages of browsers that are open here", streams, ("kind",))
        yield gauge("feed_subscribers", "Who follows changes in this process", {(): len(feed.subscribers())})
        yield gauge("feed_following", "Whether changes of other processes are heard", {(): feed.following})
        yield counter("feed_overflows", "Subscribers that were too slow and had to read again", {(): feed.overflows})
        lanes = {(lane,): count for lane, count in worker.in_hand().items()}
        yield gauge("leases", "Addresses this process has in hand, by lane", lanes, ("lane",))
        turned = {(lane,): seconds for lane, seconds in worker.since_turn().items()}
        yield gauge("worker_turn_age_seconds", "Since the worker's loop last came round, by lane", turned, ("lane",))
        yield counter("worker_restarts", "Loops of the worker that stumbled and began anew", {(): worker.restarts})
        yield histogram("loop_lag_seconds", "How late the event loop came to what was due", self._pulse.lag)


def path(meter: Meter) -> Iterator[Metric]:
    """receive → route → send → deliver."""
    line = LINE
    yield counter("http_answers", "Answers to requests, by route and status", meter.answers, ("route", "status"))
    yield counter("received", "Events that came in, by what they were", meter.received, (*line, "kind"))
    yield histogram("receive_seconds", "From the first look at what came in until it was durable", meter.kept, line[:1])
    yield counter("handled", "Entries that were handled, by kind; stuck: set aside", meter.handled, ("channel", "kind"))
    yield histogram("handle_seconds", "From an entry's being durable until it was handled", meter.handling, line[:1])
    yield counter("queued", "Messages written to go out, by author", meter.queued, ("channel", "author"))
    yield counter("deliveries", "Tries to deliver, by outcome", meter.delivered, (*line, "outcome"))
    yield histogram("delivery_wait_seconds", "From a message's being due until it was sent", meter.waited, line[:1])
    yield histogram("provider_seconds", "The provider's time for one message", meter.asking, line[:1])
    yield histogram(
        "answer_seconds", "From a question's being durable until the bot's answer was sent", meter.answered, line[:1]
    )


def database(meter: Meter) -> Iterator[Metric]:
    """The database as this process sees it."""
    driver, kind = meter.driver, ("collection", "command")
    yield histogram("database_command_seconds", "Commands of the database, answered or failed", driver.commands, kind)
    yield counter("database_command_failures", "Commands that failed", driver.failed, kind)
    connections = {(state,): driver.connections[state] for state in ("open", "used")}
    yield gauge("database_connections", "Connections to the database", connections, ("state",))
    refused = {(): driver.connections["refused"]}
    yield counter("database_connections_refused", "Times that no connection was free in time", refused)
    shared = meter.shared.items()
    waits = {(name,): one.waiting() for name, one in shared}
    yield gauge("batch_waiting", "Callers that wait for the next shared round trip", waits, ("batch",))
    sizes = Spread(next((one.sizes.bounds for _, one in shared), (1.0,)))
    sizes.rows = {(name,): row for name, one in shared for row in one.sizes.rows.values()}
    yield histogram("batch_flush_size", "How many shared one round trip", sizes, ("batch",))
    yield histogram("feed_behind_seconds", "How late this process was told what others wrote", meter.behind)


def waiting(looked: Looked) -> Iterator[Metric]:
    """What every process tells alike, because it is read from the database: aggregate with max()."""
    now = clock.now()
    unhandled = {(one.channel, one.account): one for one in looked.unhandled}
    yield gauge("unhandled", "Entries that nobody has handled yet", {k: v.count for k, v in unhandled.items()}, LINE)
    yield gauge("unhandled_oldest_seconds", "How long the oldest of them waits", _ages(unhandled.items(), now), LINE)
    outgoing = {(one.channel, one.account, one.status): one for one in looked.outgoing}
    counts = {labels: one.count for labels, one in outgoing.items()}
    yield gauge("outgoing", "Messages that are not out yet", counts, (*LINE, "status"))
    ages = _ages(outgoing.items(), now)
    yield gauge("outgoing_oldest_due_seconds", "How long the longest due of them waits", ages, (*LINE, "status"))
    troubled = {(one.channel, one.account, one.status): one.count for one in looked.troubled}
    yield gauge(
        "troubled", "Deliveries that failed or are uncertain, and nobody has settled", troubled, (*LINE, "status")
    )
    yield gauge("failed_intake", "Payloads that came in and could not be read", {(): looked.failed_intake})
    last = {labels: at.timestamp() for labels, at in looked.last_in.items()}
    yield gauge("last_arrival_timestamp_seconds", "When something last came in, by line", last, LINE)


def _ages(held: Iterable[tuple[Labels, Held]], now: datetime) -> dict[Labels, float]:
    return {labels: max(0.0, (now - one.oldest).total_seconds()) for labels, one in held if one.oldest is not None}


# ------------------------------------------------------------------------------------------------ as Prometheus has it


def counter(name: str, words: str, counts: Mapping[Any, int], labels: Sequence[str] = ()) -> Metric:
    """A counter `switchboard_NAME_total`."""
    family = CounterMetricFamily(f"switchboard_{name}", words, labels=labels)
    for key, count in list(counts.items()):
        family.add_metric(key, count)
    return family


def gauge(name: str, words: str, values: Mapping[Any, float], labels: Sequence[str] = ()) -> Metric:
    """A gauge `switchboard_NAME`."""
    family = GaugeMetricFamily(f"switchboard_{name}", words, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def histogram(name: str, words: str, spread: Spread, labels: Sequence[str] = ()) -> Metric:
    """A histogram `switchboard_NAME`."""
    family = HistogramMetricFamily(f"switchboard_{name}", words, labels=labels)
    for key, row in list(spread.rows.items()):
        below, buckets = 0.0, []
        for bound, count in zip((*spread.bounds, float("inf")), row, strict=False):
            below += count
            buckets.append(("+Inf" if bound == float("inf") else str(bound), below))
        family.add_metric(key, buckets, sum_value=row[-1])
    return family
