"""Finds the order a person means and may see."""

from __future__ import annotations

from collections.abc import Sequence

from bot.identities import matches
from bot.numbers import spellings
from core.decide import LooksUpOrders, OrderFacts

_MOST_LOOKUPS = 10
FINISHED = ("delivered", "cancelled", "refunded")


async def find(
    orders: LooksUpOrders, numbers: Sequence[str], told: Sequence[str], customer_id: str | None = None
) -> OrderFacts | None:
    """The first order with one of these numbers that is theirs; None for no such and for not theirs alike.

    Theirs is an order with one of the phones or mails `told`, and any of `customer_id` where the customer is known.
    """
    tries = list(dict.fromkeys(spelling for number in numbers for spelling in spellings(number)))
    for number in tries[:_MOST_LOOKUPS]:
        for order in await orders.by_number(number):
            if matches(told, order.identities) or (customer_id and order.customer_id == customer_id):
                return order
    return None


def chosen(theirs: Sequence[OrderFacts], numbers: Sequence[str]) -> list[OrderFacts]:
    """Those of a person's own orders to show: the ones named, else the unfinished ones, else the newest."""
    if numbers:
        wanted = {_plain(spelling) for number in numbers for spelling in spellings(number)}
        return [order for order in theirs if _plain(order.number) in wanted]
    return [order for order in theirs if order.status not in FINISHED] or list(theirs[:1])


def _plain(number: str) -> str:
    return "".join(character for character in number.casefold() if character.isalnum())
