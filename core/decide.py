"""What the bot is asked and what it answers: the protocol between `core.route` and the `bot` folder.

The bot sends nothing and writes nothing. It gets a `Turn` and returns a `Decision`; route commits the decision in one
write, guarded by the conversation's revision, and only then are its words queued. So a bot and an agent never both
answer, and a crash repeats nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from core.channel import Arrival, Capabilities, Content, Identity


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """An order as far as the bot may know it. `status` is one of `core.orders.order.STATUSES`."""

    number: str
    source: str
    status: str
    lines: Sequence[str] = ()
    promised: datetime | None = None
    tracking_url: str | None = None
    identities: tuple[Identity, ...] = ()
    customer_id: str | None = None


class LooksUpOrders(Protocol):
    """The two questions a bot asks about orders."""

    async def of_customer(self, customer_id: str, limit: int = 5) -> list[OrderFacts]:
        """The customer's orders, newest first."""
        ...

    async def by_number(self, number: str) -> list[OrderFacts]:
        """The orders with this number as people type it (spaces, #, letter case do not matter), newest first.

        Two shops may have given out the same number, so there can be more than one.
        """
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

    `first` is true for the first message of a conversation. `on_duty` says whether an agent is there now.
    """

    message: Arrival
    state: BotState
    person: Person
    capabilities: Capabilities
    orders: LooksUpOrders
    now: datetime
    first: bool = False
    on_duty: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What the bot wants. Empty `say` is fine: it listens.

    `hand_over` opens the conversation for people, with `reason` as a system line in the log ("asked for a person").
    `resolve` closes it. `language` is set when the bot learned it. `identities` are what the person showed to know (the
    phone of an order whose number they gave): they become claims, which agents may act on, and join nothing.
    """

    say: tuple[Content, ...] = ()
    state: BotState = BotState()
    hand_over: bool = False
    reason: str = ""
    resolve: bool = False
    language: str | None = None
    identities: tuple[Identity, ...] = ()


class Decides(Protocol):
    """The bot, as route sees it."""

    async def decide(self, turn: Turn) -> Decision:
        """Answer one message. Pure but for the order look-ups; the same turn gives the same decision."""
        ...
