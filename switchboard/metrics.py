"""What Prometheus is told: counts the parts keep anyway, and a look at the queues when it asks."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from switchboard.wiring import Parts


class Metrics(Collector):
    """A registry of its own, so that several hubs in one process (tests) do not meet."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.registry = CollectorRegistry()
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def collect(self) -> Iterable[Metric]:
        """Called when Prometheus asks; reads counters only."""
        received = CounterMetricFamily("switchboard_received", "Events that came in, by kind", labels=["kind"])
        for kind, count in self._parts.receive.counts.items():
            received.add_metric([kind], count)
        yield received
        delivered = CounterMetricFamily("switchboard_deliveries", "Deliveries, by outcome", labels=["outcome"])
        for outcome, count in self._parts.deliver.counts.items():
            delivered.add_metric([outcome], count)
        yield delivered
