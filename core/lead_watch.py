"""lead_watch: brings up leads whose planned step is due, and flags those that were left alone longer than agreed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.conversations.conversation import Conversation
from core.conversations.store import Conversations
from core.conversations.waking import brought_up
from core.feed import Feed, conversation_changed, entry_changed, lead_changed
from core.interactions.store import Interactions
from core.leads.lead import Lead
from core.leads.store import Leads
from core.perform import system_line


class LeadWatch:
    """Driven by the worker. Of several at once each lead is taken by one, in a single write."""

    def __init__(self, leads: Leads, conversations: Conversations, interactions: Interactions, feed: Feed) -> None:
        self._leads = leads
        self._conversations = conversations
        self._interactions = interactions
        self._feed = feed

    async def bring_up(self, now: datetime) -> bool:
        """Tell people of one lead; False when none needs it. Repeatable, by anybody: it is marked when it was told."""
        due = await self._leads.due_step(now)
        if due is not None and due.step is not None:
            conversation = await brought_up(self._conversations, due.conversation_id, now)
            key = f"lead-step:{due.id}:{due.step.at:%Y%m%d%H%M%S%f}"
            await self._say(conversation, "It is time for the next step: {step}", key, {"step": due.step.text})
            self._shown(await self._leads.mark_due(due))
            return True
        alone = await self._leads.left_alone(now)
        if alone is None:
            return False
        conversation = await brought_up(self._conversations, alone.conversation_id, now)
        key = f"lead-alone:{alone.id}:{alone.touched_at:%Y%m%d%H%M%S%f}"
        await self._say(conversation, "Nobody has taken care of this lead since {at}", key, {"at": alone.touched_at})
        self._shown(await self._leads.flag(alone, now))
        return True

    def _shown(self, lead: Lead | None) -> None:
        if lead is not None:
            self._feed.announce(lead_changed(lead))

    async def _say(self, conversation: Conversation | None, text: str, key: str, data: dict[str, Any]) -> None:
        if conversation is None:
            return
        self._feed.announce(conversation_changed(conversation))
        line = system_line(conversation, text, key=key, data=data)
        if (await self._interactions.add([line]))[0]:
            self._feed.announce(entry_changed(line))
