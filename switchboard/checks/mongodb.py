"""The database: its version, its members, its clock, its room, how far back its changes go, and the indexes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from core.database import Database
from core.settings import Settings
from switchboard.checks.finding import Finding, lasting
from switchboard.stores import INDEXES, Stores

OLDEST = (5, 0)
# Clocks may differ by so much before it is told; leases tell when a worker is dead by the clock.
APART = 1.0
BEHIND = timedelta(seconds=30)
# How long a hub may be cut off and still hear everything that changed meanwhile.
WINDOW = timedelta(hours=1)
FULL, NEARLY_FULL = 0.95, 0.8
HIDDEN = "cannot be looked at with this user's rights (clusterMonitor would do)"
# The states of members: https://www.mongodb.com/docs/manual/reference/replica-states/
HOLDING, ARBITER = (1, 2), 7


async def mongodb(stores: Stores, settings: Settings) -> AsyncIterator[Finding]:
    """The database as a whole."""
    database = stores.database
    yield await version(database)
    yield await members(database)
    yield await clock(database, settings.lease_seconds)
    yield await room(database)
    if (finding := await window(database)) is not None:
        yield finding
    yield await indexes(stores)


async def version(database: Database) -> Finding:
    """Whether this MongoDB is one that Switchboard is made for."""
    told = str((await database.ask({"buildInfo": 1}) or {}).get("version", ""))
    numbers = tuple(int(part) for part in re.findall(r"\d+", told)[:2])
    if not numbers:
        return Finding("MongoDB", "answers, and does not tell its version", note=True)
    if numbers < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        return Finding("MongoDB", f"is version {told}: Switchboard needs {oldest} or newer", bad=True)
    return Finding("MongoDB", f"answers, version {told}")


async def members(database: Database) -> Finding:
    """Whether a majority can acknowledge writes, and the others are not far behind."""
    if (await database.ask({"hello": 1}) or {}).get("msg") == "isdbgrid":
        return Finding("Members", "a sharded cluster")
    state = await database.ask({"replSetGetStatus": 1}, on="admin")
    if state is None:
        return Finding("Members", HIDDEN, note=True)
    everybody = state["members"]
    holding = [member for member in everybody if member["state"] in HOLDING]
    away = ", ".join(member["name"] for member in everybody if member["state"] not in (*HOLDING, ARBITER))
    needed = int(state.get("writeMajorityCount", len(everybody) // 2 + 1))
    if len(holding) < needed:
        says = f"only {len(holding)} of {len(everybody)} hold data and {needed} must: nothing can be stored"
        return Finding("Members", f"{says}. Away: {away}", bad=True)
    if away:
        return Finding("Members", f"{away} is away: mend it before another one goes", bad=True)
    newest = max(member["optimeDate"] for member in holding)
    late = {m["name"]: newest - m["optimeDate"] for m in holding if newest - m["optimeDate"] > BEHIND}
    if late:
        told = ", ".join(f"{name} by {lasting(behind.total_seconds())}" for name, behind in late.items())
        return Finding("Members", f"behind the newest: {told}", note=True)
    journal = (await database.ask({"replSetGetConfig": 1}, on="admin") or {}).get("config", {})
    if journal.get("writeConcernMajorityJournalDefault") is False:
        says = "acknowledge before their journal is written: a power cut loses messages"
        return Finding("Members", f"{says}. Set writeConcernMajorityJournalDefault to true", bad=True)
    count = f"{len(everybody)} members" if len(everybody) > 1 else "one member"
    return Finding("Members", f"{count}, all at work, journalled")


async def clock(database: Database, lease: float) -> Finding:
    """How far this machine's clock and the database's are apart."""
    before = datetime.now(UTC)
    answer = await database.ask({"hello": 1}) or {}
    after = datetime.now(UTC)
    # The server looked at its clock some time between our two looks.
    theirs: datetime = answer["localTime"]
    ahead = max((before - theirs).total_seconds(), (theirs - after).total_seconds(), 0.0)
    if ahead <= APART:
        return Finding("Clocks", "of this machine and the database agree")
    says = f"of this machine and the database differ by {ahead:.1f} seconds: set both by NTP"
    if ahead > lease:
        return Finding("Clocks", f"{says}. That is longer than a lease: two workers may do the same work", bad=True)
    return Finding("Clocks", says, note=True)


async def room(database: Database) -> Finding:
    """The room on the database's disk, and what this database takes."""
    stats = await database.ask({"dbStats": 1})
    if stats is None:
        return Finding("Room", HIDDEN, note=True)
    taken = f"this database takes {_size(stats.get('totalSize') or stats.get('storageSize') or 0)}"
    total, used = float(stats.get("fsTotalSize") or 0), float(stats.get("fsUsedSize") or 0)
    if not total:
        return Finding("Room", taken)
    says = f"{_size(total - used)} of {_size(total)} free on the database's disk; {taken}"
    share = used / total
    return Finding("Room", says, bad=share > FULL, note=FULL >= share > NEARLY_FULL)


async def window(database: Database) -> Finding | None:
    """How far back the record of changes goes, by which hubs tell each other; None while it is not full yet."""
    stats = await database.ask({"collStats": "oplog.rs"}, on="local")
    ends = [await _operation(database, way) for way in (1, -1)]
    if stats is None or ends[0] is None or ends[1] is None:
        return None
    if stats.get("size", 0) < 0.9 * float(stats.get("maxSize") or 0):
        return None
    span = ends[1] - ends[0]
    says = f"the record of changes goes back {lasting(span.total_seconds())}"
    if span < WINDOW:
        says += ": a hub that was cut off for longer reads everything anew. Make the oplog larger"
        return Finding("Changes", says, note=True)
    return Finding("Changes", says)


async def _operation(database: Database, way: int) -> datetime | None:
    asked = {"find": "oplog.rs", "sort": {"$natural": way}, "limit": 1, "projection": {"wall": 1}}
    answer = await database.ask(asked, on="local")
    batch: list[dict[str, Any]] = answer["cursor"]["firstBatch"] if answer else []
    return batch[0].get("wall") if batch else None


async def compared(stores: Stores) -> tuple[list[str], list[str]]:
    """The indexes that this version declares and are missing, and those that it does not declare."""
    declared: dict[str, set[str]] = {}
    for index in INDEXES:
        declared.setdefault(index.collection, {"_id_"}).add(index.name)
    missing, extra = [], []
    for collection, names in declared.items():
        there = set(await stores.database.collection(collection).index_information())
        missing += [f"{collection}.{name}" for name in names - there - {"_id_"}]
        extra += [f"{collection}.{name}" for name in there - names]
    return missing, extra


async def indexes(stores: Stores) -> Finding:
    """Whether the indexes are those that this version declares."""
    missing, extra = await compared(stores)
    if missing:
        few = ", ".join(sorted(missing)[:5]) + (" …" if len(missing) > 5 else "")
        says = f"{len(missing)} are missing ({few}): run switchboard migrate, or start the hub"
        return Finding("Indexes", says, note=True)
    if extra:
        says = f"{', '.join(sorted(extra))}: of no use to this version. switchboard migrate removes them"
        return Finding("Indexes", says, note=True)
    return Finding("Indexes", "are up to date")


def _size(count: float) -> str:
    for unit, name in ((1024**4, "TB"), (1024**3, "GB"), (1024**2, "MB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count / 1024:.0f} KB"
