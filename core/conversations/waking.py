"""Brings a conversation up among what waits for people, from whatever state it is in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.conversations.conversation import Conversation
from core.conversations.store import Conversations


async def brought_up(conversations: Conversations, id: str, now: datetime) -> Conversation | None:
    """The conversation people find it in: this one, else the one the customer began since; None when there is none."""
    conversation = await conversations.get(id)
    if conversation is None:
        return None
    fields: dict[str, Any] = {
        "status": "open",
        "urgent": True,
        "unread": max(conversation.unread, 1),
        "waiting_since": conversation.waiting_since or now,
    }
    gone = ("snoozed_until",)
    if conversation.active:
        opened = await conversations.change(conversation.id, fields, where={"active": True}, unset=gone)
        if opened is not None:
            return opened
    opened = await conversations.reopen(conversation.id, fields)
    if opened is None:
        newer = await conversations.active(conversation.address, conversation.thread)
        opened = await conversations.change(newer.id, fields, unset=gone) if newer else None
    return opened
