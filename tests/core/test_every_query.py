"""Every query of every store that holds history, of a history and of ten times as much: each reads what it returns.

The table below calls each method there is; one that is added and forgotten here fails. What is asked is overheard on
its way to MongoDB and explained: through an index, sorted by it, and reading no more when there is more.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any, get_type_hints

import pymongo
import pytest

from benchmarks.history import LONG_CONVERSATION, ME, MY_TEAMS, Chunk, Person, Span, chunk
from benchmarks.vocabulary import vocabulary
from core.addresses.address import Claim, KnownAddress
from core.channel import Address, Remark
from core.content import Location
from core.conversations.conversation import Conversation, Status
from core.conversations.store import View
from core.customers.customer import Customer
from core.database import Database
from core.ids import id_at, new_id
from core.interactions import seek, status
from core.interactions.interaction import Interaction, Problem
from core.leads.lead import Lead
from core.leads.rules import LeadRules
from core.leads.store import LeadView
from core.orders.order import Notice, Order
from switchboard.stores import Stores
from switchboard.wiring import Parts
from tests.core.overheard import explained, forget, overheard
from tests.making import make_caught, make_message, now, working

# Each has a row per configured line, agent, question or text: what a page of settings shows, it reads whole.
SETTINGS = {"accounts", "agents", "teams", "forms", "templates", "hours", "faq", "persona", "campaigns"}
# No collection of the stores' own: the connection, the key, and GridFS, where MongoDB's own queries are.
OUTSIDE = {"database", "vault", "files"}
# What reads all that it is about, however much: an administrator's own work, or somebody's whole data.
WHOLE = {"leads.set_rules", "leads.every", "conversations.flows"}
# What sorts a handful: the active conversations at one address.
SORTED = {"conversations.latest"}
# One look at what a search is led by, the floors of all its words, and the words that begin so.
SEARCHED = 4 * seek.LOOKED_AT + seek.LOOKS * seek.KEYS


@dataclasses.dataclass
class History:
    """The stores on it, and one of everything, for a query to be about."""

    stores: Stores
    entry: Interaction
    sent: Interaction
    conversation: Conversation
    customer: Customer
    order: Order
    lead: Lead
    now: datetime

    @property
    def claim(self) -> Claim:
        """As a worker holds one."""
        return Claim("in", KnownAddress(self.entry.address), 0, "worker", self.now)


Call = Callable[[History], Awaitable[Any]]
MIDDLE = id_at(now() - timedelta(days=1))
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TROUBLE = Problem("x", "It did not work.")

INTERACTIONS: dict[str, Call] = {
    "add": lambda h: h.stores.interactions.add([make_message()]),
    "add_each": lambda h: h.stores.interactions.add_each([make_message()]),
    "add_part": lambda h: h.stores.interactions.add_part(make_message(key="g"), 1, h.now),
    "also_named": lambda h: h.stores.interactions.also_named(h.sent.id, "another"),
    "answered": lambda h: h.stores.interactions.answered(h.entry.address, ["x", str(h.entry.external_id)]),
    "answered_by_others": lambda h: h.stores.interactions.answered_by_others([h.entry.address], ["x"]),
    "begin": lambda h: h.stores.interactions.begin(h.sent),
    "by_key": lambda h: h.stores.interactions.by_key(h.entry.address, h.entry.key),
    "calling": lambda h: h.stores.interactions.calling("", 64),
    "claim_media": lambda h: h.stores.interactions.claim_media(h.now, h.now),
    "conclude": lambda h: h.stores.interactions.conclude(h.sent, status.SENT, external_id="y"),
    "delayed": lambda h: h.stores.interactions.delayed(h.sent, "late", "It is late.", h.now),
    "edit": lambda h: h.stores.interactions.edit(replace(h.entry, edit_of=h.entry.external_id)),
    "erase": lambda h: h.stores.interactions.erase(Person(9).customer),
    "forgotten": lambda h: h.stores.interactions.forgotten(MIDDLE),
    "get": lambda h: h.stores.interactions.get(h.entry.id),
    "goes_on": lambda h: h.stores.interactions.goes_on(h.sent, "email:a:b"),
    "handled": lambda h: h.stores.interactions.handled(h.entry, customer_id="c", conversation_id="c"),
    "media_fetched": lambda h: h.stores.interactions.media_fetched(h.entry, [], h.now),
    "move": lambda h: h.stores.interactions.move(Person(8).customer, "c"),
    "move_back": lambda h: h.stores.interactions.move_back(Person(8).customer, "c"),
    "next_due": lambda h: h.stores.interactions.next_due(h.now + 90 * DAY),
    "not_changed": lambda h: h.stores.interactions.not_changed(h.sent, "edit", TROUBLE, again=False),
    "of_customer": lambda h: _all(h.stores.interactions.of_customer(h.customer.id)),
    "ours": lambda h: h.stores.interactions.ours(h.sent.address, str(h.sent.external_id)),
    "page": lambda h: _pages(h),
    "receipt": lambda h: h.stores.interactions.receipt(h.sent.address, str(h.sent.external_id), "read"),
    "remark": lambda h: h.stores.interactions.remark(_remark(h), h.now),
    "retry": lambda h: h.stores.interactions.retry(h.sent.id, h.now),
    "revise": lambda h: h.stores.interactions.revise(h.sent, "new", (), by=new_id(), at=h.now),
    "search": lambda h: _searches(h),
    "set_task": lambda h: h.stores.interactions.set_task(h.sent, ("due",), "done"),
    "settle": lambda h: h.stores.interactions.settle(h.sent.id, status.CANCELLED),
    "some": lambda h: h.stores.interactions.some([h.entry.id, h.sent.id]),
    "still_calling": lambda h: h.stores.interactions.still_calling([h.entry.address]),
    "stuck": lambda h: h.stores.interactions.stuck(h.entry),
    "take_back": lambda h: h.stores.interactions.take_back(h.sent, h.now),
    "take_time": lambda h: h.stores.interactions.take_time(h.sent),
    "tasks": lambda h: h.stores.interactions.tasks(until=h.now, limit=20),
    "troubled": lambda h: h.stores.interactions.troubled(20, before=MIDDLE),
    "unhandled": lambda h: h.stores.interactions.unhandled(h.entry.address),
    "unstick": lambda h: h.stores.interactions.unstick(h.entry.id),
    "waiting": lambda h: h.stores.interactions.waiting(h.entry.address),
}
ADDRESSES: dict[str, Call] = {
    "abandoned": lambda h: h.stores.addresses.abandoned([h.entry.address, h.sent.address], h.now),
    "adopt": lambda h: h.stores.addresses.adopt(h.entry.address, "c"),
    "claim": lambda h: h.stores.addresses.claim("out", [h.entry.address, h.sent.address, "a:b:c"], h.now, HOUR),
    "count_automatic": lambda h: h.stores.addresses.count_automatic(h.entry.address, "m", h.now, 3),
    "due": lambda h: h.stores.addresses.due(h.now + 90 * DAY, 20),
    "erase": lambda h: h.stores.addresses.erase(Person(9).customer),
    "flag": lambda h: h.stores.addresses.flag([h.entry.address], h.now),
    "flag_missing": lambda h: h.stores.addresses.flag_missing([h.entry.address], h.now),
    "get": lambda h: h.stores.addresses.get(h.entry.address),
    "learn": lambda h: h.stores.addresses.learn(h.entry.address, reachable=False, gone="Blocked."),
    "move": lambda h: h.stores.addresses.move(Person(8).customer, "c"),
    "move_back": lambda h: h.stores.addresses.move_back(Person(8).customer, "c"),
    "newest": lambda h: h.stores.addresses.newest(h.entry.address, h.now),
    "of_customer": lambda h: h.stores.addresses.of_customer(h.customer.id),
    "release": lambda h: h.stores.addresses.release(h.claim),
    "renew": lambda h: h.stores.addresses.renew(h.claim, h.now),
}
CONVERSATIONS: dict[str, Call] = {
    "active": lambda h: h.stores.conversations.active(h.conversation.address),
    "change": lambda h: h.stores.conversations.change(h.conversation.id, {"assignee": ME}, unset=("read_at",)),
    "commit": lambda h: h.stores.conversations.commit(h.conversation, replace(h.conversation, unread=7)),
    "count": lambda h: _views(h, lambda view: h.stores.conversations.count(view, 20)),
    "erase": lambda h: h.stores.conversations.erase(Person(9).customer),
    "flows": lambda h: h.stores.conversations.flows(h.now - DAY, h.now, idle=h.now),
    "followed": lambda h: h.stores.conversations.followed([h.conversation.id]),
    "get": lambda h: h.stores.conversations.get(h.conversation.id),
    "latest": lambda h: h.stores.conversations.latest(h.conversation.address, h.customer.id),
    "move": lambda h: h.stores.conversations.move(Person(8).customer, "c", "C"),
    "move_back": lambda h: h.stores.conversations.move_back(Person(8).customer, "c", "C"),
    "of_customer": lambda h: h.stores.conversations.of_customer(h.customer.id),
    "page": lambda h: _views(h, lambda view: _both(h, view)),
    "rename": lambda h: h.stores.conversations.rename(h.customer.id, "New"),
    "reopen": lambda h: h.stores.conversations.reopen(h.conversation.id, {"status": "open"}),
    "shelve": lambda h: h.stores.conversations.shelve(20),
    "some": lambda h: h.stores.conversations.some([h.conversation.id]),
    "start": lambda h: h.stores.conversations.start(h.conversation),
    "wake": lambda h: h.stores.conversations.wake(h.now),
}
CUSTOMERS: dict[str, Call] = {
    "add": lambda h: h.stores.customers.add(h.customer),
    "by_keys": lambda h: h.stores.customers.by_keys(["email:p3@example.org"]),
    "claimants": lambda h: h.stores.customers.claimants(["email:p3@example.org"], "c"),
    "come_back": lambda h: h.stores.customers.come_back(Person(8).customer, h.customer.id),
    "consent": lambda h: h.stores.customers.consent(h.customer.id, "news", given=True, at=h.now, how="", entry="e"),
    "erase": lambda h: h.stores.customers.erase(Person(9).customer),
    "exactly": lambda h: h.stores.customers.exactly(h.customer.id),
    "get": lambda h: h.stores.customers.get(h.customer.id),
    "give_way": lambda h: h.stores.customers.give_way(_other(h), h.customer.id),
    "learn": lambda h: h.stores.customers.learn(h.customer.id, claims=["phone:1"]),
    "merge_done": lambda h: h.stores.customers.merge_done(Person(8).customer),
    "newest": lambda h: h.stores.customers.newest(20, before="m"),
    "note": lambda h: h.stores.customers.note(h.customer.id, claims=["phone:2"]),
    "search": lambda h: h.stores.customers.search(h.customer.name, 20),
    "take_in": lambda h: h.stores.customers.take_in(h.customer.id, {"id": Person(8).customer}, _other(h)),
    "unfinished_merges": lambda h: h.stores.customers.unfinished_merges(),
}
ORDERS: dict[str, Call] = {
    "begin": lambda h: h.stores.orders.begin("bench", h.order.number, h.now),
    "by_token": lambda h: h.stores.orders.by_token(h.order.token),
    "decide": lambda h: h.stores.orders.decide(h.order, "paid", Notice("", h.now)),
    "erase": lambda h: h.stores.orders.erase(Person(9).customer),
    "every_of": lambda h: _all(h.stores.orders.every_of(h.customer.id)),
    "get": lambda h: h.stores.orders.get(h.order.id),
    "move": lambda h: h.stores.orders.move(Person(8).customer, "c", "C"),
    "move_back": lambda h: h.stores.orders.move_back(Person(8).customer, "c", "C"),
    "numbered": lambda h: h.stores.orders.numbered("bench", h.order.number),
    "of_customer": lambda h: h.stores.orders.of_customer(h.customer.id),
    "page": lambda h: h.stores.orders.page(before=MIDDLE, limit=20),
    "save": lambda h: h.stores.orders.save(h.order),
    "some": lambda h: h.stores.orders.some([h.order.id]),
    "typed": lambda h: h.stores.orders.typed(h.order.number),
}
LEADS: dict[str, Call] = {
    "add": lambda h: h.stores.leads.add(h.lead),
    "change": lambda h: h.stores.leads.change(h.lead, replace(h.lead, owner="x")),
    "count": lambda h: _lead_views(h, lambda view: h.stores.leads.count(view, 20)),
    "due_step": lambda h: h.stores.leads.due_step(h.now),
    "erase": lambda h: h.stores.leads.erase(Person(9).customer),
    "every": lambda h: _all(h.stores.leads.every(LeadView("new"))),
    "flag": lambda h: h.stores.leads.flag(h.lead, h.now),
    "followed": lambda h: h.stores.leads.followed([h.lead.id]),
    "get": lambda h: h.stores.leads.get(h.lead.id),
    "going": lambda h: h.stores.leads.going(h.lead.conversation_id),
    "left_alone": lambda h: h.stores.leads.left_alone(h.now),
    "mark_due": lambda h: h.stores.leads.mark_due(h.lead),
    "move": lambda h: h.stores.leads.move(Person(8).customer, "c", "C"),
    "move_back": lambda h: h.stores.leads.move_back(Person(8).customer, "c", "C"),
    "of_conversation": lambda h: h.stores.leads.of_conversation(h.lead.conversation_id),
    "of_customer": lambda h: h.stores.leads.of_customer(h.customer.id),
    "page": lambda h: _lead_views(h, lambda view: h.stores.leads.page(view, before=MIDDLE, limit=20)),
    "rename": lambda h: h.stores.leads.rename(h.customer.id, "New"),
    "rules": lambda h: h.stores.leads.rules(),
    "set_rules": lambda h: h.stores.leads.set_rules(LeadRules()),
    "shelve": lambda h: h.stores.leads.shelve(20),
    "some": lambda h: h.stores.leads.some([h.lead.id]),
}
FAILED: dict[str, Call] = {
    "count": lambda h: h.stores.failed.count(),
    "done": lambda h: h.stores.failed.done(new_id(), "dismissed"),
    "get": lambda h: h.stores.failed.get(new_id()),
    "keep": lambda h: h.stores.failed.keep("chat", "demo", b"x", {}, "why", h.now),
    "page": lambda h: h.stores.failed.page(before=new_id()),
}
CAUGHT: dict[str, Call] = {
    "count": lambda h: h.stores.caught.count(),
    "decide": lambda h: h.stores.caught.decide(make_caught().id, "freed", "agent"),
    "erase": lambda h: h.stores.caught.erase(["a@example.org"]),
    "get": lambda h: h.stores.caught.get(new_id()),
    "hold": lambda h: h.stores.caught.hold(make_caught()),
    "page": lambda h: h.stores.caught.page(before=new_id()),
}
CALLS: Mapping[str, Call] = {
    f"{store}.{method}": call
    for store, calls in {
        "interactions": INTERACTIONS,
        "addresses": ADDRESSES,
        "conversations": CONVERSATIONS,
        "customers": CUSTOMERS,
        "orders": ORDERS,
        "leads": LEADS,
        "failed": FAILED,
        "caught": CAUGHT,
    }.items()
    for method, call in calls.items()
}


async def _all(found: AsyncIterator[Any]) -> None:
    async for _ in found:
        pass


async def _pages(h: History) -> None:
    places: list[dict[str, Any]] = [
        {"conversation_id": LONG_CONVERSATION},
        {"customer_id": h.customer.id},
        {"address": h.entry.address},
    ]
    bounds: list[dict[str, str]] = [{}, {"before": MIDDLE}, {"after": MIDDLE}]
    for place, bound in product(places, bounds):
        await h.stores.interactions.page(**place, **bound, limit=20)


async def _searches(h: History) -> None:
    en, uk = vocabulary("en").words, vocabulary("uk").words
    for text in ("the", "delivery", "deliv", "mil", "zzqxj", en[15_000], f"the {uk[2]}", f"{en[2]} {en[30]} {uk[5]}"):
        await h.stores.interactions.search(text, limit=20)
        await h.stores.interactions.search(text, limit=20, before=MIDDLE)


async def _views(h: History, ask: Callable[[View], Awaitable[Any]]) -> None:
    statuses: tuple[tuple[Status, ...], ...] = (("resolved",), ())
    teams: tuple[tuple[str, ...] | None, ...] = (None, MY_TEAMS[:1], MY_TEAMS)
    for which in product(statuses, (None, "", ME), (None, "email"), (False, True), teams):
        await ask(View(*which))


async def _both(h: History, view: View) -> None:
    await h.stores.conversations.page(view, limit=20)
    await h.stores.conversations.page(view, before=(h.now - DAY, "m"), limit=20)


async def _lead_views(h: History, ask: Callable[[LeadView], Awaitable[Any]]) -> None:
    sources = ("", "form", "form:ride")
    for state, owner, source, flagged in product((None, "won"), (None, ME), sources, (False, True)):
        await ask(LeadView(state, owner, source, flagged))  # type: ignore[arg-type]  # the states above are some
    await ask(LeadView("new", since=h.now - 9 * DAY, until=h.now))


def _remark(h: History) -> Remark:
    name = str(h.entry.external_id)
    return Remark(Address.of(h.entry.address), (name,), reactions=("👍",), deleted=True, location=Location(1, 2))


def _other(h: History) -> Customer:
    return Customer(Person(8).customer)


# ------------------------------------------------------------------------------------------------- the tests


def test_every_method_of_every_store_is_asked() -> None:
    there = set()
    for store, kind in get_type_hints(Stores).items():
        if store in SETTINGS | OUTSIDE:
            continue
        for name, method in inspect.getmembers(kind):
            asks = inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method)
            if asks and not name.startswith("_"):
                there.add(f"{store}.{name}")
    assert there == CALLS.keys(), "a query that is not in the table above is one that nobody has explained"


@pytest.fixture(scope="module")
def made() -> Chunk:
    """Two days of a busy company."""
    return chunk(Span(2000, int(now().timestamp() * 1000), long=200), 0)


async def _of(stores: Stores) -> History:
    """One of everything there is."""
    log, conversations = stores.database.collection("interactions"), stores.database.collection("conversations")
    entry = await log.find_one({"direction": "in", "conversation_id": {"$exists": True}, "channel": "telegram"})
    sent = await log.find_one({"direction": "out", "status": "sent", "conversation_id": {"$exists": True}})
    conversation = await conversations.find_one({"active": True, "channel": "webchat"})
    order = await stores.database.collection("orders").find_one()
    lead = await stores.database.collection("leads").find_one({"going": True})
    assert entry is not None
    assert sent is not None
    assert conversation is not None
    assert order is not None
    assert lead is not None
    customer = (await stores.customers.newest(1))[0]
    return History(
        stores,
        Interaction.of(entry),
        Interaction.of(sent),
        Conversation.of(conversation),
        customer,
        Order.of(order),
        Lead.of(lead),
        now(),
    )


async def _costs(parts: Parts, client: pymongo.MongoClient[dict[str, Any]], database: str) -> dict[str, list[str]]:
    """What is wrong with the queries of each method."""
    history = await _of(parts.stores)
    wrong: dict[str, list[str]] = {}
    for name, call in CALLS.items():
        forget()
        await call(history)
        for command in overheard(database):
            found = explained(client, database, command, run=True)
            asked = f"{command.get('filter', command.get('pipeline', command.get('query', command)))}"[:200]
            if bad := found.stages & ({"COLLSCAN"} if name in SORTED else {"COLLSCAN", "SORT"}):
                wrong.setdefault(name, []).append(f"{sorted(bad)}: {asked}")
            most = SEARCHED if name.endswith(".search") else 3 * found.returned + 100
            if name not in WHOLE and max(found.keys, found.documents) > most:
                wrong.setdefault(name, []).append(f"{found.keys} keys, {found.documents} documents: {asked}")
    return wrong


async def test_every_query_reads_what_it_returns_and_no_more_when_there_is_more(
    database: Database, database_name: str, mongo_client: pymongo.MongoClient[dict[str, Any]], made: Chunk
) -> None:
    async with working(database) as parts:
        for every in (10, 1):
            for collection, documents in made.collections():
                mongo_client[database_name][collection].delete_many({})
                mongo_client[database_name][collection].insert_many(documents[::every], ordered=False)
            wrong = await _costs(parts, mongo_client, database_name)
            assert not wrong, "\n".join(f"{name}: {one}" for name, all_ in wrong.items() for one in all_)
