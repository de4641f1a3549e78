"""Tells where an order is, to whom it belongs: shown at once to a known person, else for number and phone or e-mail."""

from __future__ import annotations

from dataclasses import replace

from bot.order_check import OrderCheck
from bot.order_words import order_lines
from bot.talk import Talk
from core.content import Content
from core.decide import Decision, OrderFacts

_MOST_SHOWN = 3


async def show(talk: Talk, orders: list[OrderFacts]) -> Decision:
    """Tell what is known of these orders, which are theirs."""
    blocks = ["\n".join(order_lines(talk, order)) for order in orders[:_MOST_SHOWN]]
    if talk.letter:
        return talk.answer(Content(text="\n\n".join((talk.text("order.yours"), *blocks))))
    return talk.answer(replace(talk.content(offer=("person",)), text="\n\n".join((*blocks, talk.text("order.more")))))


CHECK = OrderCheck("order_status", show)
