"""calls: brings up a planned call when its time has come, so that people see it among what waits for them."""

from __future__ import annotations

from datetime import datetime

from core.agents.agent import Agent
from core.conversations.store import Conversations
from core.conversations.waking import brought_up
from core.errors import Conflict, NotFound
from core.feed import Feed, conversation_changed, entry_changed
from core.interactions import status
from core.interactions.interaction import Interaction
from core.interactions.store import Interactions
from core.perform import system_line


class Calls:
    """The clockwork of planned calls, and their end."""

    def __init__(self, interactions: Interactions, conversations: Conversations, feed: Feed) -> None:
        self._interactions = interactions
        self._conversations = conversations
        self._feed = feed

    async def bring_up(self, now: datetime) -> bool:
        """Open the conversation of one call that is due; False when there is none. Repeatable, by anybody."""
        call = await self._interactions.next_due(now)
        if call is None:
            return False
        conversation = await brought_up(self._conversations, call.conversation_id or "", now)
        if conversation is not None:
            self._feed.announce(conversation_changed(conversation))
            data = {"phone": str(call.data.get("phone", ""))}
            line = system_line(conversation, "It is time to call {phone}", key=f"due:{call.id}", data=data)
            if (await self._interactions.add([line]))[0]:
                self._feed.announce(entry_changed(line))
        if due := await self._interactions.set_task(call, (status.TO_DO,), status.DUE):
            self._feed.announce(entry_changed(due))
        return True

    async def done(self, agent: Agent, interaction_id: str) -> Interaction:
        """Say that the call was made, or need not be. Raises NotFound, Conflict."""
        call = await self._interactions.get(interaction_id)
        if call is None or call.kind != "call":
            raise NotFound("This call is not there any more.")
        after = await self._interactions.set_task(call, status.TASKS, status.DONE)
        if after is None:
            raise Conflict("This call is done already.")
        self._feed.announce(entry_changed(after))
        return after
