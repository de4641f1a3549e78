"""An order, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# The states of an order, in the order they usually come. `delayed` is no progress: it moves the promised date.
STATUSES = ("created", "paid", "in_production", "shipped", "delivered", "delayed", "cancelled", "refunded")
FINISHED = ("delivered", "cancelled", "refunded")


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order. Quantity and price are decimal numbers as text, empty when unknown."""

    name: str
    quantity: str = ""
    price: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom the shop says the order is for. `email` is in lower case, `phone` in E.164."""

    name: str = ""
    email: str = ""
    phone: str = ""


NOBODY = Contact()


@dataclass(frozen=True, slots=True)
class Step:
    """One line of an order's history: at `at` the shop said `status`. `event` is the log entry that told it.

    `promised` is the date it promised then, None when it said nothing of a date.
    """

    status: str
    at: datetime
    event: str = ""
    promised: datetime | None = None

    @property
    def occasion(self) -> str:
        """What is told at most once: the status, and for a delay the date that was promised with it."""
        if self.status != "delayed":
            return self.status
        return f"delayed:{self.promised:%Y-%m-%d}" if self.promised else "delayed"


@dataclass(frozen=True, slots=True)
class DeliveryChange:
    """The customer had `field` (address, phone or name) of the delivery changed. `event` names the log entry."""

    field: str
    before: str
    after: str
    at: datetime
    event: str


# What may still be delivered elsewhere: once it is on its way, only the carrier could.
CHANGEABLE = ("created", "paid", "in_production")
DELIVERY = ("address", "phone", "name")


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification that was decided on: to which address (empty: nobody could be reached) and in which words."""

    address: str
    at: datetime
    subject: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """One order of one source.

    `token` is the secret of its tracking page. `status` is the progress, never `delayed`: see `delayed`. `history` is
    sorted by `at`. `delivery` is where it goes as far as the customer said (address, phone, name), `changes` how that
    came about. `notified` holds the notice of each occasion. Money is a decimal number as text.
    """

    id: str
    number: str
    source: str
    token: str = field(repr=False)
    customer_id: str | None = None
    status: str = "created"
    lines: tuple[OrderLine, ...] = ()
    total: str = ""
    currency: str = ""
    promised: datetime | None = None
    tracking_url: str = ""
    contact: Contact = NOBODY
    language: str | None = None
    history: tuple[Step, ...] = ()
    delivery: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[DeliveryChange, ...] = ()
    notified: Mapping[str, Notice] = field(default_factory=dict)
    created_at: datetime | None = None
    updated_at: datetime | None = None
    rev: int = 0

    @property
    def delayed(self) -> bool:
        """Whether the last thing the shop said is that it will be later."""
        return bool(self.history) and self.history[-1].status == "delayed" and self.status not in FINISHED

    @property
    def shown_status(self) -> str:
        """The status in one word for people: `delayed` while it is, else the progress."""
        return "delayed" if self.delayed else self.status

    def document(self) -> dict[str, Any]:
        """The order as it is stored, without `notified`, which has its own guarded writes."""
        return {
            "_id": self.id,
            "number": self.number,
            "source": self.source,
            "search": plain(self.number),
            "token": self.token,
            "customer_id": self.customer_id,
            "status": self.status,
            "lines": [{"name": x.name, "quantity": x.quantity, "price": x.price} for x in self.lines],
            "total": self.total,
            "currency": self.currency,
            "promised": self.promised,
            "tracking_url": self.tracking_url,
            "contact": {"name": self.contact.name, "email": self.contact.email, "phone": self.contact.phone},
            "language": self.language,
            "history": [
                {"status": s.status, "at": s.at, "event": s.event, "promised": s.promised} for s in self.history
            ],
            "delivery": dict(self.delivery),
            "changes": [
                {"field": c.field, "before": c.before, "after": c.after, "at": c.at, "event": c.event}
                for c in self.changes
            ],
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "rev": self.rev,
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Order:
        """The order that is stored as `document`."""
        return cls(
            id=document["_id"],
            number=document["number"],
            source=document["source"],
            token=document["token"],
            customer_id=document.get("customer_id"),
            status=document.get("status", "created"),
            lines=tuple(OrderLine(**line) for line in document.get("lines", ())),
            total=document.get("total", ""),
            currency=document.get("currency", ""),
            promised=document.get("promised"),
            tracking_url=document.get("tracking_url", ""),
            contact=Contact(**document.get("contact", {})),
            language=document.get("language"),
            history=tuple(Step(**step) for step in document.get("history", ())),
            delivery=document.get("delivery", {}),
            changes=tuple(DeliveryChange(**change) for change in document.get("changes", ())),
            notified={
                occasion: Notice(n["address"], n["at"], n.get("subject", ""), n.get("text", ""))
                for occasion, n in document.get("notified", {}).items()
            },
            created_at=document.get("created_at"),
            updated_at=document.get("updated_at"),
            rev=document.get("rev", 0),
        )


def plain(number: str) -> str:
    """What is compared when somebody types an order number: letters and digits, in lower case."""
    return "".join(letter for letter in number.casefold() if letter.isalnum())
