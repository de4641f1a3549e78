"""Whose order it is: finds or makes the customer the shop names. Never merges two records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.channel import Identity
from core.customers.customer import Customer, key_of
from core.customers.store import Customers
from core.ids import id_of
from core.orders.order import Order


class Owner:
    """The customer of an order.

    A signed source vouches for mail and phone, so they are keys. When they belong to two customers, the mail decides
    and the phone stays where it is: a shop where a family shares a number must not make one person of it.
    """

    def __init__(self, customers: Customers) -> None:
        self._customers = customers

    async def __call__(self, order: Order, now: datetime) -> Customer:
        """The customer; the same one however often and from however many processes this is asked."""
        told = (Identity("email", order.contact.email), Identity("phone", order.contact.phone))
        keys = [key_of(identity) for identity in told if identity.value]
        customer = await self._customers.get(order.customer_id) if order.customer_id else None
        customer = customer or await self._found(order, keys, now)
        # One by one: a key that belongs to somebody else must not keep the other from being learned.
        for key in keys:
            if key not in customer.keys:
                customer = await self._customers.learn(customer.id, keys=[key]) or customer
        name = order.contact.name if order.contact.name and not customer.name else None
        language = order.language if order.language and not customer.language else None
        if name or language:
            customer = await self._customers.learn(customer.id, name=name, language=language) or customer
        return customer

    async def _found(self, order: Order, keys: Sequence[str], now: datetime) -> Customer:
        for _attempt in range(5):
            known = await self._customers.by_keys(keys)
            if known:
                return known[0]  # in the order of keys: the mail's owner before the phone's
            fresh = Customer(
                id=id_of(f"customer of order {order.id}"),
                name=order.contact.name,
                language=order.language,
                keys=tuple(keys),
                created_at=now,
            )
            made = await self._customers.add(fresh)
            if made is not None:
                return made
        raise RuntimeError("the customers of an order's mail and phone change faster than they can be read")
