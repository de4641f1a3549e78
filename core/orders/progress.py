"""How an event changes an order. Pure: the same events in any order, however often each, give the same history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from core.orders.order import NOBODY, STATUSES, Contact, Order, OrderLine, Step

T = TypeVar("T")

# A source that repeats itself for ever must not grow a document for ever.
MAX_HISTORY = 200


@dataclass(frozen=True, slots=True)
class Happened:
    """What an event tells of an order. Empty fields tell nothing."""

    step: Step
    lines: tuple[OrderLine, ...] = ()
    total: str = ""
    currency: str = ""
    tracking_url: str = ""
    contact: Contact = NOBODY
    language: str | None = None


def happened(data: Mapping[str, Any], at: datetime, event: str) -> Happened:
    """What a log entry's data tells (the format of `channels/orders.py`). `at` is when, `event` the entry's id.

    Raises ValueError when it is no order event.
    """
    order = data.get("order")
    if not isinstance(order, Mapping) or data.get("status") not in STATUSES:
        raise ValueError("this entry is no order event")
    customer = order.get("customer") or {}
    promised = order.get("promised_at")
    return Happened(
        step=Step(str(data["status"]), at, event, datetime.fromisoformat(promised) if promised else None),
        lines=tuple(
            OrderLine(line["name"], line.get("quantity", ""), line.get("price", "")) for line in order.get("lines", ())
        ),
        total=order.get("total", ""),
        currency=order.get("currency", ""),
        tracking_url=order.get("tracking_url", ""),
        contact=Contact(customer.get("name", ""), customer.get("email", ""), customer.get("phone", "")),
        language=customer.get("language"),
    )


def progress(order: Order, news: Happened) -> Order:
    """`order` after `news`; the very same order when the event is known already.

    The status is that of the latest event that is progress, by the shop's clock; the promised date is the latest that
    was given. What an older event tells of lines, money or contact fills only what is still empty.
    """
    if any(_same(step, news.step) for step in order.history):
        return order
    latest = not order.history or order.history[-1].at <= news.step.at
    history = tuple(sorted((*order.history, news.step), key=_sorting)[-MAX_HISTORY:])
    return replace(
        order,
        history=history,
        status=_status(history),
        promised=next((step.promised for step in reversed(history) if step.promised), order.promised),
        lines=_newer(order.lines, news.lines, latest),
        total=_newer(order.total, news.total, latest),
        currency=_newer(order.currency, news.currency, latest),
        tracking_url=_newer(order.tracking_url, news.tracking_url, latest),
        contact=Contact(
            _newer(order.contact.name, news.contact.name, latest),
            _newer(order.contact.email, news.contact.email, latest),
            _newer(order.contact.phone, news.contact.phone, latest),
        ),
        language=_newer(order.language, news.language, latest),
    )


def is_latest(order: Order, step: Step) -> bool:
    """Whether `step` is the last thing that happened: only then is it news to the customer."""
    return bool(order.history) and _same(order.history[-1], step)


def _same(one: Step, other: Step) -> bool:
    """The same event, also when a shop gave its repetition another id."""
    return one.event == other.event or (one.status, one.at, one.promised) == (other.status, other.at, other.promised)


def _sorting(step: Step) -> tuple[datetime, int, str]:
    return step.at, STATUSES.index(step.status), step.event


def _status(history: Sequence[Step]) -> str:
    return next((step.status for step in reversed(history) if step.status != "delayed"), "created")


def _newer(known: T, told: T, latest: bool) -> T:
    return told if told and (latest or not known) else known
