"""go on: somebody who wrote in the web chat wrote to a messenger line with the token they were shown in that chat.

The conversation moves to the messenger: what the agent or the bot says next goes there, and what was said stays in it.
The two records become one only where nobody gains by it what they have not proved. Everything here can be repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from core.addresses.address import KnownAddress
from core.addresses.store import Addresses
from core.continuation import Continuation
from core.conversations.conversation import Conversation
from core.conversations.store import Conversations
from core.customers.merge import Merge
from core.customers.store import Customers
from core.database import taken
from core.errors import Conflict
from core.feed import Feed, conversation_changed, entry_changed
from core.ids import id_of, time_of
from core.interactions.interaction import Interaction
from core.interactions.store import Interactions
from core.perform import system_line

GOES_ON = "The customer goes on in {channel}"


class HasTitle(Protocol):
    """A channel, as far as it is named to people."""

    @property
    def title(self) -> str:
        """Its name."""
        ...


class GoOn:
    """Redeems the token in an entry's `start_payload`."""

    def __init__(
        self,
        tokens: Continuation,
        interactions: Interactions,
        conversations: Conversations,
        customers: Customers,
        addresses: Addresses,
        merge: Merge,
        feed: Feed,
        channels: Mapping[str, HasTitle],
    ) -> None:
        self._tokens = tokens
        self._interactions = interactions
        self._conversations = conversations
        self._customers = customers
        self._addresses = addresses
        self._merge = merge
        self._feed = feed
        self._channels = channels

    async def __call__(self, entry: Interaction, address: KnownAddress, now: datetime) -> KnownAddress | None:
        """The address with its customer after the conversation moved there; None when `entry` brings no good token."""
        payload = entry.data.get("start_payload")
        # When it came counts, not when a worker has time for it.
        id = self._tokens.conversation(payload, time_of(entry.id)) if isinstance(payload, str) else None
        conversation = await self._conversations.get(id) if id else None
        if conversation is None or not await self._redeemed(conversation, entry, str(payload)):
            return None
        if conversation.address == entry.address:
            return address  # a crash came between the move and its mark
        address = await self._joined(conversation, address, now)
        for _attempt in range(10):
            there = await self._conversations.active(entry.address)
            moved = await (self._into(conversation, there) if there else self._over(conversation, entry))
            if moved:
                return address
            conversation = await self._conversations.get(conversation.id) or conversation
        raise Conflict("This conversation changes faster than it can be handled.")

    async def _redeemed(self, conversation: Conversation, entry: Interaction, token: str) -> bool:
        """Use the token up; False when another entry did. The line that people see is what uses it up."""
        title = self._channels[entry.channel].title if entry.channel in self._channels else entry.channel
        key = f"continued:{id_of(token)}"
        data = {"channel": title, "entry": entry.id}
        line = system_line(conversation, GOES_ON, key=key, data=data)
        # An address of its own, because that of the conversation is about to change.
        line = replace(line, address=f"hub:continued:{conversation.id}")
        if (await self._interactions.add([line]))[0]:
            self._feed.announce(entry_changed(line))
            return True
        there = await self._interactions.by_key(line.address, key)
        return there is not None and there.data.get("entry") == entry.id

    async def _joined(self, conversation: Conversation, address: KnownAddress, now: datetime) -> KnownAddress:
        """Make one person of the two, if whoever wrote in the messenger is not proved to be somebody yet.

        Where they are, the visitor of the web page would come to count as them, and a link that was pressed by
        somebody who was talked into it is no proof of that: an agent sees the match and decides.
        """
        visitor = await self._customers.get(conversation.customer_id)
        if visitor is None:
            return address
        known = await self._customers.get(address.customer_id) if address.customer_id else None
        if known is None:
            return replace(address, customer_id=await self._addresses.adopt(address.id, visitor.id))
        if known.id != visitor.id:
            if known.keys:
                await self._customers.learn(visitor.id, claims=known.keys)
            else:
                merged = await self._merge(visitor.id, known.id, by="system", now=now)
                return replace(address, customer_id=merged.id)
        return address

    async def _over(self, conversation: Conversation, entry: Interaction) -> bool:
        """Move the conversation to the address of `entry`; a resolved one stays where it was."""
        if not conversation.active:
            return True
        where = {"address": entry.address, "channel": entry.channel, "account": entry.account, "thread": ""}
        try:
            moved = await self._conversations.change(
                conversation.id, {**where, "reply_address": entry.address}, where={"rev": conversation.rev}
            )
        except Exception as error:
            if not taken(error):
                raise
            return False  # they have begun to write there in this very moment
        if moved:
            self._feed.announce(conversation_changed(moved))
        return moved is not None

    async def _into(self, conversation: Conversation, there: Conversation) -> bool:
        """They write there already: that conversation takes over who answers, and this one ends."""
        if not conversation.active or conversation.id == there.id:
            return True
        pending = conversation.status == "pending"
        taken = replace(
            there,
            status=there.status if pending else "open",
            snoozed_until=None,
            assignee=there.assignee or conversation.assignee,
            bot=conversation.bot if pending and there.status == "pending" else there.bot,
            unread=max(there.unread, conversation.unread),
            waiting_since=there.waiting_since or conversation.waiting_since,
        )
        if not await self._change(taken, there):
            return False
        return await self._change(replace(conversation, status="resolved", unread=0, waiting_since=None), conversation)

    async def _change(self, after: Conversation, before: Conversation) -> bool:
        after = replace(after, rev=before.rev + 1)
        if not await self._conversations.commit(before, after):
            return False
        self._feed.announce(conversation_changed(after))
        return True
