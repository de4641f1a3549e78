"""The work: what waits and for how long, what did not go out, what could not be read, what dead workers left."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from core import clock
from core.interactions import status
from core.interactions.backlog import MOST, Held
from core.settings import Settings
from switchboard.checks.finding import Finding, for_how_long
from switchboard.checks.mongodb import compared
from switchboard.stores import Stores

# What waits for so long is not in hand any more: a minute for what came in, five for what is to go out.
LAG, LATE = timedelta(seconds=60), timedelta(minutes=5)
LOOKED_AT = 1000


async def work(stores: Stores, settings: Settings) -> AsyncIterator[Finding]:
    """Everything that is under way."""
    yield await people(stores)
    now = clock.now()
    for finding in handling(await stores.interactions.backlog.unhandled(), now):
        yield finding
    for finding in sending(await stores.interactions.backlog.outgoing(now), settings, now):
        yield finding
    for finding in troubled(await stores.interactions.backlog.troubled()):
        yield finding
    yield await intake(stores)
    missing, _ = await compared(stores)
    # Before an upgrade brought its indexes, what is asked through them cannot be answered.
    if not missing and (left := await leases(stores, settings, now)) is not None:
        yield left


async def people(stores: Stores) -> Finding:
    """Whether anybody can sign in."""
    if await stores.agents.anybody():
        return Finding("Agents", "there is somebody to sign in")
    return Finding("Agents", "nobody yet; the first start makes an administrator, or: switchboard agent add", note=True)


def handling(held: Sequence[Held], now: datetime) -> list[Finding]:
    """What came in and waits, line by line."""
    found = []
    for one in held:
        if one.oldest is not None and one.oldest < now - LAG:
            says = f"{_line(one)}: {_count(one)} came in and wait, the oldest for {for_how_long(one.oldest, now)}"
            found.append(Finding("Handling", f"{says}; is a worker running?", bad=True))
    waiting = sum(one.count for one in held)
    return found or [Finding("Handling", f"{waiting:,} wait, none for long" if waiting else "nothing waits")]


def sending(held: Sequence[Held], settings: Settings, now: datetime) -> list[Finding]:
    """What is to go out and is late, line by line."""
    found = []
    limits = {status.SENDING: timedelta(seconds=settings.lease_seconds + settings.send_seconds) + LATE}
    for one in held:
        if one.oldest is None or one.oldest >= now - limits.get(one.status, LATE):
            continue
        late = f"the longest due for {for_how_long(one.oldest, now)}"
        if one.status == status.SENDING:
            says = f"{_line(one)}: {_count(one)} stuck in sending, {late}; a worker takes them up"
        else:
            says = f"{_line(one)}: {_count(one)} to send, {late}; is a worker running, does the provider answer?"
        found.append(Finding("Sending", says, bad=True))
    due = sum(one.count for one in held if one.status != status.PLANNED)
    planned = sum(one.count for one in held if one.status == status.PLANNED)
    says = f"{due:,} on their way" if due else "nothing waits"
    return found or [Finding("Sending", says + (f", {planned:,} planned for later" if planned else ""))]


def troubled(held: Sequence[Held]) -> list[Finding]:
    """What did not go out, or may have, line by line."""
    says = {
        status.UNCERTAIN: "may or may not have arrived: look at Problems in the inbox",
        status.FAILED: "did not go out: see Problems in the inbox",
    }
    found = [Finding("Deliveries", f"{_line(one)}: {_count(one)} {says[one.status]}", note=True) for one in held]
    return found or [Finding("Deliveries", "none failed, none is uncertain")]


async def intake(stores: Stores) -> Finding:
    """What came in and could not be read."""
    count = await stores.failed.count()
    if not count:
        return Finding("Intake", "everything that came in could be read")
    return Finding("Intake", f"{count} payloads could not be read; see Problems in the inbox", note=True)


async def leases(stores: Stores, settings: Settings, now: datetime) -> Finding | None:
    """Addresses that a worker had in hand and never gave back."""
    calling, _ = await stores.interactions.calling("", LOOKED_AT)
    due = await stores.addresses.due(now, LOOKED_AT)
    left = await stores.addresses.abandoned({*calling, *due}, now - timedelta(seconds=settings.lease_seconds))
    if not left:
        return None
    says = f"{left} addresses were in the hands of workers that died, and nobody has taken them up: start a worker"
    return Finding("Leases", says, bad=True)


def _line(one: Held) -> str:
    return f"{one.channel}:{one.account}"


def _count(one: Held) -> str:
    return f"{one.count:,} or more" if one.count >= MOST else f"{one.count:,}"
