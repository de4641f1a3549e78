"""elsewhere: a message whose address is dead goes to another address of the same customer.

What a machine wrote about an order goes on by itself, once: should it not arrive there either, a person looks. What an
agent wrote is the agent's: a line names the other addresses, and they send it there with one press.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from core.addresses.address import KnownAddress
from core.addresses.store import Addresses
from core.channel import Address, Capabilities
from core.content import Content
from core.feed import Feed, entry_changed
from core.interactions.beside import beside
from core.interactions.interaction import Interaction
from core.interactions.store import Interactions
from core.reach import others
from core.send import Send

OTHERS = "The customer can also be reached here: {others}"
WENT_ON = "This went to {others} instead"


class Elsewhere:
    """What is done about a message that its address will never get."""

    def __init__(
        self,
        interactions: Interactions,
        addresses: Addresses,
        send: Send,
        feed: Feed,
        able: Mapping[str, Capabilities],
        mail_of: Callable[[str], Awaitable[str]],
    ) -> None:
        """`mail_of` gives the address a customer can be written to by mail, empty where none is known."""
        self._interactions = interactions
        self._addresses = addresses
        self._send = send
        self._feed = feed
        self._able = able
        self._mail_of = mail_of

    async def __call__(self, entry: Interaction) -> None:
        """Send a notification on, or tell the agent where else. Called before `entry` is concluded; repeatable."""
        if entry.data.get("onward_of"):
            return
        found = await self._others(entry)
        if entry.kind == "notification" and entry.author.kind != "agent":
            if address := found[0].id if found else await self._by_mail(entry):
                await self._send_on(entry, address)
        elif found:
            await self._line(entry, OTHERS, found)

    async def _by_mail(self, entry: Interaction) -> str:
        """The mail address the customer gave and has not used yet; empty when there is none to write to."""
        address = await self._mail_of(entry.customer_id) if entry.customer_id else ""
        there = await self._addresses.get(address) if address else None
        return "" if address == entry.address or (there is not None and not there.reachable) else address

    async def _others(self, entry: Interaction) -> list[KnownAddress]:
        """The other addresses of the customer that can be written to, the likeliest first."""
        theirs = await self._addresses.of_customer(entry.customer_id) if entry.customer_id else []
        return others(theirs, entry.address, self._able)

    async def _send_on(self, entry: Interaction, address: str) -> None:
        # Settled first, by a write only the first can make: whatever crashes or comes again, it goes to one address.
        address = await self._interactions.goes_on(entry, address)
        if entry.customer_id:
            await self._addresses.adopt(address, entry.customer_id)
        await self._send(
            address,
            for_channel(entry, self._able.get(Address.of(address).channel)),
            entry.author,
            key=f"onward:{entry.id}",
            kind=entry.kind,
            customer_id=entry.customer_id,
            data={**{key: value for key, value in entry.data.items() if key != "onward"}, "onward_of": entry.id},
        )
        await self._line(entry, WENT_ON, [KnownAddress(address)])

    async def _line(self, entry: Interaction, text: str, where: Sequence[KnownAddress]) -> None:
        if not entry.conversation_id:
            return
        named = ", ".join(f"{known.parts.channel} {known.parts.person}" for known in where[:5])
        data = {"others": named, "message": entry.id}
        line = beside(entry, text, key=f"elsewhere:{entry.id}:{entry.attempts}", data=data)
        if (await self._interactions.add([line]))[0]:
            self._feed.announce(entry_changed(line))


def for_channel(entry: Interaction, able: Capabilities | None) -> Content:
    """The content of `entry` for a channel that can do what `able` says: copies go where there are copies."""
    content = replace(entry.content, subject=entry.content.subject or entry.data.get("subject"))
    return content if able is not None and able.subject else replace(content, cc=(), bcc=())
