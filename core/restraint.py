"""restraint: which automatic messages do not go out, and why. People's own words always do.

Two reasons: the person declined messages of this purpose, or so many went to this address within the hour that two
machines are probably answering each other. The count is in the database, so that it holds over processes. Nothing is
dropped: the message stays in the log with a sentence, and a person who sends it again overrules.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.addresses.store import Addresses
from core.channel import Account, Address, Capabilities
from core.customers.store import Customers
from core.errors import Rejected, UnknownAccount
from core.interactions.interaction import Interaction
from core.lines import Lines
from core.unsubscribe import DECLINABLE

DECLINED_CODE = "declined"
DECLINED = "Not sent: the customer wants no more messages of this kind."
TOO_MANY = (
    "Not sent: this address got many automatic messages within the hour, so two machines may be answering each other. "
    "If a person waits there, send it again."
)


class Restraint:
    """Says of each automatic message whether it goes out."""

    def __init__(self, addresses: Addresses, customers: Customers, lines: Lines) -> None:
        self._addresses = addresses
        self._customers = customers
        self._lines = lines

    async def __call__(self, entry: Interaction, able: Capabilities, now: datetime) -> None:
        """Return when `entry` may go out, having counted it. Raises Rejected with the code `declined` or `too_many`."""
        if entry.author.kind == "agent":
            return
        purpose = entry.data.get("purpose")
        if purpose in DECLINABLE and entry.customer_id:
            customer = await self._customers.get(entry.customer_id)
            if customer is not None and customer.declined(purpose):
                raise Rejected(DECLINED, code=DECLINED_CODE)
        if not able.automatic_per_hour or entry.data.get("released"):
            return
        most = _most(await self._account(entry), able)
        if most and not await self._addresses.count_automatic(entry.address, entry.id, now, most):
            raise Rejected(TOO_MANY, code="too_many")

    async def _account(self, entry: Interaction) -> Account | None:
        address = Address.of(entry.address)
        try:
            return await self._lines.account(address.channel, address.account)
        except UnknownAccount:
            return None  # said by whoever wants to send on it


def _most(account: Account | None, able: Capabilities) -> int:
    """The bound of the account, else that of its channel; 0 for none."""
    wanted: Any = account.settings.get("automatic_per_hour") if account else None
    try:
        return max(0, int(wanted)) if wanted not in (None, "") else able.automatic_per_hour
    except (TypeError, ValueError):
        return able.automatic_per_hour
