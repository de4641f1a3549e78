"""receipts: what providers say became of messages of ours.

A failure leaves a line where people see it before the message changes its state, and a dead address is marked before
that too: what a crash interrupts is completed when the same word comes again. A word that comes again changes nothing,
so a mailbox may be read twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from core import clock
from core.addresses.store import Addresses
from core.channel import Address, Receipt
from core.content import clean
from core.feed import Feed, entry_changed
from core.ids import id_of
from core.interactions import status
from core.interactions.beside import beside
from core.interactions.interaction import Interaction, sane
from core.interactions.store import Interactions
from core.said import sentence_document, shortened

CAME_BACK = "The message to {address} came back. {reason}"
GONE = "The message to {address} came back: this address cannot be reached any more. {reason}"
COPY_CAME_BACK = "The copy to {address} came back. {reason}"


class Receipts:
    """Applies receipts to the log."""

    def __init__(
        self,
        interactions: Interactions,
        addresses: Addresses,
        feed: Feed,
        elsewhere: Callable[[Interaction], Awaitable[None]] | None = None,
    ) -> None:
        """`elsewhere` is told of each message that its address will never get."""
        self._interactions = interactions
        self._addresses = addresses
        self._feed = feed
        self._elsewhere = elsewhere

    async def __call__(self, receipt: Receipt, raw: Mapping[str, Any] | None = None) -> None:
        """Note what `receipt` says; `raw` is where the payload it came in is kept."""
        address, external_id = clean(str(receipt.address)), clean(receipt.external_id)
        if receipt.status in ("failed", "delayed"):
            await self._failed(receipt, address, external_id, raw)
            return
        if receipt.outbound and receipt.also:
            await self._interactions.also_named(receipt.outbound, clean(receipt.also))
        changed = await self._interactions.receipt(
            address,
            external_id,
            receipt.status,
            code=clean(receipt.code)[:100],
            sentence=shortened(receipt.sentence, clean),
            at=sane(receipt.at, clock.now()),
            entry=receipt.outbound,
        )
        if changed:
            self._feed.announce(entry_changed(changed))

    async def _failed(self, receipt: Receipt, address: str, external_id: str, raw: Mapping[str, Any] | None) -> None:
        entry = await self._interactions.ours(address, external_id, receipt.outbound)
        if entry is None:
            # A provider's own word about an address counts all the same; a mark without its message does not.
            if receipt.gone and not receipt.outbound:
                await self._addresses.learn(
                    address, reachable=False, gone=shortened(receipt.sentence, clean), at=receipt.at
                )
            return
        code, sentence = clean(receipt.code)[:100], shortened(receipt.sentence, clean)
        at = sane(receipt.at, clock.now())
        if receipt.status == "delayed":
            late = await self._interactions.delayed(entry, code, sentence, at)
            if late:
                self._feed.announce(entry_changed(late))
            return
        copies = (*entry.content.cc, *entry.content.bcc)
        if receipt.outbound and receipt.address.person in copies:
            # The message itself arrived; only this copy of it did not.
            await self._line(entry, COPY_CAME_BACK, receipt, sentence, raw, copy=True)
            return
        retried = entry.data.get("retried_at")
        if entry.status not in status.below(status.FAILED) or (retried and receipt.at and at < retried):
            return
        await self._line(entry, GONE if receipt.gone else CAME_BACK, receipt, sentence, raw)
        if receipt.gone:
            await self._addresses.learn(entry.address, reachable=False, gone=sentence, at=at)
            if self._elsewhere is not None:
                await self._elsewhere(entry)
        changed = await self._interactions.receipt(
            entry.address,
            entry.external_id or external_id,
            status.FAILED,
            code=code,
            sentence=sentence,
            at=at,
            entry=entry.id,
            data={"bounce": "hard" if receipt.gone else "soft"},
        )
        if changed:
            self._feed.announce(entry_changed(changed))

    async def _line(
        self,
        entry: Interaction,
        text: str,
        receipt: Receipt,
        reason: str,
        raw: Mapping[str, Any] | None,
        *,
        copy: bool = False,
    ) -> None:
        """The line that people see in the conversation the message is part of."""
        if not entry.conversation_id:
            return
        to = receipt.address.person if copy else Address.of(entry.address).person
        occasion = receipt.at.isoformat() if receipt.at else str(entry.attempts)
        data = {"address": clean(to), "reason": sentence_document(reason), "message": entry.id, "hard": receipt.gone}
        line = beside(entry, text, key=f"came-back:{entry.id}:{occasion}:{id_of(to)}", data=data, raw=raw)
        if (await self._interactions.add([line]))[0]:
            self._feed.announce(entry_changed(line))
