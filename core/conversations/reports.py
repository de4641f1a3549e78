"""What the report of the bot counts, as a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FlowReport:
    """One flow in a period. `dropped` counts customers who stopped answering, by the step that got no answer.

    started = finished + handed_over + left + going + all that dropped.
    """

    flow: str
    started: int = 0
    finished: int = 0
    handed_over: int = 0
    left: int = 0
    going: int = 0
    dropped: dict[str, int] = field(default_factory=dict)


def reports_of(rows: Iterable[tuple[Mapping[str, str], int]]) -> list[FlowReport]:
    """A report for each flow out of counts by `{flow, outcome, step}`, the one begun most often first."""
    counts: dict[str, Counter[str]] = {}
    dropped: dict[str, dict[str, int]] = {}
    for group, count in rows:
        flow = group["flow"]
        counts.setdefault(flow, Counter())[group["outcome"]] += count
        if group["outcome"] == "dropped":
            dropped.setdefault(flow, {})[group["step"]] = count
    found = [
        FlowReport(
            flow,
            started=each.total(),
            finished=each["finished"],
            handed_over=each["handed_over"],
            left=each["left"],
            going=each["going"],
            dropped=dropped.get(flow, {}),
        )
        for flow, each in counts.items()
    ]
    return sorted(found, key=lambda report: (-report.started, report.flow))
