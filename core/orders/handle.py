"""What happens with an order event of the log: the order changes, its customer is found and told, pages follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from core import clock
from core.checkpoint import reached
from core.customers.customer import Customer
from core.errors import Conflict
from core.interactions.interaction import Interaction
from core.orders.notify import Notify
from core.orders.order import Order
from core.orders.owner import Owner
from core.orders.progress import Happened, happened, is_latest, progress
from core.orders.store import Orders


class HandleOrder:
    """Handles one `order` entry of the log. Every step can be repeated, so doing it again mends a crash anywhere.

    `announce` tells the feed of a changed order, `announce_entry` of a line that agents should see.
    """

    def __init__(
        self,
        orders: Orders,
        owner: Owner,
        notify: Notify,
        announce: Callable[[Order], None],
        announce_entry: Callable[[Interaction], None],
    ) -> None:
        self._orders = orders
        self._owner = owner
        self._notify = notify
        self._announce = announce
        self._announce_entry = announce_entry

    async def __call__(self, entry: Interaction) -> str | None:
        """Apply the event, notify the customer; returns the customer's id. Raises ValueError for what is no event."""
        now = clock.now()
        news = happened(entry.data, entry.at, entry.id)
        number = str(entry.data["order"]["number"])
        order, customer = await self._written(entry.account, number, news, now)
        reached("committed")
        self._announce(order)
        # What a later event has overtaken is in the history, and nobody is told of it any more.
        if is_latest(order, news.step):
            for line in await self._notify(order, news.step, customer, now):
                if line.direction == "internal":
                    self._announce_entry(line)
        return customer.id

    async def _written(self, source: str, number: str, news: Happened, now: datetime) -> tuple[Order, Customer]:
        """The order after `news`, with its customer. Done anew when somebody else changed it in between."""
        for _attempt in range(20):
            before = await self._orders.begin(source, number, now)
            after = progress(before, news)
            customer = await self._owner(after, now)
            if after is before and before.customer_id == customer.id:
                return before, customer
            after = replace(after, customer_id=customer.id, updated_at=now)
            saved = await self._orders.save(after)
            if saved is not None:
                return saved, customer
        raise Conflict("This order changes faster than it can be written.")
