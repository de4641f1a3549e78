"""write_first: an agent begins a conversation with somebody who has not written, or not lately.

Where conversations have subjects (mail) each begins a thread of its own; elsewhere there is one at a time with an
address, and the words join it. The conversation's id follows from the key, so a doubled click begins one.
"""

from __future__ import annotations

from datetime import datetime

from core import clock
from core.addresses.store import Addresses
from core.agents.agent import Agent
from core.channel import Address
from core.content import Content
from core.conversations.conversation import Conversation, Last, preview
from core.conversations.store import Conversations
from core.customers.customer import Customer
from core.customers.store import Customers
from core.desk import Desk
from core.errors import Invalid
from core.feed import Feed, conversation_changed
from core.ids import id_of
from core.send import Send


class WriteFirst:
    """Begins conversations on behalf of agents."""

    def __init__(
        self,
        conversations: Conversations,
        customers: Customers,
        addresses: Addresses,
        desk: Desk,
        send: Send,
        feed: Feed,
    ) -> None:
        self._conversations = conversations
        self._customers = customers
        self._addresses = addresses
        self._desk = desk
        self._send = send
        self._feed = feed

    async def __call__(
        self,
        agent: Agent,
        address: str,
        content: Content,
        *,
        key: str,
        customer_id: str = "",
        claim: str = "",
        due_at: datetime | None = None,
    ) -> Conversation:
        """Write to `address`; the conversation in which it stands. The same `key` again is the same letter.

        An address nobody is known at becomes that of `customer_id`, or of a new customer, of whom `claim`
        (`email:ann@example.org`) is what the agent says. Raises Invalid, having changed nothing, for words or an
        address that cannot be sent.
        """
        able = self._send.check(address)
        self._desk.check(content, due_at)
        if able.subject and not (content.subject or "").strip():
            raise Invalid("Write a subject.", field="subject")
        customer = await self._whose(address, customer_id, claim)
        thread = f"first:{key}" if able.subject else ""
        conversation = None if thread else await self._conversations.active(address)
        if conversation is None:
            now = clock.now()
            parts = Address.of(address)
            conversation = await self._conversations.start(
                Conversation(
                    id=id_of(f"first {agent.id} {address} {key}"),
                    address=address,
                    channel=parts.channel,
                    account=parts.account,
                    thread=thread,
                    status="open",
                    customer_id=customer.id,
                    customer_name=customer.name or parts.person,
                    opened_at=now,
                    last=Last(now, preview(content.text), "agent"),
                    subject=(content.subject or "")[:300],
                    language=customer.language,
                    reply_address=address,
                    assignee=agent.id,
                )
            )
        await self._desk.reply(agent, conversation.id, content, key=key, due_at=due_at)
        after = await self._conversations.get(conversation.id) or conversation
        self._feed.announce(conversation_changed(after))
        return after

    async def _whose(self, address: str, customer_id: str, claim: str) -> Customer:
        known = await self._addresses.get(address)
        owner_id = (known.customer_id if known else None) or customer_id
        found = await self._customers.get(owner_id) if owner_id else None
        if found is None and claim:
            found = next(iter(await self._customers.by_keys([claim])), None)
        if found is None:
            # The id is the one that whoever writes from there would get, so both come to the same record.
            fresh = Customer(id=id_of(f"customer {address}"), claims=(claim,) if claim else (), created_at=clock.now())
            found = await self._customers.add(fresh) or fresh
        owner = await self._addresses.adopt(address, found.id)
        return found if owner == found.id else await self._customers.get(owner) or found
