"""Who is told: what changed is announced in this process at once, and reaches other processes by a change stream.

A subscriber names topics and gets `Change`s. Announcements may come twice or, after a pause, as one `lagged` change;
then the subscriber reads what it shows again from its cursor. So nothing is missed, and nobody slow holds up others.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import structlog

from core.addresses.address import Lane
from core.conversations.conversation import Conversation
from core.database import Database
from core.interactions import status
from core.interactions.interaction import Interaction
from core.leads.lead import Lead
from core.orders.order import Order

log = structlog.get_logger(__name__)

QUEUE = 500
# How many changes of other processes are read with one question.
TOGETHER = 200


@dataclass(frozen=True, slots=True)
class Change:
    """Something is new or different. `what` is interaction, conversation, order, lead, account, agent, lane or lagged.

    `value` is what it is now (an `Interaction`, a `Conversation`, an `Order`, a `Lead`), where the announcer had it at
    hand.
    """

    what: str
    id: str
    topics: tuple[str, ...]
    value: Any = None


LAGGED = Change("lagged", "", ())


def entry_changed(entry: Interaction) -> Change:
    """`address:…`, `conversation:…` and `customer:…` topics of an entry, and `log`; its lane when there is work."""
    topics = [f"address:{entry.address}", "log"]
    if entry.conversation_id:
        topics.append(f"conversation:{entry.conversation_id}")
    if entry.customer_id:
        topics.append(f"customer:{entry.customer_id}")
    return Change("interaction", entry.id, tuple(topics), entry)


def agent_changed(id: str) -> Change:
    """What `agents` and the agent's own pages are told."""
    return Change("agent", id, ("agents", f"agent:{id}"))


def conversation_changed(conversation: Conversation) -> Change:
    """`conversations` (every list) and `conversation:ID`."""
    topics = ("conversations", f"conversation:{conversation.id}", f"customer:{conversation.customer_id}")
    return Change("conversation", conversation.id, topics, conversation)


def order_changed(order: Order) -> Change:
    """`orders`, `order:ID` (the tracking page) and the customer's topic."""
    topics = ["orders", f"order:{order.id}"]
    if order.customer_id:
        topics.append(f"customer:{order.customer_id}")
    return Change("order", order.id, tuple(topics), order)


def lead_changed(lead: Lead) -> Change:
    """`leads` (the board and every list) and the topics of its conversation and customer."""
    topics = ("leads", f"conversation:{lead.conversation_id}", f"customer:{lead.customer_id}")
    return Change("lead", lead.id, topics, lead)


def lane_due(lane: Lane, address: str, *, perhaps: bool = False) -> Change:
    """`lane:in` or `lane:out`: there is work at an address; `perhaps` (the value): unless it was done by now."""
    return Change("lane", address, (f"lane:{lane}",), perhaps)


def lanes_of(entry: Interaction) -> list[Change]:
    """The lane that an entry written by another process wakes."""
    if entry.status == status.RECEIVED:
        return [lane_due("in", entry.address, perhaps=True)]
    if entry.status == status.QUEUED:
        return [lane_due("out", entry.address, perhaps=True)]
    return []


class Subscription:
    """An endless stream of changes. Use as `async with feed.subscribe(...) as changes: async for change in changes`."""

    most = QUEUE

    def __init__(self, feed: Feed, topics: Sequence[str]) -> None:
        self._feed = feed
        self._waiting: deque[Change] = deque()
        self._ready = asyncio.Event()
        self.topics: set[str] = set()
        self.add(*topics)

    def add(self, *topics: str) -> None:
        """Follow more topics."""
        for topic in topics:
            self.topics.add(topic)
            self._feed._subscribers[topic].add(self)

    def remove(self, *topics: str) -> None:
        """Follow fewer topics."""
        for topic in topics:
            self.topics.discard(topic)
            self._feed._forget(topic, self)

    def put(self, change: Change) -> None:
        """Queue a change for this subscriber; too many become one `lagged`."""
        if len(self._waiting) >= self.most:
            self._feed.overflows += 1
            self._waiting.clear()
            change = LAGGED
        if not (change is LAGGED and self._waiting and self._waiting[-1] is LAGGED):
            self._waiting.append(change)
        self._ready.set()

    async def next(self, timeout: float | None = None) -> list[Change]:
        """Everything that waits, at least one change; empty after `timeout` seconds without any."""
        if not self._waiting:
            self._ready.clear()
            try:
                async with asyncio.timeout(timeout):
                    await self._ready.wait()
            except TimeoutError:
                return []
        taken = list(self._waiting)
        self._waiting.clear()
        return taken

    async def __aiter__(self) -> AsyncIterator[Change]:
        while True:
            for change in await self.next():
                yield change

    async def __aenter__(self) -> Subscription:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop following."""
        self.remove(*list(self.topics))


Reader = Callable[[Sequence[str]], Awaitable[list[Change]]]


class Feed:
    """Announces changes to subscribers by topic.

    `overflows` counts subscribers that were too slow and read again; `following` is whether the other processes are
    heard.
    """

    def __init__(self) -> None:
        self._subscribers: defaultdict[str, set[Subscription]] = defaultdict(set)
        self.overflows = 0
        self.following = False

    def subscribe(self, *topics: str) -> Subscription:
        """Follow `topics` from now on."""
        return Subscription(self, topics)

    def announce(self, *changes: Change) -> None:
        """Tell every subscriber of each change's topics, once each. Call it right after the acknowledged write."""
        for change in changes:
            told: set[Subscription] = set()
            for topic in change.topics:
                told |= self._subscribers.get(topic, set())
            for subscriber in told:
                subscriber.put(change)

    @property
    def heard(self) -> bool:
        """Whether anybody here follows anything."""
        return bool(self._subscribers)

    def subscribers(self) -> set[Subscription]:
        """Who follows anything now."""
        return {subscriber for group in self._subscribers.values() for subscriber in group}

    def lagged(self) -> None:
        """Tell everybody to read again what they show."""
        for subscriber in self.subscribers():
            subscriber.put(LAGGED)

    def _forget(self, topic: str, subscriber: Subscription) -> None:
        group = self._subscribers.get(topic)
        if group is not None:
            group.discard(subscriber)
            if not group:
                del self._subscribers[topic]

    async def follow(self, database: Database, readers: Mapping[str, Reader]) -> None:
        """Announce what other processes write, for ever. `readers` turn ids of a collection into changes.

        After an interruption the stream resumes where it was; if that is too long ago, and at first, everybody is told
        to look again.
        """

        sizes = database.meter.batch("feed.reading").sizes
        last: Any = None
        pause, gap = 0.1, True
        while True:
            opened = False
            try:
                async with aclosing(database.changes(list(readers), after=last)) as stream:
                    async for changed, token in stream:
                        opened = self.following = True
                        for n in range(0, len(changed), TOGETHER):
                            some = changed[n : n + TOGETHER]
                            sizes.note(len(some))
                            await self._read(some, readers)
                        if gap:
                            # What was written before the stream was open is known to nobody here.
                            self.lagged()
                        last, pause, gap = token, 0.1, False
            except Exception as error:
                self.following = False
                log.warning("feed.interrupted", error=str(error)[:300], retry_in=pause)
                if not opened and database.cannot_resume(error):
                    # The server refuses the place where it was, not merely this cursor.
                    last, gap = None, True
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5)

    async def _read(self, changed: Sequence[tuple[str, str]], readers: Mapping[str, Reader]) -> None:
        """Announce what these are now; when that does not work, everybody is told to look."""
        try:
            for collection in {name for name, _ in changed}:
                ids = list(dict.fromkeys(id for name, id in changed if name == collection))
                self.announce(*await readers[collection](ids))
        except Exception as error:
            log.warning("feed.unread", error=str(error)[:300])
            self.lagged()
