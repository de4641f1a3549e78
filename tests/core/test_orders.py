"""Order events become orders, customers and one notification each, whatever crashes, races or comes twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels import CHANNELS
from channels.orders import Orders as Adapter
from core.addresses.store import INDEXES as ADDRESS_INDEXES
from core.addresses.store import Addresses
from core.channel import Account, Arrival
from core.customers.customer import Customer
from core.customers.merge import Merge
from core.customers.store import INDEXES as CUSTOMER_INDEXES
from core.customers.store import Customers
from core.database import Database
from core.feed import Feed, entry_changed, order_changed
from core.ids import new_id
from core.interactions import status
from core.interactions.interaction import Author, Interaction
from core.interactions.store import INDEXES as LOG_INDEXES
from core.interactions.store import Interactions
from core.orders.handle import HandleOrder
from core.orders.lookup import OrderLookup
from core.orders.notify import Notify, Reaches, Speaks
from core.orders.order import Order
from core.orders.owner import Owner
from core.orders.store import INDEXES, Orders
from core.send import Send
from core.templates.store import Templates
from core.templates.word import Word

NOW = datetime.now(UTC).replace(microsecond=0)
ANN = {"name": "Анна", "email": "ann@example.org", "phone": "+380671234567", "language": "uk"}


@dataclass
class Hub:
    """What one process has at hand; several on one database are several processes."""

    database: Database
    mail: str | None = "help"

    def __post_init__(self) -> None:
        able = {name: line.capabilities for name, line in CHANNELS.items()}
        self.feed = Feed()
        self.orders = Orders(self.database)
        self.customers = Customers(self.database)
        self.addresses = Addresses(self.database)
        self.log = Interactions(self.database)
        self.templates = Templates(self.database)
        self.merge = Merge(self.customers, self.addresses, self.log, [self.orders])
        send = Send(self.log, self.addresses, self.feed, able)

        async def mail_account() -> str | None:
            return self.mail

        notify = Notify(
            self.orders,
            self.addresses,
            self.log,
            Word(self.templates),
            send,
            Reaches(able, mail_account),
            Speaks("https://hub.example.org/"),
        )
        self.handle = HandleOrder(
            self.orders,
            Owner(self.customers),
            notify,
            lambda order: self.feed.announce(order_changed(order)),
            lambda entry: self.feed.announce(entry_changed(entry)),
        )

    async def event(self, name: str, **fields: Any) -> str:
        """An event arrives at the adapter, is in the log, and is handled; returns the customer's id."""
        customer = await self.handle(entry(name, **fields))
        assert customer
        return customer

    async def notifications(self) -> list[Interaction]:
        """What is to go out, oldest first."""
        found = self.database.collection("interactions").find({"kind": "notification"}).sort("_id", 1)
        return [Interaction.of(document) async for document in found]

    async def lines(self) -> list[Interaction]:
        """What agents are told."""
        found = self.database.collection("interactions").find({"kind": "system"}).sort("_id", 1)
        return [Interaction.of(document) async for document in found]

    async def order(self, number: str = "A-1042") -> Order:
        order = await self.orders.numbered("shop", number)
        assert order
        return order

    async def writes_from(self, address: str, customer: str, days_ago: float = 0) -> None:
        """The customer wrote from `address`."""
        last_in = NOW - timedelta(days=days_ago)
        await self.addresses.learn(address, customer_id=customer, last_in=last_in, reachable=True)


def entry(
    name: str, *, hours: float = 0, number: str = "A-1042", customer: Mapping[str, Any] | None = ANN, **order: Any
) -> Interaction:
    """The log's entry of an event that happened `hours` after the first."""
    moment = NOW - timedelta(days=10) + timedelta(hours=hours)
    value = {
        "status": name,
        "occurred_at": moment.isoformat(),
        "order": {"number": number, "customer": customer, **order},
    }
    (arrival,) = Adapter(Account("orders", "shop", secrets={"secret": "s"})).parse(json.dumps(value).encode(), {})
    assert isinstance(arrival, Arrival)
    return Interaction(
        id=new_id(),
        kind="order",
        direction="in",
        channel="orders",
        account="shop",
        address=str(arrival.address),
        key=arrival.key,
        author=Author("customer"),
        content=arrival.content,
        at=moment,
        status=status.RECEIVED,
        data=arrival.data,
    )


@pytest.fixture
async def hub(database: Database) -> Hub:
    await database.migrate([*INDEXES, *CUSTOMER_INDEXES, *ADDRESS_INDEXES, *LOG_INDEXES])
    return Hub(database)


# ------------------------------------------------------------------------------------------- the order itself


async def test_an_event_makes_an_order_a_customer_and_a_notification(hub: Hub) -> None:
    customer_id = await hub.event("created", total="882.00", currency="EUR", promised_at="2026-12-18")
    order = await hub.order()
    assert order.customer_id == customer_id
    assert (order.status, order.total, order.language) == ("created", "882.00", "uk")
    assert len(order.token) >= 22
    customer = await hub.customers.get(customer_id)
    assert customer is not None
    assert (customer.name, customer.language) == ("Анна", "uk")
    assert set(customer.keys) == {"email:ann@example.org", "phone:+380671234567"}
    (sent,) = await hub.notifications()
    assert sent.address == "email:help:ann@example.org"
    assert (sent.status, sent.customer_id, sent.author.kind) == ("queued", customer_id, "system")
    assert "882,00" in sent.content.text
    assert "18 грудня 2026" in sent.content.text
    assert f"https://hub.example.org/track/{order.token}" in sent.content.text
    assert sent.content.subject == "Ми отримали ваше замовлення A-1042"


async def test_pages_hear_of_the_order_at_once(hub: Hub) -> None:
    customer_id = await hub.event("created")
    order = await hub.order()
    async with hub.feed.subscribe(f"order:{order.id}") as page, hub.feed.subscribe(f"customer:{customer_id}") as inbox:
        await hub.event("paid", hours=1)
        (change,) = await page.next(1)
        assert (change.what, change.id, change.value.status) == ("order", order.id, "paid")
        assert order.id in {change.id for change in await inbox.next(1)}


async def test_each_status_is_told_once_and_in_its_words(hub: Hub) -> None:
    for hours, name in enumerate(("created", "paid", "in_production", "shipped", "delivered", "refunded")):
        await hub.event(name, hours=hours)
    subjects = [sent.content.subject for sent in await hub.notifications()]
    assert len(subjects) == len(set(subjects)) == 6
    assert (await hub.order()).status == "refunded"


async def test_old_news_goes_into_the_history_and_to_nobody(hub: Hub) -> None:
    await hub.event("shipped", hours=3)
    await hub.event("paid", hours=1)
    assert [step.status for step in (await hub.order()).history] == ["paid", "shipped"]
    assert [sent.data["status"] for sent in await hub.notifications()] == ["shipped"]


async def test_each_new_date_is_told_once(hub: Hub) -> None:
    await hub.event("paid", promised_at="2026-12-01")
    await hub.event("delayed", hours=1, promised_at="2026-12-10")
    await hub.event("delayed", hours=2, promised_at="2026-12-10")
    await hub.event("delayed", hours=3, promised_at="2026-12-20")
    order = await hub.order()
    assert (order.status, order.shown_status) == ("paid", "delayed")
    told = [sent.content.text for sent in await hub.notifications()]
    assert len(told) == 3
    assert "10 грудня" in told[1]
    assert "20 грудня" in told[2]


# --------------------------------------------------------------------------------------------- exactly once


async def test_five_times_from_three_processes_is_one_notification(hub: Hub) -> None:
    processes = [Hub(hub.database) for _ in range(3)]
    # A shop may give each repetition another id.
    repetitions = [replace(entry("shipped"), id=new_id(), key=f"id:{n}") for n in range(5)]
    whose = await asyncio.gather(*(one.handle(again) for one in processes for again in repetitions))
    assert len(set(whose)) == 1
    assert len(await hub.notifications()) == 1
    assert len((await hub.order()).history) == 1
    assert await hub.database.collection("customers").count_documents({}) == 1
    assert await hub.database.collection("orders").count_documents({}) == 1


async def test_what_a_crash_left_half_done_is_completed_and_not_doubled(hub: Hub) -> None:
    shipped = entry("shipped")
    await hub.handle(shipped)
    # The order was written and the address chosen, then the process died before anything was queued.
    await hub.database.collection("interactions").delete_many({})
    # Meanwhile the customer began to write elsewhere, in another language: what was settled stays settled.
    order = await hub.order()
    assert order.customer_id
    await hub.writes_from("telegram:bot:7", order.customer_id)
    await hub.customers.learn(order.customer_id, language="en")
    for _ in range(3):
        await Hub(hub.database).handle(shipped)
    (sent,) = await hub.notifications()
    assert sent.address == "email:help:ann@example.org"
    assert sent.content.text == order.notified["shipped"].text


async def test_many_events_of_one_order_at_once_lose_nothing(hub: Hub) -> None:
    names = ("created", "paid", "in_production", "shipped", "delivered")
    entries = [entry(name, hours=hours) for hours, name in enumerate(names)]
    await asyncio.gather(*(Hub(hub.database).handle(one) for one in entries))
    order = await hub.order()
    assert [step.status for step in order.history] == list(names)
    assert order.status == "delivered"
    assert "delivered" in [sent.data["status"] for sent in await hub.notifications()]


# ------------------------------------------------------------------------------------------------- who it is


async def test_orders_of_one_mail_belong_to_one_customer_also_when_they_come_at_once(hub: Hub) -> None:
    entries = [entry("created", number=str(n), customer={"email": "ann@example.org"}) for n in range(8)]
    assert len(set(await asyncio.gather(*(Hub(hub.database).handle(one) for one in entries)))) == 1


async def test_a_known_customer_gets_the_order(hub: Hub) -> None:
    await hub.customers.add(Customer("ann", keys=("email:ann@example.org",), created_at=NOW))
    assert await hub.event("created") == "ann"
    ann = await hub.customers.get("ann")
    assert ann is not None
    assert "phone:+380671234567" in ann.keys
    assert ann.name == "Анна"


async def test_mail_and_phone_of_two_people_do_not_make_one(hub: Hub) -> None:
    await hub.customers.add(Customer("phone's", keys=("phone:+380671234567",), created_at=NOW))
    await hub.customers.add(Customer("mail's", keys=("email:ann@example.org",), created_at=NOW))
    assert await hub.event("created") == "mail's"
    assert await hub.event("paid", hours=1) == "mail's"
    phones = await hub.customers.get("phone's")
    assert phones is not None
    assert phones.keys == ("phone:+380671234567",)


async def test_a_claim_is_not_a_key(hub: Hub) -> None:
    await hub.customers.add(Customer("liar", claims=("email:ann@example.org",), created_at=NOW))
    assert await hub.event("created") != "liar"


async def test_an_order_without_a_contact_has_a_customer_of_its_own(hub: Hub) -> None:
    first = await hub.event("created", number="1", customer=None)
    assert await hub.event("paid", hours=1, number="1", customer=None) == first
    assert await hub.event("created", number="2", customer=None) != first


async def test_orders_follow_a_merge_and_its_undo(hub: Hub) -> None:
    await hub.customers.add(Customer("other", name="B", created_at=NOW))
    owner = await hub.event("created")
    await hub.merge("other", owner, by="agent", now=NOW)
    assert [order.number for order in await hub.orders.of_customer("other")] == ["A-1042"]
    assert await hub.event("paid", hours=1) == "other"
    await hub.merge.undo("other", owner)
    assert (await hub.order()).customer_id == owner


# --------------------------------------------------------------------------------------------- where it goes


async def test_it_goes_where_they_last_wrote(hub: Hub) -> None:
    customer = await hub.event("created")
    await hub.writes_from("telegram:bot:7", customer, days_ago=2)
    await hub.writes_from("email:help:ann@example.org", customer, days_ago=3)
    await hub.event("paid", hours=1)
    assert (await hub.notifications())[-1].address == "telegram:bot:7"
    await hub.addresses.learn("telegram:bot:7", reachable=False)
    await hub.event("shipped", hours=2)
    assert (await hub.notifications())[-1].address == "email:help:ann@example.org"


@pytest.mark.parametrize("reason", ["no mail is known", "no mail account", "the mailbox is dead"])
async def test_who_cannot_be_reached_is_shown_to_agents(hub: Hub, reason: str) -> None:
    hub.mail = None if reason == "no mail account" else "help"
    if reason == "the mailbox is dead":
        await hub.addresses.learn("email:help:ann@example.org", reachable=False)
    contact = {"phone": "+380671234567"} if reason == "no mail is known" else ANN
    async with hub.feed.subscribe("log") as log:
        customer = await hub.event("shipped", customer=contact)
        for _ in range(2):
            assert await hub.event("shipped", customer=contact) == customer
        assert [change.value.kind for change in await log.next(1)] == ["system"]
    assert await hub.notifications() == []
    (line,) = await hub.lines()
    assert (line.direction, line.status, line.customer_id) == ("internal", "handled", customer)
    assert "could not be told" in line.content.text


async def test_a_status_that_is_turned_off_is_not_told(hub: Hub) -> None:
    await hub.templates.save("paid", "uk", subject="x", body="x", enabled=False, by="ann", now=NOW)
    await hub.event("paid")
    assert await hub.notifications() == await hub.lines() == []


async def test_the_customers_language_goes_before_the_orders(hub: Hub) -> None:
    await hub.customers.add(Customer("ann", language="ru", keys=("email:ann@example.org",), created_at=NOW))
    await hub.event("paid")
    await hub.event("shipped", hours=1, number="2", customer={"email": "x@example.org", "language": "de"})
    russian, unknown = await hub.notifications()
    assert russian.content.subject == "Заказ A-1042: оплата получена"
    assert unknown.content.subject == "Order 2 is on its way"


# ------------------------------------------------------------------------------------------------- looking up


async def test_an_order_is_found_as_people_type_its_number(hub: Hub) -> None:
    await hub.event("created", lines=[{"name": "Table", "quantity": 2}, {"name": "Lamp", "quantity": 1}])
    lookup = OrderLookup(hub.orders)
    for typed in ("A-1042", "a-1042", " #A 1042 ", "№A1042", "a1042"):
        (found,) = await lookup.by_number(typed)
        assert found.number == "A-1042"
        assert found.lines == ("2 × Table", "Lamp")
        assert {(i.kind, i.value) for i in found.identities} == {
            ("email", "ann@example.org"),
            ("phone", "+380671234567"),
        }
    for typed in ("1042", "", "#", "\x00", "A-1042x", "a" * 5000):
        assert await lookup.by_number(typed) == [], typed


async def test_the_newest_orders_come_first(hub: Hub) -> None:
    customer = ""
    for n in range(7):
        customer = await hub.event("created", number=str(n))
    assert [facts.number for facts in await OrderLookup(hub.orders).of_customer(customer)] == ["6", "5", "4", "3", "2"]
    newest = await hub.orders.page(limit=3)
    assert [order.number for order in newest] == ["6", "5", "4"]
    assert [order.number for order in await hub.orders.page(before=newest[-1].id, limit=2)] == ["3", "2"]


async def test_a_tracking_page_is_found_by_its_token_alone(hub: Hub) -> None:
    await hub.event("created")
    order = await hub.order()
    assert await hub.orders.by_token(order.token) == order
    for wrong in ("", "x", order.id, order.token[:-1], order.token + "x", "x" * 10_000, "$ne"):
        assert await hub.orders.by_token(wrong) is None


async def test_one_persons_orders_are_exported_and_erased(hub: Hub) -> None:
    ann = await hub.event("created")
    bob = await hub.event("created", number="2", customer={"email": "bob@example.org"})
    assert [order.number async for order in hub.orders.every_of(ann)] == ["A-1042"]
    assert await hub.orders.erase(ann) == 1
    assert await hub.orders.of_customer(ann) == []
    assert len(await hub.orders.of_customer(bob)) == 1
