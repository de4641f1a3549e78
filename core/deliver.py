"""deliver: hands what is queued to its channel, in the order it was written, and writes how it went.

The one place that acts on a `DeliveryError`. A crash between the provider's yes and our write is the one gap: where
sending twice is harmless (`Capabilities.idempotent`) the message is sent again, elsewhere it becomes `uncertain` and a
person decides. Nothing is lost silently, and nothing is silently sent twice.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog

from core.addresses.address import Claim
from core.addresses.store import Addresses
from core.channel import Address, Capabilities, Content, Outbound
from core.checkpoint import reached
from core.errors import DeliveryError, RecipientGone, Rejected, RetryLater, Uncertain, UnknownAccount
from core.feed import Feed, entry_changed
from core.files.store import Files
from core.interactions import status
from core.interactions.interaction import Interaction, Problem
from core.interactions.store import PAGE, Interactions
from core.lines import Lines
from core.pace import Pace
from core.restraint import DECLINED_CODE, Restraint
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


class Deliver:
    """Works off the out lane of one claimed address. `counts` tells outcomes, for the metrics.

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
        self._lease = lease
        self._patience = patience
        self._pace = Pace()
        self.counts: Counter[str] = Counter()

    async def __call__(self, claim: Claim) -> datetime | None:
        """Send what is due at the claimed address; returns when the lane is due again, None when it is empty."""
        entries = await self._interactions.waiting(claim.address.id)
        able = self._lines.able.get(claim.address.parts.channel) or Capabilities(sends=False)
        later: datetime | None = None
        for entry in entries:
            now = datetime.now(UTC)
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
            again = await self._one(entry, able)
            if again is not None:
                later = min(later or again, again)
                break
        return datetime.now(UTC) if len(entries) >= PAGE and later is None else later

    async def _hold(self, claim: Claim, entry: Interaction, now: datetime) -> bool:
        """Keep the lease long enough for one more message; False when somebody else has it by now."""
        return await self._addresses.renew(claim, now + self._lease + self._allowed(entry.content))

    def _allowed(self, content: Content) -> timedelta:
        """How long a provider may take: attachments go up at 200 KB a second at the least."""
        return self._patience + timedelta(seconds=sum(file.size for file in content.files) / 200_000)

    async def _one(self, entry: Interaction, able: Capabilities) -> datetime | None:
        """Try one message; returns when to try again, None when it is settled."""
        begun = False
        try:
            address = Address.of(entry.address)
            adapter = await self._lines.get(address.channel, address.account)
            if not able.sends:
                raise Rejected("Nothing can be sent on this channel.", code="receives_only")
            await self._restraint(entry, able, datetime.now(UTC))
            content = await self._with_files(entry.content)
            await self._pace(address, able)
            if not able.idempotent:
                await self._interactions.begin(entry)
                begun = True
                reached("begun")
            async with asyncio.timeout(self._allowed(content).total_seconds()):
                external_id = await adapter.send(self._outbound(entry, address, content))
            reached("accepted")
        except RetryLater as error:
            return await self._again(entry, error, begun, able)
        except UnknownAccount:
            await self._conclude(entry, status.FAILED, Rejected(NO_LINE, code="no_line"), counted=begun)
        except RecipientGone as error:
            await self._addresses.learn(entry.address, reachable=False)
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
            if not begun and not able.idempotent:
                raise  # nothing was handed over yet: the lane backs off and tries again
            log.exception("deliver.stumbled", entry=entry.id)
            trouble = Uncertain(f"{STUMBLED} ({type(error).__name__})", code="stumbled")
            await self._conclude(entry, status.UNCERTAIN, trouble, counted=begun)
        else:
            await self._interactions.conclude(entry, status.SENT, external_id=external_id, counted=begun)
            reached("concluded")
            self.counts["sent"] += 1
            self._feed.announce(
                entry_changed(replace(entry, status=status.SENT, external_id=external_id, error=None, due_at=None))
            )
        return None

    def _outbound(self, entry: Interaction, address: Address, content: Content) -> Outbound:
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
            self._pace.hold(Address.of(entry.address), wait.total_seconds())
        if attempts >= TRIES:
            await self._conclude(entry, status.FAILED, error, counted=begun)
            return None
        due_at = datetime.now(UTC) + wait
        await self._interactions.conclude(
            entry, status.QUEUED, code=error.code, sentence=error.sentence, due_at=due_at, counted=begun
        )
        self.counts["retry"] += 1
        problem = Problem(error.code, error.sentence)
        waiting = replace(entry, status=status.QUEUED, error=problem, due_at=due_at, attempts=attempts)
        self._feed.announce(entry_changed(waiting))
        return due_at

    async def _conclude(self, entry: Interaction, new: str, error: DeliveryError, *, counted: bool = True) -> None:
        await self._interactions.conclude(entry, new, code=error.code, sentence=error.sentence, counted=counted)
        self.counts[new] += 1
        log.warning("deliver.troubled", entry=entry.id, status=new, code=error.code)
        self._feed.announce(entry_changed(replace(entry, status=new, error=Problem(error.code, error.sentence))))

    async def _with_files(self, content: Content) -> Content:
        if not content.files:
            return content
        files = []
        for file in content.files:
            data = await self._files.get(file.sha256) if file.sha256 else None
            if data is None:
                raise Rejected(f"The attachment {file.name} is not there any more.", code="no_file")
            files.append(replace(file, data=data))
        return replace(content, files=tuple(files))


INTERRUPTED = (
    "The hub stopped while this was being sent. It may have arrived: look there, or ask, before sending it again."
)
NO_ANSWER = "The provider did not answer in time. It may have arrived: look there, or ask, before sending it again."
NO_LINE = "The line it should go out on is not configured or switched off."
STUMBLED = "Something unexpected happened while sending. It may have arrived: look there before sending it again."
