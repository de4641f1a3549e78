"""What the bot may ask about orders."""

from __future__ import annotations

from core.channel import Identity
from core.decide import OrderFacts
from core.orders.order import Order
from core.orders.store import Orders


class OrderLookup:
    """Implements `core.decide.LooksUpOrders`."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    async def of_customer(self, customer_id: str, limit: int = 5) -> list[OrderFacts]:
        """The customer's orders, newest first."""
        return [facts(order) for order in await self._orders.of_customer(customer_id, limit)]

    async def by_number(self, number: str) -> list[OrderFacts]:
        """The orders with this number as people type it, newest first."""
        return [facts(order) for order in await self._orders.typed(number, 5)]

    async def by_token(self, token: str) -> OrderFacts | None:
        """The order whose tracking page has this token."""
        order = await self._orders.by_token(token)
        return facts(order) if order else None


def facts(order: Order) -> OrderFacts:
    """An order as far as the bot may know it; its identities prove whose it is."""
    contact = order.contact
    told = (Identity("email", contact.email, True), Identity("phone", contact.phone, True))
    return OrderFacts(
        number=order.number,
        source=order.source,
        status=order.shown_status,
        lines=tuple(f"{line.quantity} × {line.name}" if _many(line.quantity) else line.name for line in order.lines),
        promised=order.promised,
        tracking_url=order.tracking_url or None,
        identities=tuple(identity for identity in told if identity.value),
        customer_id=order.customer_id,
        delivery={"phone": contact.phone, "name": contact.name, **order.delivery},
    )


def _many(quantity: str) -> bool:
    return quantity not in ("", "1", "1.0", "1.00")
