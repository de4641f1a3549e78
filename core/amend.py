"""amend: an agent changes what they sent, or takes it back. Queued like a message; `revise` carries it out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from core import clock
from core.addresses.store import Addresses
from core.agents.agent import Agent
from core.channel import Capabilities
from core.content import Content
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.feed import Feed, lane_due
from core.fit import size
from core.ids import new_id
from core.interactions import status
from core.interactions.interaction import Author, Interaction
from core.interactions.store import Interactions
from core.said import Said

_WENT = (status.SENT, status.DELIVERED, status.READ)
_AGES = 100 * 365 * 86400.0
What = Literal["edit", "delete"]


def may_edit(entry: Interaction, able: Capabilities, now: datetime) -> bool:
    """Whether the text of `entry` can be changed where the customer reads it."""
    return bool(entry.content.text) and _may(entry, able.edits, now)


def may_delete(entry: Interaction, able: Capabilities, now: datetime) -> bool:
    """Whether `entry` can be taken back where the customer reads it."""
    return _may(entry, able.deletes, now)


def _may(entry: Interaction, seconds: float, now: datetime) -> bool:
    """People's own words only: what the bot or a notification said is nobody's to change."""
    if entry.direction != "out" or entry.kind != "message" or entry.author.kind != "agent":
        return False
    if entry.status not in _WENT or entry.deleted_at is not None:
        return False
    return now - entry.at < timedelta(seconds=min(seconds, _AGES))


class Amend:
    """The two verbs. Agents change their own words, administrators everybody's."""

    def __init__(
        self, interactions: Interactions, addresses: Addresses, feed: Feed, able: Mapping[str, Capabilities]
    ) -> None:
        self._interactions = interactions
        self._addresses = addresses
        self._feed = feed
        self._able = able

    async def edit(self, agent: Agent, interaction_id: str, text: str, *, key: str) -> Interaction:
        """Let the customer read `text` in place of what was sent; returns the message as it still is.

        The same `key` and text again are the same change. Raises NotFound, NotAllowed for another agent's words,
        Conflict when it is too late, Invalid for an empty or overlong text.
        """
        target, able = await self._mine(agent, interaction_id)
        text = text.strip()
        if not text:
            raise Invalid("Write something first. To take the message back, delete it.", field="text")
        longest = able.max_caption if target.content.files and able.max_caption else able.max_text
        if longest and size(text, utf16=able.utf16) > longest:
            limit = Said("This is too long; a message that is changed holds {limit} characters.", limit=f"{longest:,}")
            raise Invalid(limit, field="text")
        if not may_edit(target, able, clock.now()):
            raise Conflict("This message can no longer be changed.")
        if text != target.content.text:
            await self._queue(agent, target, "edit", Content(text=text), key)
        return target

    async def delete(self, agent: Agent, interaction_id: str, *, key: str) -> Interaction:
        """Take a message back; returns it as it still is. Raises NotFound, NotAllowed, Conflict when it is too late."""
        target, able = await self._mine(agent, interaction_id)
        if target.deleted_at is None:
            if not may_delete(target, able, clock.now()):
                raise Conflict("This message can no longer be taken back.")
            await self._queue(agent, target, "delete", Content(), key)
        return target

    async def _mine(self, agent: Agent, interaction_id: str) -> tuple[Interaction, Capabilities]:
        target = await self._interactions.get(interaction_id)
        if target is None:
            raise NotFound("This message is not there any more.")
        if target.author.id != agent.id and agent.role != "admin":
            raise NotAllowed("Only who wrote a message can change it.")
        return target, self._able.get(target.channel) or Capabilities(sends=False)

    async def _queue(self, agent: Agent, target: Interaction, what: What, content: Content, key: str) -> None:
        now = clock.now()
        entry = Interaction(
            id=new_id(),
            kind="system",
            direction="out",
            channel=target.channel,
            account=target.account,
            address=target.address,
            key=f"{what}:{target.id}:{key}:{hashlib.sha256(content.text.encode()).hexdigest()[:16]}",
            author=Author("agent", agent.id, agent.name),
            content=content,
            at=now,
            status=status.QUEUED,
            customer_id=target.customer_id,
            data={"changes": {"what": what, "id": target.id}},
        )
        await self._interactions.add([entry])
        await self._addresses.flag([target.address], now)
        self._feed.announce(lane_due("out", target.address))
