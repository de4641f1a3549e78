"""What the bot is asked and what it answers: the protocol between `core.route` and the `bot` folder.

The bot sends nothing and writes nothing. It gets a `Turn` and returns a `Decision`; route commits the decision in one
write, guarded by the conversation's revision, and only then are its words queued. So a bot and an agent never both
answer, and a crash repeats nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from core.channel import Arrival, Capabilities, Identity
from core.content import Content


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """An order as far as the bot may know it. `status` is one of `core.orders.order.STATUSES`.

    `delivery` holds address, phone and name, as far as they are known.
    """

    number: str
    source: str
    status: str
    lines: Sequence[str] = ()
    promised: datetime | None = None
    tracking_url: str | None = None
    identities: tuple[Identity, ...] = ()
    customer_id: str | None = None
    delivery: Mapping[str, str] = field(default_factory=dict)


class LooksUpOrders(Protocol):
    """What a bot asks about orders."""

    async def of_customer(self, customer_id: str, limit: int = 5) -> list[OrderFacts]:
        """The customer's orders, newest first."""
        ...

    async def by_number(self, number: str) -> list[OrderFacts]:
        """The orders with this number as people type it (spaces, #, letter case do not matter), newest first.

        Two shops may have given out the same number, so there can be more than one.
        """
        ...

    async def by_token(self, token: str) -> OrderFacts | None:
        """The order whose tracking page has this token, which is the proof that it may be shown."""
        ...


@dataclass(frozen=True, slots=True)
class BotState:
    """Where the bot is in a conversation; kept in the conversation, in JSON types."""

    flow: str = ""
    step: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    misses: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """Who is talking. `verified` identities are vouched for by the channel or a signed source.

    `known` is true when the address itself is verified to belong to the customer (Telegram's own number, a signed-in
    site user), so that their orders may be shown without another question.
    """

    customer_id: str
    name: str = ""
    language: str | None = None
    identities: tuple[Identity, ...] = ()
    known: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing a customer said, with what the bot may know when answering it.

    `first` is true for the first message of a conversation. `on_duty` says whether an agent is there now. `resolved`:
    people are done with the conversation, and all the customer is asked is how it was.
    """

    message: Arrival
    state: BotState
    person: Person
    capabilities: Capabilities
    orders: LooksUpOrders
    now: datetime
    first: bool = False
    on_duty: bool = False
    resolved: bool = False


@dataclass(frozen=True, slots=True)
class PlanCall:
    """Call the customer at `phone` (E.164) from `at` on; `about` are their words."""

    phone: str
    at: datetime
    about: str = ""


@dataclass(frozen=True, slots=True)
class ChangeDelivery:
    """Write `value` into the `field` (address, phone or name) of an order's delivery, unless it is on its way by now.

    Whether it still could be written is known only then, so there are words for both cases.
    """

    source: str
    number: str
    field: str
    value: str
    done: Content
    refused: Content


@dataclass(frozen=True, slots=True)
class Rate:
    """How the customer found the conversation: 1 to 5, and what they added."""

    score: int
    comment: str = ""


@dataclass(frozen=True, slots=True)
class RequestErasure:
    """The customer wants everything known of them deleted. A person sees to it; this records when it was asked."""


Act = PlanCall | ChangeDelivery | Rate | RequestErasure
Outcome = Literal["going", "finished", "handed_over"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What the bot wants. Empty `say` is fine: it listens.

    `flow` and `step` gave it, and `outcome` tells where that flow stands now; an empty `flow` counts for nothing.
    `acts` are done by core after the decision is committed, once each. `hand_over` opens the conversation for people,
    with `reason` as a system line in the log ("asked for a person") and `summary` as a note of what was said so far.
    `resolve` closes it. `tags` and `urgent` mark it for people, `lead` puts it among the leads. `language` is set when
    the bot learned it. `identities` are what the person showed to know (the phone of an order whose number they gave):
    they become claims, which agents may act on, and join nothing. `name` is what they said they are called.
    """

    say: tuple[Content, ...] = ()
    state: BotState = BotState()
    hand_over: bool = False
    reason: str = ""
    resolve: bool = False
    language: str | None = None
    identities: tuple[Identity, ...] = ()
    flow: str = ""
    step: str = ""
    outcome: Outcome = "finished"
    acts: tuple[Act, ...] = ()
    summary: str = ""
    tags: tuple[str, ...] = ()
    urgent: bool = False
    lead: bool = False
    name: str = ""


class Decides(Protocol):
    """The bot, as route sees it."""

    async def decide(self, turn: Turn) -> Decision:
        """Answer one message. Pure but for the order look-ups; the same turn gives the same decision."""
        ...
