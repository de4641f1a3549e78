"""What waits is counted by line, from the small indexes alone, and a flood of one line hides no other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pymongo
import pytest

from core.database import Database
from core.ids import id_at, new_id
from core.interactions import status
from core.interactions.backlog import MOST, by_line
from core.interactions.store import INDEXES, Interactions
from tests.making import make_message, now


@pytest.fixture
async def log(database: Database) -> Interactions:
    await database.migrate(INDEXES)
    return Interactions(database)


def entries(address: str, count: int, state: str, **values: Any) -> Iterator[dict[str, Any]]:
    for n in range(count):
        document = make_message("hi", address=f"{address}:p{n % 7}", id=new_id(), status=state).document()
        yield {**document, **values}


async def test_what_waits_is_told_by_line_with_its_age(log: Interactions, database: Database) -> None:
    kept = database.collection("interactions")
    hour_ago, later = now() - timedelta(hours=1), now() + timedelta(hours=1)
    first = id_at(hour_ago)
    await kept.insert_many(
        [
            *entries("chat:demo", 3, status.RECEIVED),
            *entries("chat:demo", 1, status.RECEIVED, _id=first),
            *entries("chat:demo-2", 2, status.RECEIVED),
            *entries("letter:shop", 5, status.HANDLED),
            *entries("chat:demo", 2, status.QUEUED, at=hour_ago),
            *entries("chat:demo", 4, status.PLANNED, due_at=later),
            *entries("letter:shop", 3, status.FAILED),
            *entries("chat:demo", 1, status.UNCERTAIN),
        ]
    )
    arrived = {(one.channel, one.account): one for one in await log.backlog.unhandled()}
    assert {line: one.count for line, one in arrived.items()} == {("chat", "demo"): 4, ("chat", "demo-2"): 2}
    assert arrived["chat", "demo"].oldest == hour_ago
    outgoing = {one.status: one for one in await log.backlog.outgoing(now())}
    assert {state: one.count for state, one in outgoing.items()} == {status.QUEUED: 2, status.PLANNED: 4}
    assert outgoing[status.QUEUED].oldest == hour_ago
    assert outgoing[status.PLANNED].oldest is None, "nothing of it is due"
    troubled = {(one.channel, one.status): one.count for one in await log.backlog.troubled()}
    assert troubled == {("letter", status.FAILED): 3, ("chat", status.UNCERTAIN): 1}


async def test_a_flood_on_one_line_is_bounded_and_hides_no_other(
    log: Interactions, database: Database, database_uri: str, mongo_client: pymongo.MongoClient[dict[str, Any]]
) -> None:
    kept = database.collection("interactions")
    flood = [
        {"_id": new_id(), "key": f"f{n}", "address": f"chat:big:{n}", "status": "received"} for n in range(MOST + 9)
    ]
    await kept.insert_many(flood, ordered=False)
    await kept.insert_many([*entries("chat:b", 3, status.RECEIVED), *entries("web:site", 2, status.RECEIVED)])
    counted = {f"{one.channel}:{one.account}": one.count for one in await log.backlog.unhandled()}
    assert counted == {"chat:b": 3, "chat:big": MOST, "web:site": 2}
    plan = mongo_client[database.name].command(
        "explain",
        {
            "aggregate": "interactions",
            "pipeline": by_line([status.RECEIVED], "", {"$min": "$_id"}),
            "cursor": {},
            "hint": "unhandled",
        },
        verbosity="executionStats",
    )
    text = str(plan)
    assert "'stage': 'SORT'" not in text
    assert "COLLSCAN" not in text
    stats = plan["stages"][0]["$cursor"]["executionStats"] if "stages" in plan else plan["executionStats"]
    assert stats["totalDocsExamined"] <= MOST
    assert datetime.now(UTC) > (await log.backlog.unhandled())[0].oldest  # type: ignore[operator]  # it has one
