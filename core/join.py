"""Which conversation an entry belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from core.addresses.store import Addresses
from core.channel import Address, Capabilities
from core.conversations.conversation import UNBORN, Conversation, Last, Status, preview
from core.conversations.store import Conversations
from core.customers.customer import Customer
from core.ids import id_of
from core.interactions.interaction import Interaction
from core.interactions.store import Interactions
from core.lines import Lines
from core.rating import rated_conversation

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
        """The conversation of `entry`; one that begins with it is not written yet (`UNBORN`).

        What joins a thread: the signed reply address of that conversation, given to this very sender; then an answer to
        an entry of it, if the sender takes part: wrote or was written to in it before, or was copied in by somebody who
        takes part. A quoted id, number or subject of somebody else's thread joins nothing. Otherwise an entry joins the
        address's active conversation, or begins one. Where conversations have subjects (mail), what answers nothing
        begins a new one, and an answer reopens a resolved one. A sender who is doubted joins only what is theirs. How a
        resolved conversation was is told in that conversation.
        """
        letters = self._able(entry.channel).subject
        found = await self._thread(entry, customer, letters=letters)
        if found is not None:
            return found
        if entry.data.get("machine") and (last := await self._conversations.latest(entry.address, customer.id)):
            return last  # what a machine writes belongs to what was last spoken of with this address
        if entry.choice and (rated := await rated_conversation(entry, customer.id, self._conversations)):
            return rated
        thread = entry.key if letters else ""
        found = await self._conversations.active(entry.address, thread)
        if found is None and not letters:
            found = await rated_conversation(entry, customer.id, self._conversations)
        return found or await self._begin(entry, thread, customer, now)

    async def _thread(self, entry: Interaction, customer: Customer, *, letters: bool) -> Conversation | None:
        """The conversation `entry` belongs to by what it answers, if its sender takes part in that."""
        if entry.thread:
            found = await self._conversations.get(entry.thread)
            if found and (found.active or letters) and _theirs(found, entry, customer):
                return found
        if not entry.reply_to:
            return None
        parent = await self._interactions.answered(entry.address, entry.reply_to)
        if parent and parent.conversation_id:
            found = await self._conversations.get(parent.conversation_id)
            if found and (found.active or letters) and _theirs(found, entry, customer):
                return found
        return await self._copied(entry) if letters and not _doubted(entry) else None

    async def _copied(self, entry: Interaction) -> Conversation | None:
        """The conversation of somebody else's entry that this one answers, if its sender was copied in there.

        Looked at are messages of ours that it provably quotes, and entries of people it names: who answers all names
        whoever wrote before.
        """
        sender = Address.of(entry.address)
        named = {str(box.get("address", "")).lower() for name in ("to", "cc") for box in entry.data.get(name, ())}
        parents = [
            one
            for one in await self._interactions.some([str(id) for id in entry.data.get("answers", ())][:50])
            if (one.channel, one.account) == (entry.channel, entry.account)
        ]
        others = [str(replace(sender, person=person)) for person in sorted(named - {sender.person, ""})[:50]]
        parents += await self._interactions.answered_by_others(others, entry.reply_to)
        for parent in parents:
            if not parent.conversation_id:
                continue
            found = await self._conversations.get(parent.conversation_id)
            if found and (entry.address in found.participants or sender.person in _people(parent)):
                return found
        return None

    async def _begin(self, entry: Interaction, thread: str, customer: Customer, now: datetime) -> Conversation:
        return Conversation(
            # The id follows from the entry, so a crash in between begins the same conversation again, not a twin.
            id=id_of(f"conversation {entry.address} {entry.id}"),
            address=entry.address,
            channel=entry.channel,
            account=entry.account,
            thread=thread,
            status=_first_status(entry),
            customer_id=customer.id,
            customer_name=customer.name,
            opened_at=now,
            last=Last(entry.at, preview(entry.content.said), "customer", entry.id),
            subject=(entry.content.subject or "")[:300],
            language=customer.language,
            reply_address=await self._reply_address(entry, customer),
            lead=entry.kind == "form",
            rev=UNBORN,
        )

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


def _first_status(entry: Interaction) -> Status:
    if entry.data.get("quiet"):
        return "resolved"  # an out-of-office note to nothing in particular: kept, and nobody's work
    return "pending" if entry.kind == "message" and entry.direction == "in" else "open"


def _theirs(conversation: Conversation, entry: Interaction, customer: Customer) -> bool:
    """Whether `entry` may join: from whoever is not proved to be its sender, only what is their own record's."""
    return not _doubted(entry) or conversation.customer_id == customer.id


def _doubted(entry: Interaction) -> bool:
    return any(identity.get("doubted") for identity in entry.who.get("identities", ()))


def _people(entry: Interaction) -> set[str]:
    """Who else was written to in an entry."""
    copied = {str(box.get("address", "")).lower() for name in ("to", "cc") for box in entry.data.get(name, ())}
    return copied | {*entry.content.cc, *entry.content.bcc}
