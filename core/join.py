"""Which conversation an entry belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from core.addresses.store import Addresses
from core.channel import Address, Capabilities
from core.conversations.conversation import Conversation, Last, preview
from core.conversations.store import Conversations
from core.customers.customer import Customer
from core.ids import id_of
from core.interactions.interaction import Interaction
from core.interactions.store import Interactions
from core.lines import Lines

# An identity somebody typed into a form → the channel on which it can be answered.
ANSWERED_ON = {"email": "email", "phone": "sms"}


class Join:
    """Finds or begins the conversation of an entry."""

    def __init__(
        self,
        conversations: Conversations,
        interactions: Interactions,
        addresses: Addresses,
        lines: Lines,
    ) -> None:
        self._conversations = conversations
        self._interactions = interactions
        self._addresses = addresses
        self._lines = lines

    async def __call__(self, entry: Interaction, customer: Customer, now: datetime) -> Conversation:
        """The conversation of `entry`.

        An entry that answers one of ours joins its thread, looked up among the entries of the very same address: a
        quoted id or number of somebody else's thread joins nothing. Otherwise it joins the address's active
        conversation, or begins one. Where conversations have subjects (mail), what answers nothing begins a new one,
        and an answer reopens a resolved one.
        """
        letters = self._able(entry.channel).subject
        if entry.reply_to:
            parent = await self._interactions.answered(entry.address, entry.reply_to)
            if parent and parent.conversation_id:
                found = await self._conversations.get(parent.conversation_id)
                if found and (found.active or letters):
                    return found
        thread = entry.key if letters else ""
        found = await self._conversations.active(entry.address, thread)
        return found or await self._begin(entry, thread, customer, now)

    async def _begin(self, entry: Interaction, thread: str, customer: Customer, now: datetime) -> Conversation:
        fresh = Conversation(
            # The id follows from the entry, so a crash in between begins the same conversation again, not a twin.
            id=id_of(f"conversation {entry.address} {entry.id}"),
            address=entry.address,
            channel=entry.channel,
            account=entry.account,
            thread=thread,
            status="pending" if entry.kind == "message" else "open",
            customer_id=customer.id,
            customer_name=customer.name,
            opened_at=now,
            last=Last(entry.at, preview(entry.content.text), "customer", entry.id),
            subject=(entry.content.subject or "")[:300],
            language=customer.language,
            reply_address=await self._reply_address(entry, customer),
            lead=entry.kind == "form",
        )
        return await self._conversations.start(fresh)

    async def _reply_address(self, entry: Interaction, customer: Customer) -> str:
        if self._able(entry.channel).sends:
            return entry.address
        for identity in entry.who.get("identities", ()):
            channel = ANSWERED_ON.get(identity["kind"], "")
            account = await self._lines.first(channel) if channel in self._lines.able else None
            if account is not None:
                address = str(Address(channel, account.name, identity["value"]))
                await self._addresses.adopt(address, customer.id)
                return address
        return entry.address

    def _able(self, channel: str) -> Capabilities:
        able: Mapping[str, Capabilities] = self._lines.able
        return able.get(channel) or Capabilities(sends=False)
