"""revise: carries a change of a message that went out to where the customer reads it, then into the log.

The provider comes first: what the log shows is what the customer sees. Everything here can be repeated.
"""

from __future__ import annotations

from dataclasses import replace

from core import clock
from core.abilities import Edits
from core.channel import Address, Channel, Outbound
from core.conversations.conversation import preview
from core.conversations.store import Conversations
from core.errors import DeliveryError, Rejected
from core.feed import Feed, conversation_changed, entry_changed
from core.interactions.interaction import Interaction, Problem
from core.interactions.store import Interactions

CANNOT = "What was sent on this channel cannot be changed."


class Revise:
    """Applies one queued change. `data.changes` of its entry is `{"what": "edit" or "delete", "id": …}`."""

    def __init__(self, interactions: Interactions, conversations: Conversations, feed: Feed) -> None:
        self._interactions = interactions
        self._conversations = conversations
        self._feed = feed

    async def __call__(self, entry: Interaction, adapter: Channel) -> None:
        """Change the message that `entry` speaks of. Raises a DeliveryError."""
        target = await self._target(entry)
        if target is None or target.deleted_at is not None:
            return
        if not isinstance(adapter, Edits):
            raise Rejected(CANNOT, code="cannot_edit")
        address = Address.of(target.address)
        was = preview(target.content.text)
        if entry.data["changes"]["what"] == "delete":
            await adapter.delete(address, target.external_ids)
            after = await self._interactions.take_back(target, clock.now())
            shown = ""
        else:
            content = replace(target.content, text=entry.content.text, marks=entry.content.marks)
            await adapter.edit(Outbound(target.id, address, content), target.external_ids)
            after = await self._interactions.revise(target, content.text, content.marks, by=entry.id, at=clock.now())
            shown = preview(content.text)
        if after is not None:
            self._feed.announce(entry_changed(after))
        if target.conversation_id:
            await self._in_lists(target.conversation_id, was, shown)

    async def _in_lists(self, conversation_id: str, was: str, shown: str) -> None:
        """Lists show the newest line: what it was must not stay there."""
        where = {"last.author": "agent", "last.preview": was}
        conversation = await self._conversations.change(conversation_id, {"last.preview": shown}, where=where)
        if conversation is not None:
            self._feed.announce(conversation_changed(conversation))

    async def not_done(self, entry: Interaction, error: DeliveryError, *, again: bool) -> None:
        """Say beside the message that the customer does not see the change, and why."""
        target = await self._target(entry)
        if target is None:
            return
        problem = Problem(error.code, error.sentence)
        after = await self._interactions.not_changed(target, entry.data["changes"]["what"], problem, again=again)
        if after is not None:
            self._feed.announce(entry_changed(after))

    async def _target(self, entry: Interaction) -> Interaction | None:
        return await self._interactions.get(str(entry.data["changes"]["id"]))
