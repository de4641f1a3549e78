"""deliver: hands what is queued to its channel, in the order it was written, and writes how it went.

The one place that acts on a `DeliveryError`. A crash between the provider's yes and our write is the one gap: where
sending twice is harmless (`Capabilities.idempotent`) the message is sent again, elsewhere it becomes `uncertain` and a
person decides. Nothing is lost silently, and nothing is silently sent twice.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from core import clock
from core.addresses.address import Claim
from core.addresses.store import Addresses
from core.channel import Address, Capabilities, Outbound
from core.checkpoint import reached
from core.content import Content
from core.database import away
from core.errors import DeliveryError, RecipientGone, Rejected, RetryLater, Uncertain, UnknownAccount
from core.feed import Feed, entry_changed
from core.files.store import Files
from core.interactions import status
from core.interactions.interaction import Interaction, Problem
from core.interactions.lanes import PAGE
from core.interactions.store import Interactions
from core.lines import Lines
from core.pace import PATIENT, Pace
from core.restraint import DECLINED_CODE, Restraint
from core.revise import Revise
from core.said import Said
from core.trace import follow
from core.unsubscribe import DECLINABLE, Unsubscribe

log = structlog.get_logger(__name__)

# Thirteen tries with this back-off span about a day; then a person is asked.
TRIES = 13
LONGEST_PAUSE = 3 * 3600


def pause(attempts: int, after: float | None = None) -> timedelta:
    """How long to wait before the next try: what the provider said, else doubling from two seconds, with jitter."""
    if after is not None:
        return timedelta(seconds=min(max(after, 0.5), 24 * 3600) * random.uniform(1.0, 1.1))
    return timedelta(seconds=min(2.0 * 2 ** min(attempts, 20), LONGEST_PAUSE) * random.uniform(0.75, 1.25))


class FollowsUp(Protocol):
    """What is due some time after a message went out (`core.chat.unread`)."""

    def concerns(self, entry: Interaction, able: Capabilities) -> bool:
        """Whether `entry` is a message to follow up."""
        ...

    async def plan(self, entry: Interaction) -> datetime | None:
        """Put a planned entry behind it; when it is due. Repeatable."""
        ...

    def is_plan(self, entry: Interaction) -> bool:
        """Whether `entry` is such a planned entry."""
        ...

    async def carry_out(self, plan: Interaction) -> datetime | None:
        """Do what is due; when to look again, None when it is done. Repeatable."""
        ...


class Deliver:
    """Works off the out lane of one claimed address.

    A provider gets `patience` to answer; what takes longer is uncertain. The lane is leased for as long and `lease`.
    """

    def __init__(
        self,
        interactions: Interactions,
        addresses: Addresses,
        files: Files,
        feed: Feed,
        lines: Lines,
        restraint: Restraint,
        unsubscribe: Unsubscribe,
        revise: Revise,
        follow_up: FollowsUp | None = None,
        elsewhere: Callable[[Interaction], Awaitable[None]] | None = None,
        personal: Callable[[Content, str, Capabilities], Content] | None = None,
        *,
        lease: timedelta = timedelta(seconds=30),
        patience: timedelta = timedelta(seconds=60),
    ) -> None:
        self._interactions = interactions
        self._addresses = addresses
        self._files = files
        self._feed = feed
        self._lines = lines
        self._restraint = restraint
        self._unsubscribe = unsubscribe
        self._revise = revise
        self._follow_up = follow_up
        self._elsewhere = elsewhere
        self._personal = personal
        self._lease = lease
        self._patience = patience
        self._pace = Pace()

    async def __call__(self, claim: Claim) -> datetime | None:
        """Send what is due at the claimed address; returns when the lane is due again, None when it is empty."""
        entries = await self._interactions.waiting(claim.address.id)
        able = self._lines.able.get(claim.address.parts.channel) or Capabilities(sends=False)
        later: datetime | None = None
        for entry in entries:
            now = clock.now()
            follow(entry)
            if entry.status == status.SENDING and not able.idempotent:
                # Begun by somebody who never came back to say how it went.
                await self._conclude(entry, status.UNCERTAIN, Uncertain(INTERRUPTED, code="interrupted"))
                continue
            if entry.due_at is not None and entry.due_at > now:
                later = min(later or entry.due_at, entry.due_at)
                if entry.status == status.PLANNED:
                    continue
                break  # what waits for another try holds back what was written after it
            if entry.status == status.PLANNED and not await self._interactions.take_time(entry):
                continue  # taken back a moment ago
            # A slow provider may need longer than the lease; what is idempotent may be tried twice.
            if not able.idempotent and not await self._hold(claim, entry, now):
                return None
            if self._follow_up is not None and self._follow_up.is_plan(entry):
                again = await self._carry_out(self._follow_up, entry)
                later = min(later or again, again) if again else later
                continue
            if self._follow_up is not None and self._follow_up.concerns(entry, able):
                # Before it goes out: a crash right after would leave nothing behind that could be followed up.
                due_at = await self._follow_up.plan(entry)
                later = min(later or due_at, due_at) if due_at else later
            again = await (self._change(entry) if "changes" in entry.data else self._one(claim, entry, able, now))
            if again is not None:
                later = min(later or again, again)
                break
        return clock.now() if len(entries) >= PAGE and later is None else later

    async def _carry_out(self, follow_up: FollowsUp, plan: Interaction) -> datetime | None:
        again = await follow_up.carry_out(plan)
        await self._interactions.conclude(plan, status.PLANNED if again else status.SENT, due_at=again)
        return again

    async def _hold(self, claim: Claim, entry: Interaction, now: datetime) -> bool:
        """Keep the lease long enough for one more message; False when somebody else has it by now."""
        return await self._addresses.renew(claim, now + self._lease + self._allowed(entry.content))

    def _allowed(self, content: Content) -> timedelta:
        """How long a provider may take: attachments go up at 200 KB a second at the least."""
        return self._patience + timedelta(seconds=sum(file.size for file in content.files) / 200_000)

    async def _one(self, claim: Claim, entry: Interaction, able: Capabilities, held_at: datetime) -> datetime | None:
        """Try one message; returns when to try again, None when it is settled. The lease was renewed at `held_at`."""
        begun = False
        try:
            address = Address.of(entry.address)
            adapter = await self._lines.get(address.channel, address.account)
            if not able.sends:
                raise Rejected("Nothing can be sent on this channel.", code="receives_only")
            if (turn := await self._turn(address, adapter.capabilities)) is not None:
                return turn
            await self._restraint(entry, able, clock.now())
            content = await self._with_files(entry.content)
            if not able.idempotent:
                if not await self._interactions.begin(entry):
                    return clock.now()  # it was taken back, or the lease ran out and somebody else is at it: look again
                begun = True
                if clock.now() - held_at > self._lease and not await self._hold(claim, entry, clock.now()):
                    return None  # we stood still too long, and whoever has the lane now takes this for uncertain
                reached("begun")
            async with asyncio.timeout(self._allowed(content).total_seconds()):
                with self._interactions.steps.asking(entry):
                    taken = await adapter.send(self._outbound(entry, address, content, adapter.capabilities))
            reached("accepted")
        except RetryLater as error:
            return await self._again(entry, error, begun, able)
        except UnknownAccount:
            await self._conclude(entry, status.FAILED, Rejected(NO_LINE, code="no_line"), counted=begun)
        except RecipientGone as error:
            await self._addresses.learn(entry.address, reachable=False, gone=error.sentence)
            if self._elsewhere is not None:
                await self._elsewhere(entry)
            await self._conclude(entry, status.FAILED, error, counted=begun)
        except Uncertain as error:
            await self._conclude(entry, status.UNCERTAIN, error, counted=begun)
        except DeliveryError as error:
            # What the person declined was right not to go out: nobody has to look at it.
            new = status.CANCELLED if error.code == DECLINED_CODE else status.FAILED
            await self._conclude(entry, new, error, counted=begun)
        except TimeoutError:
            await self._conclude(entry, status.UNCERTAIN, Uncertain(NO_ANSWER, code="no_answer"), counted=begun)
        except Exception as error:
            if away(error) or (not begun and not able.idempotent):
                raise  # nothing was handed over yet, or trying it again is harmless: the lane backs off
            log.exception("deliver.stumbled", entry=entry.id)
            trouble = Uncertain(Said(STUMBLED, f"({type(error).__name__})"), code="stumbled")
            await self._conclude(entry, status.UNCERTAIN, trouble, counted=begun)
        else:
            ids = (taken,) if isinstance(taken, str) else taken
            await self._interactions.conclude(
                entry, status.SENT, external_id=ids if len(ids) > 1 else ids[0], counted=begun
            )
            reached("concluded")
            went = replace(entry, status=status.SENT, external_id=ids[0], external_ids=ids, error=None, due_at=None)
            self._feed.announce(entry_changed(went))
            self._interactions.steps.sent(entry, ids[0])
        return None

    async def _turn(self, address: Address, able: Capabilities) -> datetime | None:
        """Wait for this message's turn when it is near; else when it comes, so that the lane can be left till then."""
        wait = self._pace.take(address, able)
        if wait > PATIENT:
            return clock.now() + timedelta(seconds=wait)
        if wait:
            await asyncio.sleep(wait)
        return None

    async def _change(self, entry: Interaction) -> datetime | None:
        """Carry a change of what was sent to the provider, as often as it takes: doing it twice does it once."""
        try:
            address = Address.of(entry.address)
            adapter = await self._lines.get(address.channel, address.account)
            if (turn := await self._turn(address, adapter.capabilities)) is not None:
                return turn
            async with asyncio.timeout(self._patience.total_seconds()):
                await self._revise(entry, adapter)
        except (RetryLater, Uncertain, TimeoutError) as error:
            later = error if isinstance(error, RetryLater) else RetryLater(UNANSWERED, code="no_answer")
            last = entry.attempts + 1 >= TRIES
            await self._revise.not_done(entry, later, again=not last)
            return await self._again(entry, later, False, adapter.capabilities)
        except (DeliveryError, UnknownAccount) as error:
            final = error if isinstance(error, DeliveryError) else Rejected(NO_LINE, code="no_line")
            await self._revise.not_done(entry, final, again=False)
            await self._conclude(entry, status.CANCELLED, final, counted=False)
        else:
            await self._interactions.conclude(entry, status.SENT, counted=False)
            self._interactions.steps.changed(entry)
        return None

    def _outbound(self, entry: Interaction, address: Address, content: Content, able: Capabilities) -> Outbound:
        content = self._personal(content, entry.id, able) if self._personal else content
        automatic = entry.author.kind != "agent"
        declinable = automatic and entry.data.get("purpose") in DECLINABLE
        return Outbound(
            id=entry.id,
            address=address,
            content=content,
            reply_to=entry.reply_to[-1] if entry.reply_to else None,
            references=entry.reply_to,
            author=entry.author.name,
            automatic=automatic,
            conversation=entry.conversation_id,
            unsubscribe=self._unsubscribe.link(entry.id) if declinable else "",
            signature=str(entry.data.get("signature", "")),
        )

    async def _again(self, entry: Interaction, error: RetryLater, begun: bool, able: Capabilities) -> datetime | None:
        attempts = entry.attempts + 1
        wait = pause(entry.attempts, error.after)
        if error.account_wide:
            # Without a word from the provider it is looked at again soon: a person may mend it any moment.
            held = wait.total_seconds()
            self._pace.hold(Address.of(entry.address), held if error.after is not None else min(held, 30))
        if attempts >= TRIES:
            given_up = status.CANCELLED if "changes" in entry.data else status.FAILED
            await self._conclude(entry, given_up, error, counted=begun)
            return None
        due_at = clock.now() + wait
        await self._interactions.conclude(
            entry, status.QUEUED, code=error.code, sentence=error.sentence, due_at=due_at, counted=begun
        )
        problem = Problem(error.code, error.sentence)
        waiting = replace(entry, status=status.QUEUED, error=problem, due_at=due_at, attempts=attempts)
        self._feed.announce(entry_changed(waiting))
        self._interactions.steps.again(entry, error.code, due_at)
        return due_at

    async def _conclude(self, entry: Interaction, new: str, error: DeliveryError, *, counted: bool = True) -> None:
        await self._interactions.conclude(entry, new, code=error.code, sentence=error.sentence, counted=counted)
        self._interactions.steps.troubled(entry, new, error.code)
        self._feed.announce(entry_changed(replace(entry, status=new, error=Problem(error.code, error.sentence))))

    async def _with_files(self, content: Content) -> Content:
        if not content.files:
            return content
        files = []
        for file in content.files:
            data = await self._files.get(file.sha256) if file.sha256 else None
            if data is None:
                raise Rejected(Said("The attachment {name} is not there any more.", name=file.name), code="no_file")
            files.append(replace(file, data=data))
        return replace(content, files=tuple(files))


INTERRUPTED = (
    "The hub stopped while this was being sent. It may have arrived: look there, or ask, before sending it again."
)
NO_ANSWER = "The provider did not answer in time. It may have arrived: look there, or ask, before sending it again."
NO_LINE = "The line it should go out on is not configured or switched off."
UNANSWERED = "The provider did not answer in time."
STUMBLED = "Something unexpected happened while sending. It may have arrived: look there before sending it again."
