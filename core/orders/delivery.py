"""Changes where an order goes, on its customer's word, until it is on its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from core.decide import ChangeDelivery
from core.errors import Conflict
from core.orders.order import CHANGEABLE, DELIVERY, DeliveryChange, Order
from core.orders.store import Orders

MOST = 50
"""Changes kept of one order, newest last."""


class Redirect:
    """Writes one change into the order with its history. `announce` tells the feed."""

    def __init__(self, orders: Orders, announce: Callable[[Order], None]) -> None:
        self._orders = orders
        self._announce = announce

    async def __call__(self, change: ChangeDelivery, event: str, now: datetime) -> DeliveryChange | None:
        """The change as it was written; None when the order is on its way, over, or gone.

        `event` is the log entry that asked for it: the same one again changes nothing and gives the same answer.
        """
        for _attempt in range(20):
            order = await self._orders.numbered(change.source, change.number)
            if order is None:
                return None
            if done := next((each for each in order.changes if each.event == event), None):
                return done
            if order.status not in CHANGEABLE or change.field not in DELIVERY:
                return None
            before = order.delivery.get(change.field) or str(getattr(order.contact, change.field, ""))
            fresh = DeliveryChange(change.field, before, change.value, now, event)
            saved = await self._orders.save(
                replace(
                    order,
                    delivery={**order.delivery, change.field: change.value},
                    changes=(*order.changes, fresh)[-MOST:],
                    updated_at=now,
                )
            )
            if saved is not None:
                self._announce(saved)
                return fresh
        raise Conflict("This order changes faster than it can be written.")
