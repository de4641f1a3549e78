"""What the stores ask of MongoDB, overheard on its way there, and how MongoDB would go about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pymongo
from pymongo import monitoring

ASKED = {"find", "aggregate", "update", "delete", "findAndModify", "count", "distinct"}
# Tables with a row per configured line or agent: a page of settings reads them whole, and they never grow.
SMALL = {"accounts", "agents", "templates", "forms", "teams", "campaigns"}


class _Overheard(monitoring.CommandListener):
    def __init__(self) -> None:
        self.commands: list[tuple[str, dict[str, Any]]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in ASKED:
            self.commands.append((event.database_name, dict(event.command)))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing to overhear."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing to overhear."""


_overheard = _Overheard()
monitoring.register(_overheard)


def forget() -> None:
    """Begin anew."""
    _overheard.commands.clear()


def overheard(database: str) -> list[dict[str, Any]]:
    """What was asked of `database` since."""
    return [command for name, command in _overheard.commands if name == database]


@dataclass
class Explained:
    """How a command is answered: its stages, and how many keys and documents were read for how many answers."""

    stages: set[str] = field(default_factory=set)
    keys: int = 0
    documents: int = 0
    returned: int = 0


def explained(
    client: pymongo.MongoClient[dict[str, Any]], database: str, command: dict[str, Any], *, run: bool = False
) -> Explained:
    """How MongoDB would answer `command`; with `run` it tries, changing nothing, and what it reads is counted."""
    left_out = {"lsid", "$db", "$clusterTime", "txnNumber", "writeConcern", "maxTimeMS", "ordered", "$readPreference"}
    asked = {key: value for key, value in command.items() if key not in left_out}
    found = Explained()
    for each in _single(asked):
        plan = client[database].command("explain", each, verbosity="executionStats" if run else "queryPlanner")
        found.stages |= set(_stages(plan))
        for stats in _stats(plan):
            found.keys += stats["totalKeysExamined"]
            found.documents += stats["totalDocsExamined"]
            found.returned += stats["nReturned"]
    return found


def _single(command: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A bulk of updates explained one by one, as `explain` wants it."""
    for part in ("updates", "deletes"):
        if part in command:
            yield from ({**command, part: [each]} for each in command[part])
            return
    yield command


def _stages(plan: Any) -> Iterator[str]:
    """Every stage of the winning plans in an answer of `explain`."""
    if isinstance(plan, Mapping):
        if isinstance(plan.get("stage"), str):
            yield plan["stage"]
        for key, value in plan.items():
            if key not in ("rejectedPlans", "parsedQuery", "command", "serverInfo", "allPlansExecution"):
                yield from _stages(value)
    elif isinstance(plan, list):
        for each in plan:
            yield from _stages(each)


def _stats(plan: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(plan, Mapping):
        if "totalKeysExamined" in plan:
            yield plan
            return
        for value in plan.values():
            yield from _stats(value)
    elif isinstance(plan, list):
        for each in plan:
            yield from _stats(each)
