"""receive: what adapters parsed goes into the log, and only then is the answer yes.

The entry is its own flag: while its status is `received` it is in the index that workers look at, so message and flag
are one durable write. A crash before the answer means that the outside sends again: the key makes it one entry.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from core import clock
from core.abilities import Acknowledges
from core.addresses.store import Addresses
from core.channel import Account, Address, Arrival, Event, Ignored, Parses, Reachability, Receipt, Remark, Withdrawal
from core.checkpoint import reached
from core.content import Content, clean
from core.database import away, cannot_store
from core.errors import CannotStore, NotFound, NotThisFormat, Unreadable
from core.feed import Feed, entry_changed, lane_due
from core.files.store import Files
from core.ids import new_id
from core.intake.store import FailedIntakes
from core.interactions import status
from core.interactions.interaction import Author, Interaction, content_document, sane
from core.interactions.store import Interactions
from core.lines import Lines
from core.receipts import Receipts

log = structlog.get_logger(__name__)

# Larger bodies are parsed in a thread, and larger raw payloads go to the file store.
LARGE = 64 * 1024
RAW_INLINE = 16 * 1024
# What a replay of an unreadable payload needs to know: its format, whose it is, how much of it is our own writing.
KEPT_HEADERS = frozenset(("content-type", "content-encoding", "provider", "traced", "checked"))
# What people read of an address whose owner wants no messages there.
BLOCKED = "The customer blocked this line."
# What people read of a withdrawal in the customer's history.
WITHDRAWN = {
    "complaint": "Reported a message of ours as unwanted; no more messages of this kind are sent",
    "unsubscribe": "Wants no more messages of this kind",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of one event. `id` and `at` are those of the entry, also when it was there already (`new` False)."""

    event: Event
    id: str | None
    new: bool
    at: datetime


class Receive:
    """The intake."""

    def __init__(
        self,
        interactions: Interactions,
        addresses: Addresses,
        files: Files,
        failed: FailedIntakes,
        feed: Feed,
        elsewhere: Callable[[Interaction], Awaitable[None]] | None = None,
    ) -> None:
        self._interactions = interactions
        self._addresses = addresses
        self._files = files
        self._failed = failed
        self._feed = feed
        self._meter = interactions.meter
        self._receipts = Receipts(interactions, addresses, feed, elsewhere)
        self._courtesies: set[asyncio.Task[None]] = set()

    async def take(
        self,
        account: Account,
        adapter: Parses,
        body: bytes,
        headers: Mapping[str, str],
        *,
        keep_foreign: bool = False,
    ) -> list[Kept]:
        """Parse `body` and keep what it holds; what is authentic and unreadable is kept raw in `failed_intake`.

        Raises NotThisFormat (unless `keep_foreign`: a mailbox has nobody to say no to) and CannotStore.
        """
        began = time.perf_counter()
        try:
            if len(body) > LARGE:
                events = await asyncio.to_thread(adapter.parse, body, headers)
            else:
                events = adapter.parse(body, headers)
        except NotThisFormat as error:
            if not keep_foreign:
                raise
            await self._set_aside(account, body, headers, error.sentence)
            return []
        except CannotStore:
            raise
        except Exception as error:
            await self._set_aside(account, body, headers, _reason(error))
            # One bad event of a batch does not hold up the others; a replay finds them there already.
            events = list(error.read) if isinstance(error, Unreadable) else []
            if not events:
                return []
        reached("parsed")
        try:
            kept = await self.keep(account, events, body, began)
        except CannotStore:
            raise
        except Exception as error:
            # Whatever else is the matter with one payload must not stop what comes behind it.
            await self._set_aside(account, body, headers, _reason(error))
            return []
        for one in kept:
            if one.new and isinstance(one.event, Arrival) and one.event.choice and isinstance(adapter, Acknowledges):
                task = asyncio.create_task(adapter.acknowledge(one.event))
                self._courtesies.add(task)
                task.add_done_callback(self._courtesies.discard)
        return kept

    async def _set_aside(self, account: Account, body: bytes, headers: Mapping[str, str], reason: str) -> None:
        self._meter.received[account.channel, account.name, "unreadable"] += 1
        kept = {name: value for name, value in headers.items() if name in KEPT_HEADERS}
        id = await self._failed.keep(account.channel, account.name, body, kept, reason, clock.now())
        log.warning("intake.unreadable", channel=account.channel, account=account.name, id=id, reason=reason[:300])

    async def keep(
        self, account: Account, events: Sequence[Event], raw: bytes | None = None, began: float | None = None
    ) -> list[Kept]:
        """Keep `events`, in order, and return only when they are durable. The same events again change nothing.

        `began` is when its first byte was looked at, by `time.perf_counter`, if that was before.
        Raises CannotStore when anything was not kept, Unreadable when an event cannot be stored at all; the others
        of the batch are kept all the same.
        """
        began = time.perf_counter() if began is None else began
        line = (account.channel, account.name)
        try:
            kept = await self._keep(events, raw)
        except Exception as error:
            self._meter.received[(*line, "refused")] += len(events)
            if away(error):
                raise cannot_store(error) from error
            raise
        for one in kept:
            again = isinstance(one.event, Arrival) and not one.new
            self._meter.received[(*line, "again" if again else type(one.event).__name__.lower())] += 1
        self._meter.kept.note(time.perf_counter() - began, (account.channel,))
        if kept:
            self._meter.last_in[line] = time.time()
        return kept

    async def _keep(self, events: Sequence[Event], raw: bytes | None) -> list[Kept]:
        now = clock.now()
        kept_raw = any(isinstance(event, Arrival | Receipt | Withdrawal) for event in events)
        origin = await self._raw(raw) if kept_raw else None
        entries = [await self._entry(event, now, origin) for event in events]
        logged = [e for e, event in zip(entries, events, strict=True) if e is not None and _part(event) is None]
        results = await self._interactions.add_each(logged)
        reached("stored")
        fresh: dict[str, bool] = {}
        for entry, result in zip(logged, results, strict=True):
            if isinstance(result, bool):
                fresh[entry.id] = result
                if result:
                    self._interactions.steps.kept(entry)
                    self._feed.announce(entry_changed(entry))
                self._feed.announce(lane_due("in", entry.address, perhaps=not result))
        for result in results:
            if isinstance(result, BaseException):
                raise result
        kept: list[Kept] = []
        for event, maybe in zip(events, entries, strict=True):
            if maybe is None:
                await self._told(event, origin, now)
                kept.append(Kept(event, None, False, now))
            elif (part := _part(event)) is not None:
                kept.append(await self._gathered(event, maybe, part, now))
            elif fresh[maybe.id]:
                kept.append(Kept(event, maybe.id, True, maybe.at))
            else:
                there = await self._interactions.by_key(maybe.address, maybe.key)
                kept.append(Kept(event, there.id if there else None, False, there.at if there else now))
        reached("acknowledged")
        return kept

    async def _gathered(self, event: Event, entry: Interaction, part: int, now: datetime) -> Kept:
        """Add one part to the entry it belongs to. A part that comes late changes the entry and wakes nobody."""
        there, new = await self._interactions.add_part(entry, part, now)
        reached("stored")
        if there.status == status.RECEIVED:
            self._feed.announce(lane_due("in", there.address))
        if new:
            self._interactions.steps.kept(there)
            self._feed.announce(entry_changed(there))
        return Kept(event, there.id, new, there.at)

    async def _told(self, event: Event, origin: Mapping[str, Any] | None, now: datetime) -> None:
        if isinstance(event, Receipt):
            await self._receipts(event, origin)
        elif isinstance(event, Remark):
            for changed in await self._interactions.remark(event, sane(event.at, now)):
                self._feed.announce(entry_changed(changed))
        elif isinstance(event, Reachability):
            if not await self._addresses.newest(clean(str(event.address)), sane(event.at, now)):
                return
            gone = "" if event.reachable else BLOCKED
            await self._addresses.learn(clean(str(event.address)), reachable=event.reachable, gone=gone, at=event.at)

    async def _entry(self, event: Event, now: datetime, origin: Mapping[str, Any] | None) -> Interaction | None:
        if isinstance(event, Arrival):
            return await self._arrived(event, now, origin)
        if isinstance(event, Withdrawal):
            return await self._withdrawn(event, now, origin)
        if isinstance(event, Ignored) and event.address is not None and event.answer is not None:
            # The polite answer, once per address for ever: the key sees to it.
            return Interaction(
                id=new_id(),
                kind="system",
                direction="in",
                channel=event.address.channel,
                account=event.address.account,
                address=clean(str(event.address)),
                key="ignored",
                author=Author("system"),
                content=replace(event.answer, files=()),
                at=now,
                status=status.RECEIVED,
                data={"answer": content_document(event.answer), "reason": event.reason},
            )
        return None

    async def _withdrawn(self, event: Withdrawal, now: datetime, origin: Mapping[str, Any] | None) -> Interaction:
        """A line of the log, on which `route` acts, at the address the message went to, if that is known."""
        spoken_of = await self._interactions.ours("", "", event.outbound) if event.outbound else None
        address = Address.of(spoken_of.address) if spoken_of else event.address
        return Interaction(
            id=new_id(),
            kind="system",
            direction="in",
            channel=address.channel,
            account=address.account,
            address=clean(str(address)),
            key=clean(event.key),
            author=Author("customer"),
            content=Content(text=WITHDRAWN[event.how]),
            at=sane(event.at, now),
            status=status.RECEIVED,
            customer_id=spoken_of.customer_id if spoken_of else None,
            conversation_id=spoken_of.conversation_id if spoken_of else None,
            data={"withdrawal": {"purpose": event.purpose, "how": event.how}},
            raw=origin,
        )

    async def _arrived(self, event: Arrival, now: datetime, origin: Mapping[str, Any] | None) -> Interaction:
        content = event.content
        if any(file.data is not None for file in content.files):
            stored = [
                replace(file, sha256=await self._files.put(file.data), size=len(file.data), data=None)
                if file.data is not None
                else file
                for file in content.files
            ]
            content = replace(content, files=tuple(stored))
        who: dict[str, Any] = {"name": event.name[:200], "language": event.language}
        if event.identities:
            who["identities"] = [asdict(identity) for identity in event.identities[:20]]
        return Interaction(
            id=new_id(),
            kind="system" if event.edits else event.kind,
            direction="in" if event.echo is None else "out",
            channel=event.address.channel,
            account=event.address.account,
            address=clean(str(event.address)),
            key=clean(event.key),
            author=_author(event),
            content=content,
            at=sane(event.at, now),
            status=status.RECEIVED,
            external_id=_cleaned(event.external_id),
            reply_to=tuple(clean(id) for id in event.reply_to),
            choice=_cleaned(event.choice),
            data=event.data,
            edit_of=_cleaned(event.edits),
            who={key: value for key, value in who.items() if value},
            raw=origin,
            thread=event.conversation,
        )

    async def _raw(self, raw: bytes | None) -> Mapping[str, Any] | None:
        if raw is None:
            return None
        return {"body": raw} if len(raw) <= RAW_INLINE else {"sha256": await self._files.put(raw)}


def _part(event: Event) -> int | None:
    return event.part if isinstance(event, Arrival) else None


def _author(event: Arrival) -> Author:
    if event.echo is not None:
        return Author("agent", name=clean(event.echo)[:200])
    return Author("customer", name=event.name[:200])


def _cleaned(text: str | None) -> str | None:
    return text if text is None else clean(text)


def _reason(error: Exception) -> str:
    return error.sentence if isinstance(error, Unreadable) else f"{type(error).__name__}: {error}"


class Replay:
    """Tries again what is in `failed_intake`."""

    def __init__(
        self, receive: Receive, failed: FailedIntakes, lines: Lines, interactions: Interactions, feed: Feed
    ) -> None:
        self._receive = receive
        self._failed = failed
        self._lines = lines
        self._interactions = interactions
        self._feed = feed

    async def __call__(self, id: str) -> bool:
        """Replay one payload; True when it went through, False when it failed again and stays.

        Raises NotFound, UnknownAccount when its line was removed, and CannotStore.
        """
        kept = await self._failed.get(id)
        if kept is None:
            raise NotFound("This payload is not there any more.")
        if kept.entry:
            entry = await self._interactions.unstick(kept.entry)
            if entry:
                self._feed.announce(lane_due("in", entry.address))
            await self._failed.done(id, "replayed")
            return entry is not None
        account = await self._lines.account(kept.channel, kept.account)
        adapter = await self._lines.get(kept.channel, kept.account)
        if not isinstance(adapter, Parses):
            return False
        await self._receive.take(account, adapter, kept.body, kept.headers, keep_foreign=True)
        # Had it failed again, the same payload would have been counted once more.
        return await self._failed.done(id, "replayed", times=kept.times)
