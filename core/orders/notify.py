"""Tells a customer what became of their order, once per occasion, where it reaches them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.addresses.store import Addresses
from core.channel import Address, Capabilities
from core.content import Content
from core.customers.customer import Customer
from core.ids import new_id
from core.interactions import status
from core.interactions.interaction import Author, Interaction, Kind
from core.interactions.store import Interactions
from core.orders.order import Notice, Order, Step
from core.orders.store import Orders
from core.reach import best
from core.templates.template import LANGUAGES, status_words
from core.templates.variables import CustomerWords, OrderWords, Variables, day, lines, money
from core.templates.word import Word


class Queues(Protocol):
    """`core.send.Send`, as far as notifications need it."""

    async def __call__(
        self,
        address: str,
        content: Content,
        author: Author,
        *,
        key: str,
        kind: Kind = "message",
        customer_id: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> list[Interaction]:
        """Queue `content`, once per key."""
        ...


@dataclass(frozen=True, slots=True)
class Reaches:
    """How customers are reached: what each channel can do, and the mail account to write from (None: there is none)."""

    able: Mapping[str, Capabilities]
    mail_account: Callable[[], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Speaks:
    """How notifications speak: languages, the default first; the hub's address; the zone dates are written in."""

    public_url: str
    languages: Sequence[str] = LANGUAGES
    time_zone: tzinfo = UTC

    def language(self, *wanted: str | None) -> str:
        """The first of `wanted` that is spoken, else the default."""
        return next((one for one in wanted if one and one in self.languages), self.languages[0])


class Notify:
    """The notification for one step of an order.

    First it is settled in the order, by a write only the first can make, where it goes and in which words; then it is
    queued under a key that is the order's and the occasion's. Whatever crashes or comes twice, one goes out.
    """

    def __init__(
        self,
        orders: Orders,
        addresses: Addresses,
        interactions: Interactions,
        word: Word,
        send: Queues,
        reaches: Reaches,
        speaks: Speaks,
    ) -> None:
        self._orders = orders
        self._addresses = addresses
        self._interactions = interactions
        self._word = word
        self._send = send
        self._reaches = reaches
        self._speaks = speaks

    async def __call__(self, order: Order, step: Step, customer: Customer, now: datetime) -> list[Interaction]:
        """Queue the notification for `step`; returns the entries it is in, or the line that says it reached nobody.

        Empty when the template is turned off. Raises CannotStore.
        """
        occasion = step.occasion
        notice = order.notified.get(occasion)
        if notice is None:
            drafted = await self._draft(order, step, customer, now)
            if drafted is None:
                return []
            notice = await self._orders.decide(order, occasion, drafted)
        key = f"order:{order.source}:{order.number}:{occasion}"
        if not notice.address:
            return await self._nobody(order, occasion, key, customer, now)
        # An address nobody has written from yet becomes theirs, so that their answer joins the same customer.
        await self._addresses.adopt(notice.address, customer.id)
        return await self._send(
            notice.address,
            Content(text=notice.text, subject=notice.subject or None),
            Author("system"),
            key=key,
            kind="notification",
            customer_id=customer.id,
            data={"order_id": order.id, "order": order.number, "status": step.status, "subject": notice.subject},
        )

    async def _draft(self, order: Order, step: Step, customer: Customer, now: datetime) -> Notice | None:
        language = self._speaks.language(customer.language, order.language)
        words = await self._word(step.status, language, self._variables(order, step, customer, language))
        if words is None:
            return None
        return Notice(await self._address(order, customer), now, words.subject, words.body)

    async def _address(self, order: Order, customer: Customer) -> str:
        """The best address they use, else their mail address where it is known; "" when nobody can be reached."""
        known = best(await self._addresses.of_customer(customer.id), self._reaches.able)
        if known is not None:
            return known.id
        mail = customer.email or order.contact.email
        account = await self._reaches.mail_account() if mail else None
        if not account:
            return ""
        address = str(Address("email", account, mail))
        there = await self._addresses.get(address)
        return "" if there is not None and not there.reachable else address

    def _variables(self, order: Order, step: Step, customer: Customer, language: str) -> Variables:
        zone = _zone(customer.time_zone, self._speaks.time_zone)
        return Variables(
            CustomerWords(order.contact.name or customer.name),
            OrderWords(
                number=order.number,
                status=status_words(step.status, language),
                lines=lines([(x.name, x.quantity, x.price) for x in order.lines], order.currency, language),
                total=money(order.total, order.currency, language),
                promised=day(order.promised, language, zone),
            ),
            tracking_url=order.tracking_url,
            track_url=f"{self._speaks.public_url.rstrip('/')}/track/{order.token}",
        )

    async def _nobody(
        self, order: Order, occasion: str, key: str, customer: Customer, now: datetime
    ) -> list[Interaction]:
        line = Interaction(
            id=new_id(),
            kind="system",
            direction="internal",
            channel="orders",
            account=order.source,
            address=str(Address("orders", order.source, order.number)),
            key=f"{key}:nobody",
            author=Author("system"),
            content=Content(text="The customer could not be told about this: no address reaches them."),
            at=now,
            status=status.HANDLED,
            customer_id=customer.id,
            data={"order_id": order.id, "order": order.number, "status": occasion, "unreached": True},
        )
        fresh = await self._interactions.add([line])
        return [line] if fresh[0] else []


def _zone(name: str | None, usual: tzinfo) -> tzinfo:
    try:
        return ZoneInfo(name) if name else usual
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return usual
