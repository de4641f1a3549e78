"""send: where bot, agents and notifications all enter. Writes what is to go out; `deliver` takes it from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from core import clock
from core.addresses.store import Addresses
from core.channel import Address, Capabilities
from core.checkpoint import reached
from core.content import Content
from core.conversations.conversation import Conversation
from core.errors import Invalid
from core.feed import Feed, entry_changed, lane_due
from core.fit import fit
from core.ids import new_id
from core.interactions import status
from core.interactions.interaction import Author, Interaction, Kind
from core.interactions.store import Interactions


class Send:
    """Queues content for an address, once per key."""

    def __init__(
        self,
        interactions: Interactions,
        addresses: Addresses,
        feed: Feed,
        able: Mapping[str, Capabilities],
    ) -> None:
        self._interactions = interactions
        self._addresses = addresses
        self._feed = feed
        self.able = able

    def check(self, address: str) -> Capabilities:
        """What the address's channel can carry. Raises Invalid when it cannot send at all."""
        able = self.able.get(Address.of(address).channel)
        if able is None or not able.sends:
            raise Invalid("Nothing can be sent on this channel. Choose another address of this customer.")
        return able

    async def __call__(
        self,
        address: str,
        content: Content,
        author: Author,
        *,
        key: str,
        kind: Kind = "message",
        customer_id: str | None = None,
        conversation: Conversation | None = None,
        due_at: datetime | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> list[Interaction]:
        """Fit `content` to the address's channel and queue it, one entry per provider message.

        `key` names the occasion ("reply:…", "order:…:shipped"): the same key at the same address is queued once for
        ever, however often this is called. With `due_at` in the future it is planned. Returns the entries, also when
        they were there already. Raises Invalid when the address's channel cannot send, CannotStore when the database
        is away.
        """
        parts = Address.of(address)
        able = self.check(address)
        now = clock.now()
        references: tuple[str, ...] = ()
        if able.subject and conversation is not None:
            references = conversation.references
            if not content.subject and conversation.subject:
                content = replace(content, subject=_answer_to(conversation.subject))
        planned = due_at is not None and due_at > now
        sent = not planned and able.reads_log and await self._is_next(address, kind, author, data)
        entries = [
            Interaction(
                id=new_id(),
                kind=kind,
                direction="out",
                channel=parts.channel,
                account=parts.account,
                address=address,
                key=f"{key}/{n}" if n else key,
                author=author,
                content=piece,
                at=now,
                status=status.PLANNED if planned else status.SENT if sent else status.QUEUED,
                due_at=due_at if planned else None,
                customer_id=customer_id or (conversation.customer_id if conversation else None),
                conversation_id=conversation.id if conversation else None,
                reply_to=references,
                data=data or {},
            )
            for n, piece in enumerate(fit(content, able))
        ]
        if sent:
            entries = [replace(entry, external_id=entry.id) for entry in entries]
        fresh = await self._interactions.add(entries)
        reached("queued")
        if not (sent and all(fresh)):
            # Also when all were there: the process that wrote them may have died before it raised the flag.
            await self._addresses.flag([address], due_at if planned and due_at else now)
        for entry, is_new in zip(entries, fresh, strict=True):
            if is_new:
                self._interactions.steps.queued(entry)
                if sent:
                    self._interactions.steps.sent(entry, entry.id)
                self._feed.announce(entry_changed(entry))
        if sent and all(fresh):
            return entries
        self._feed.announce(lane_due("out", address))
        if all(fresh):
            return entries
        there = [await self._interactions.by_key(entry.address, entry.key) for entry in entries]
        return [entry for entry in there if entry is not None]

    async def _is_next(self, address: str, kind: Kind, author: Author, data: Mapping[str, Any] | None) -> bool:
        """Whether what the bot answers need not go through the lane, where it would only be marked as sent.

        What people write may be followed up and what has a purpose may be declined: both are `deliver`'s to see. And
        nothing overtakes what waits, nor (a survey) the words of an agent right before it, which another process may
        just have sent and this one not heard of.
        """
        answers = kind == "message" and author.kind == "bot" and not (data or {}).get("purpose")
        return answers and not await self._interactions.waiting(address)


def _answer_to(subject: str) -> str:
    return subject if subject[:3].lower() == "re:" else f"Re: {subject}"
