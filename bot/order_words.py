"""An order in words: its state, its date as the reader writes dates, and where to follow it."""

from __future__ import annotations

from datetime import date, datetime

from bot.order_search import FINISHED
from bot.planning import day_in_words
from bot.talk import Talk
from core.decide import OrderFacts

_MOST_ITEMS = 2
_LONGEST_ITEM = 60


def order_lines(talk: Talk, order: OrderFacts) -> list[str]:
    """The lines about one order: number and state, then date and link where there is something to say."""
    key = f"status.{order.status}"
    status = talk.text(key if talk.texts.has(key) else "status.unknown")
    items = _items(talk, order)
    lines = [
        talk.text("order.one_with_items" if items else "order.one", number=order.number, items=items, status=status)
    ]
    if order.status not in FINISHED and (day := _day(talk, order.promised)):
        lines.append(_promise(talk, order, day))
    url = order.tracking_url or ""
    if url.startswith(("https://", "http://")) and order.status not in ("cancelled", "refunded"):
        lines.append(talk.text("order.track", url=url))
    return lines


def _promise(talk: Talk, order: OrderFacts, day: date) -> str:
    today = _day(talk, talk.turn.now) or day
    coming = "order.new_date" if order.status == "delayed" else "order.expected"
    key = coming if day >= today else "order.was_expected"
    return talk.text(key, date=day_in_words(day, today, talk.language))


def _day(talk: Talk, at: datetime | None) -> date | None:
    if at is None:
        return None
    try:
        return at.astimezone(talk.settings.time_zone).date()
    except (OverflowError, ValueError):
        return None  # a date at the edge of the calendar is no promise


def _items(talk: Talk, order: OrderFacts) -> str:
    items = ", ".join(" ".join(line.split())[:_LONGEST_ITEM] for line in order.lines[:_MOST_ITEMS])
    left = len(order.lines) - _MOST_ITEMS
    return talk.text("order.more_items", items=items, count=str(left)) if left > 0 else items
