"""worker: who does the work. Claims addresses in both lanes, and keeps the clockwork that nobody else keeps.

Any number of workers on one database share the work; each takes what it can hold. A worker that dies leaves leases
that run out, and what it had begun is taken up by the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from core import clock
from core.addresses.address import Claim, Lane
from core.addresses.store import Addresses
from core.calls import Calls
from core.conversations.store import Conversations
from core.customers.merge import Merge
from core.database import away
from core.deliver import Deliver
from core.errors import CannotStore
from core.feed import Change, Feed, Subscription, conversation_changed, lane_due
from core.ids import id_at
from core.interactions.store import Interactions
from core.lead_watch import LeadWatch
from core.listen import Listen
from core.media import Media
from core.queues import SHARE, Arrived, Hints, Queue, Waiting, line_of
from core.route import Route

log = structlog.get_logger(__name__)

Handler = Callable[[Claim], Awaitable[datetime | None]]

POLL = 1.0
SWEEP = 60.0
SETTLED = timedelta(seconds=10)


@dataclass(frozen=True)
class Parts:
    """What the worker drives."""

    interactions: Interactions
    addresses: Addresses
    conversations: Conversations
    feed: Feed
    route: Route
    deliver: Deliver
    media: Media
    listen: Listen
    merge: Merge
    calls: Calls
    leads: LeadWatch


class Worker:
    """Runs until stopped.

    `concurrency` addresses per lane are in hand at most; `lease` is how long a claim holds; `look` how often (seconds)
    it looks for what it was not told of.
    """

    def __init__(
        self, parts: Parts, *, concurrency: int = 64, lease: timedelta = timedelta(seconds=30), look: float = POLL
    ) -> None:
        self._ = parts
        self._concurrency = concurrency
        self._lease = lease
        self._looks = look
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._lanes: tuple[_LaneLoop, ...] = ()
        self._swept = ""
        self.restarts = 0

    def start(self) -> None:
        """Begin to work."""
        self._lanes = (
            self._loop("in", Arrived(self._.interactions), self._.route),
            self._loop("out", Waiting(self._.addresses), self._.deliver),
        )
        loops: list[Callable[[], Awaitable[None]]] = [*(lane.run for lane in self._lanes)]
        loops += [self._every(SWEEP, self._sweep), self._every(POLL, self._wake), self._every(POLL, self._fetch)]
        self._tasks = [asyncio.create_task(_forever(loop, self._restarted)) for loop in loops]
        self._tasks.append(asyncio.create_task(self._.listen.run()))

    def _loop(self, lane: Lane, queue: Queue, handle: Handler) -> _LaneLoop:
        return _LaneLoop(lane, queue, handle, self._, self._concurrency, self._lease, self._looks, self._stopping)

    def in_hand(self) -> dict[Lane, int]:
        """How many addresses are in hand, by lane; empty where no worker runs."""
        return {lane._lane: len(lane._busy) for lane in self._lanes}

    def since_turn(self) -> dict[Lane, float]:
        """Seconds since the loop of each lane last came round: more than a few, and it is stuck."""
        return {lane._lane: time.monotonic() - lane.turned_at for lane in self._lanes}

    def _restarted(self) -> None:
        self.restarts += 1

    async def stop(self, grace: float = 20) -> None:
        """Claim nothing more, finish what is in hand within `grace` seconds, and let go."""
        self._stopping.set()
        if not self._tasks:
            return
        self._tasks[-1].cancel()
        lanes, rest = self._tasks[:2], self._tasks[2:]
        await asyncio.wait(lanes, timeout=grace)
        for task in (*lanes, *rest):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _every(self, seconds: float, act: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def loop() -> None:
            while not self._stopping.is_set():
                await act()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._stopping.wait()

        return loop

    async def _sweep(self) -> None:
        """Raise the flags of what a crash left between the log and the flag, and finish merges left half-way.

        Where much waits, a sweep goes through a part of it, and the next goes on behind that, round and round.
        """
        now = clock.now()
        waiting, self._swept = await self._.interactions.forgotten(id_at(now - SETTLED), self._swept)
        if waiting and (raised := await self._.addresses.flag_missing(waiting, now)):
            log.warning("sweep.raised", addresses=raised)
            self._.feed.announce(*(lane_due("out", address) for address in waiting))
        if resumed := await self._.merge.resume(now):
            log.warning("sweep.merges", resumed=resumed)

    async def _wake(self) -> None:
        """Open snoozed conversations, and bring up planned calls and leads whose time has come."""
        while await self._.calls.bring_up(clock.now()) or await self._.leads.bring_up(clock.now()):
            pass
        while woken := await self._.conversations.wake(clock.now()):
            self._.feed.announce(conversation_changed(woken))

    async def _fetch(self) -> None:
        while not self._stopping.is_set() and await self._.media.one():
            pass


class _LaneLoop:
    """Claims addresses at which there is something to do in one lane, and handles them side by side.

    Most of them it is told of (`_hints`); once a second it looks for what it was not told of: retries, old leases, what
    another process left. A hint with the value True may have been dealt with by now, which is looked up first.
    """

    def __init__(
        self,
        lane: Lane,
        queue: Queue,
        handle: Handler,
        parts: Parts,
        most: int,
        lease: timedelta,
        looks: float,
        stopping: asyncio.Event,
    ) -> None:
        self._lane = lane
        self._queue = queue
        self._handle = handle
        self._ = parts
        self._most = most
        self._lease = lease
        self._looks = looks
        self._stopping = stopping
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._held: Counter[str] = Counter()  # of each line
        self._hints = Hints()
        self._look = True
        self._looked_at = 0.0
        self.turned_at = time.monotonic()

    async def run(self) -> None:
        """Until stopping; then what is in hand is finished."""
        self._look = True
        async with self._.feed.subscribe(f"lane:{self._lane}") as changes:
            try:
                stopped = asyncio.create_task(self._stopping.wait())
                while not self._stopping.is_set():
                    self.turned_at = time.monotonic()
                    await self._claim()
                    await self._wait(changes, stopped)
                stopped.cancel()
            finally:
                if self._running:
                    await asyncio.wait(self._running)

    async def _claim(self) -> None:
        room = self._most - len(self._busy)
        hints = self._hints.ready(room, self._busy, self._may)
        if room <= 0 or not (hints or self._look):
            return
        now = clock.now()
        if self._look:
            self._look, self._looked_at = False, time.monotonic()
            found, more = await self._queue.look(now, room, [line for line in self._held if not self._may(line)])
            found = self._fitting(address for address in found if address not in self._busy)
        else:
            hints = self._fitting(hints)
            unsure = [address for address in hints if self._hints.perhaps(address)]
            still = set(await self._queue.still(unsure)) if unsure else ()
            found, more = [address for address in hints if not self._hints.perhaps(address) or address in still], False
            for address in hints:
                self._hints.forget(address)
        claims = await self._.addresses.claim(self._lane, found, now, self._lease)
        self._look = self._look or (more and bool(claims))
        for claim in claims:
            self._hints.forget(claim.address.id)
            self._held[line_of(claim.address.id)] += 1
            task = self._busy[claim.address.id] = asyncio.create_task(self._work(claim))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def _may(self, line: str) -> int:
        """How many more `line` may have in hand: one whose provider hangs takes nobody else's place."""
        free = self._most - len(self._busy)
        return max(0, math.ceil((SHARE * free - self._held[line]) / (SHARE + 1)))

    def _fitting(self, addresses: Iterable[str]) -> list[str]:
        """Those of `addresses`, in order, that their lines may have in hand."""
        left: dict[str, int] = {}
        found: list[str] = []
        for address in addresses:
            line = line_of(address)
            left[line] = left.get(line, self._may(line)) - 1
            if left[line] >= 0:
                found.append(address)
        return found

    async def _wait(self, changes: Subscription, stopped: asyncio.Task[bool]) -> None:
        """Until there is something to claim and room for it, or it is time to look at the index again."""
        if len(self._busy) < self._most and (self._look or self._hints.ready(1, self._busy, self._may)):
            self._note(await changes.next(0))
            return
        news = asyncio.create_task(changes.next(POLL))
        # Only what waits for one of those to end needs to know when that is.
        full = len(self._busy) >= self._most or bool(self._hints.ready(1, self._busy, lambda line: True))
        ended = list(self._busy.values()) if full or self._hints.any(self._busy) else []
        await asyncio.wait({news, stopped, *ended}, return_when=asyncio.FIRST_COMPLETED)
        if news.done():
            self._note(news.result())
        else:
            news.cancel()
            await asyncio.gather(news, return_exceptions=True)
        if time.monotonic() - self._looked_at >= self._looks:
            self._look = True

    def _note(self, changes: list[Change]) -> None:
        for change in changes:
            if change.what == "lagged":
                self._look = True
            else:
                perhaps = bool(change.value) or change.id in self._busy
                self._look = not self._hints.note(change.id, perhaps) or self._look

    async def _work(self, claim: Claim) -> None:
        try:
            due_at = await self._handle(claim)
        except Exception as error:
            # A database that is away says nothing about the lane: once it is back, nobody is to wait for longer.
            outage = isinstance(error, CannotStore) or away(error)
            wait = 0.5 if outage else min(0.5 * 2 ** min(claim.failures, 10), 300)
            if not outage:
                log.exception("worker.failed", lane=self._lane, address=claim.address.id, retry_in=wait)
            with contextlib.suppress(Exception):
                due = clock.now() + timedelta(seconds=wait)
                await self._.addresses.release(claim, due_at=due, failed=not outage)
        else:
            # Should this fail, the lease runs out by itself.
            with contextlib.suppress(Exception):
                await self._.addresses.release(claim, due_at=due_at)
            if due_at is not None:
                self._remind(claim.address.id, due_at)
        finally:
            line = line_of(claim.address.id)
            self._held[line] -= 1
            if not self._held[line]:
                del self._held[line]
            # Between our release and this line the loop may have claimed the address anew: that one is not ours to end.
            if self._busy.get(claim.address.id) is asyncio.current_task():
                del self._busy[claim.address.id]

    def _remind(self, address: str, due_at: datetime) -> None:
        """What is due in a moment is not left to the next look."""
        seconds = (due_at - clock.now()).total_seconds()
        if seconds < 2 * POLL:
            due = lane_due(self._lane, address, perhaps=True)
            asyncio.get_running_loop().call_later(max(0.0, seconds) + 0.005, self._.feed.announce, due)


async def _forever(loop: Callable[[], Awaitable[None]], stumbled: Callable[[], None]) -> None:
    """Run `loop` again when it stumbles, for instance because the database was away."""
    while True:
        try:
            await loop()
            return
        except Exception as error:
            stumbled()
            log.warning("worker.loop", error=f"{type(error).__name__}: {error}"[:300])
            await asyncio.sleep(0.5)
