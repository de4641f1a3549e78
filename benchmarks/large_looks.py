"""What people and the clock ask of a large history: every list, conversations, search, customers, orders, leads."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from benchmarks.history import LONG_ADDRESS, LONG_CONVERSATION, LONG_CUSTOMER, ME, MY_TEAMS, TEAMS, Person, Span, moment
from benchmarks.large_turns import Look
from benchmarks.vocabulary import vocabulary
from core.conversations.conversation import STATUSES, Status
from core.conversations.store import View
from core.errors import Conflict
from core.ids import id_at
from core.leads.lead import STATES
from core.leads.store import LeadView
from switchboard.stores import Stores

MAIL, PASSWORD = "agent@bench.example", "a password for the bench"
PAGE, COUNTED = 41, 100


@dataclass
class Scene:
    """One database, a hub that shows it, and an agent who is signed in there."""

    stores: Stores
    span: Span
    url: str
    session: aiohttp.ClientSession
    digest: str = ""

    @classmethod
    async def of(cls, stores: Stores, span: Span, url: str, open_: AsyncExitStack) -> Scene:
        """Signed in, with the SHA-256 of one mail at hand."""
        with contextlib.suppress(Conflict):  # measured before
            await stores.agents.add("Bench", MAIL, PASSWORD)
        jar = aiohttp.CookieJar(unsafe=True)
        session = await open_.enter_async_context(aiohttp.ClientSession(cookie_jar=jar))
        form = {"email": MAIL, "password": PASSWORD, "next": "/inbox/"}
        async with session.post(url + "/inbox/sign-in", data=form, allow_redirects=False) as answer:
            assert answer.status == 303, answer.status
        mails = (entry async for entry in _mails(stores))
        return cls(stores, span, url, session, await anext(mails))

    async def get(self, path: str) -> int:
        """A page as the agent's browser asks for it; its size."""
        async with self.session.get(self.url + path) as answer:
            body = await answer.read()
            assert answer.status == 200, (path, answer.status)
            return len(body)

    @property
    def middle(self) -> datetime:
        """A moment in the middle of the history."""
        start, _ = self.span.window(0)
        return moment((start + self.span.until) // 2)


async def _mails(stores: Stores) -> AsyncIterator[str]:
    """SHA-256 of mails."""
    n = 3  # writes mails
    while True:
        for entry in await stores.interactions.page(address=Person(n).address):
            if digest := entry.data.get("sha256"):
                yield digest
        n += 10


def looks(small: Scene) -> Iterator[Look]:
    """All of it."""
    yield from _lists()
    yield from _pages()
    yield from _searches()
    yield from _around()
    yield from _clock()


# ---------------------------------------------------------------------------------------------------- lists

VIEWS: dict[str, View] = {
    "open": View(("open",)),
    "pending": View(("pending",)),
    "snoozed": View(("snoozed",)),
    "resolved": View(("resolved",)),
    "every status": View(()),
    "mine": View(("open",), ME),
    "mine, resolved": View(("resolved",), ME),
    "unassigned": View(("open",), ""),
    "channel": View(("open",), channel="email"),
    "leads": View(("open",), lead=True),
    "a team": View(("open",), teams=(TEAMS[3],)),
    "my teams": View(("open",), teams=MY_TEAMS),
    "my teams, every status": View((), teams=MY_TEAMS),
    "unassigned of my teams": View(("open",), "", teams=MY_TEAMS),
    "mine, channel": View(("resolved",), ME, "telegram"),
    "mine, leads": View(("resolved",), ME, lead=True),
    "mine, channel, leads, team": View(("resolved",), ME, "webchat", True, (TEAMS[1],)),
    "everything at once, every status": View((), ME, "email", True, MY_TEAMS),
    "a list with nothing in it": View(("resolved",), ME, "sms", True, (TEAMS[1],)),
}


def _lists() -> Iterator[Look]:
    for name, view in VIEWS.items():
        yield Look("Lists, a page of the same number of rows", name, _page(view), _rows)
    for name in ("resolved", "every status", "mine, resolved", "my teams, every status"):
        yield Look("Lists, a page in the middle of the history", name, _deep(VIEWS[name]), _rows)
    for status in STATUSES:
        yield Look("Numbers beside the list, up to 100", status, _count(View((status,))))
    yield Look("Numbers beside the list, up to 100", "all six of a look", _six)
    yield Look("Numbers beside the list, up to 100", "mine, leads, resolved", _count(VIEWS["mine, leads"]))


_ROWS: dict[View, int] = {}


def _page(view: View) -> Callable[[Scene], Awaitable[Any]]:
    async def act(scene: Scene) -> Any:
        # The small one comes first. What it has fewer of than a page holds is no reason to be quicker.
        limit = _ROWS.setdefault(view, len(await scene.stores.conversations.page(view, limit=PAGE)) or 1)
        return await scene.stores.conversations.page(view, limit=limit)

    return act


def _rows(found: Any) -> str:
    return f"{len(found)} rows"


def _deep(view: View) -> Callable[[Scene], Awaitable[Any]]:
    async def act(scene: Scene) -> Any:
        return await scene.stores.conversations.page(view, before=(scene.middle, "z"), limit=PAGE)

    return act


def _count(view: View) -> Callable[[Scene], Awaitable[Any]]:
    async def act(scene: Scene) -> Any:
        return await scene.stores.conversations.count(view, COUNTED)

    return act


async def _six(scene: Scene) -> None:
    view = View(("open",))
    whose = [replace(view, assignee=who) for who in (None, ME, "")]
    statuses: tuple[Status, ...] = ("open", "pending", "snoozed")
    views = [*whose, *(View((status,)) for status in statuses)]
    await asyncio.gather(*(scene.stores.conversations.count(each, COUNTED) for each in views))


# ------------------------------------------------------------------------------------------ pages and search


def _pages() -> Iterator[Look]:
    group = f"A conversation of {20_000:,} entries, and its customer"

    async def newest(scene: Scene) -> None:
        await scene.stores.interactions.page(conversation_id=LONG_CONVERSATION, limit=51)

    async def older(scene: Scene) -> None:
        await scene.stores.interactions.page(conversation_id=LONG_CONVERSATION, before=id_at(scene.middle), limit=51)

    async def timeline(scene: Scene) -> None:
        await scene.stores.interactions.page(customer_id=LONG_CUSTOMER, limit=51)

    async def address(scene: Scene) -> None:
        await scene.stores.interactions.page(address=LONG_ADDRESS, limit=51)

    yield Look(group, "its newest entries", newest)
    yield Look(group, "a page in its middle", older)
    yield Look(group, "the customer's timeline", timeline)
    yield Look(group, "what came from the address", address)
    paths = {
        "the inbox": "/inbox/",
        "the inbox, resolved": "/inbox/?status=resolved",
        "the conversation": f"/inbox/c/{LONG_CONVERSATION}",
        "the customer": f"/inbox/customers/{LONG_CUSTOMER}",
        "the customers": "/inbox/customers",
        "the board of leads": "/inbox/leads",
        "a search": "/inbox/?q=delivery",
    }
    for name, path in paths.items():
        yield Look("Whole pages over HTTP, as an agent who is signed in", name, _got(path))


def _got(path: str) -> Callable[[Scene], Awaitable[Any]]:
    async def act(scene: Scene) -> int:
        return await scene.get(path)

    return act


def _searches() -> Iterator[Look]:
    group = "Search, newest first"
    en, uk = vocabulary("en").words, vocabulary("uk").words
    asked = {
        "a frequent word": "the delivery",
        "a frequent word alone": "delivery",
        "a frequent word of two letters": "my",
        "a word in one of a thousand": en[150],
        "a rare word": en[15_000],
        "two words": f"{en[5]} {en[12]}",
        "two words, one of them less frequent": f"{en[5]} {en[40]}",
        "a frequent and a rare word": f"the {en[15_000]}",
        "two frequent words that never meet": f"the {uk[2]}",
        "three frequent words that never meet": f"order {uk[3]} my",
        "a beginning": "deliv",
        "a beginning of many words": "mil",
        "a beginning of very many words": "mi",
        "no hit": "zzqxj",
        "no hit beside a frequent word": "zzqxj the",
    }
    for name, text in asked.items():
        yield Look(group, name, _search(text), _found)

    async def raw(scene: Scene) -> Any:
        return await scene.stores.interactions.search(scene.digest[:16], limit=100)

    async def further(scene: Scene) -> Any:
        return await scene.stores.interactions.search(f"the {uk[2]}", limit=100, before=id_at(scene.middle))

    async def person(scene: Scene) -> Any:
        return await scene.stores.customers.search(Person(7).name, 20)

    async def mail(scene: Scene) -> Any:
        return await scene.stores.customers.search("p13@exam", 20)

    yield Look(group, "a mail by its SHA-256", raw, _found)
    yield Look(group, "words that never meet, from the middle on", further, _found)
    yield Look(group, "a customer by name", person)
    yield Look(group, "a customer by the beginning of a mail address", mail)


def _search(text: str) -> Callable[[Scene], Awaitable[Any]]:
    async def act(scene: Scene) -> Any:
        return await scene.stores.interactions.search(text, limit=100)

    return act


def _found(found: Any) -> str:
    return f"{len(found.entries)} found{', bounded' if found.bounded else ''}{', vague' if found.vague else ''}"


# -------------------------------------------------------------------------------------- around, and the clock


def _around() -> Iterator[Look]:
    group = "Customers, orders and leads"

    async def beside(scene: Scene) -> None:
        stores, id = scene.stores, Person(7).customer
        customer = await stores.customers.get(id)
        assert customer is not None
        await asyncio.gather(
            stores.addresses.of_customer(id),
            stores.conversations.of_customer(id),
            stores.orders.of_customer(id, 20),
            stores.customers.claimants(customer.keys, id),
            stores.leads.of_customer(id, 20),
        )

    async def newest(scene: Scene) -> None:
        await scene.stores.customers.newest(51)

    async def typed(scene: Scene) -> None:
        assert await scene.stores.orders.typed("a 1500")

    async def orders(scene: Scene) -> None:
        await scene.stores.orders.page()

    async def board(scene: Scene) -> None:
        leads, views = scene.stores.leads, [LeadView(state) for state in STATES]
        await asyncio.gather(*(leads.page(view, limit=30) for view in views))
        await asyncio.gather(*(leads.count(view, COUNTED) for view in views))

    async def mine(scene: Scene) -> None:
        await scene.stores.leads.page(LeadView("won", ME, "webchat"), limit=10)

    async def none(scene: Scene) -> None:
        await scene.stores.leads.page(LeadView("won", ME, "sms"))

    async def flows(scene: Scene) -> None:
        until = moment(scene.span.until)
        await scene.stores.conversations.flows(until - timedelta(days=1), until, idle=until)

    yield Look(group, "all that is shown beside a conversation", beside)
    yield Look(group, "the newest customers", newest)
    yield Look(group, "an order by its number", typed)
    yield Look(group, "the newest orders", orders)
    yield Look(group, "the board of leads", board)
    yield Look(group, "leads: mine, won, of one source", mine)
    yield Look(group, "leads: a list with nothing in it", none)
    yield Look(group, "report of the bot over one day", flows)


def _clock() -> Iterator[Look]:
    group = "What the clock and the worker ask"

    async def wake(scene: Scene) -> None:
        await scene.stores.conversations.wake(_now())

    async def calls(scene: Scene) -> None:
        await scene.stores.interactions.next_due(_now())

    async def tasks(scene: Scene) -> None:
        await scene.stores.interactions.tasks(limit=40)

    async def forgotten(scene: Scene) -> None:
        await scene.stores.interactions.forgotten(id_at(_now()))

    async def media(scene: Scene) -> None:
        await scene.stores.interactions.claim_media(_now(), _now())

    async def leads(scene: Scene) -> None:
        await asyncio.gather(scene.stores.leads.due_step(_now()), scene.stores.leads.left_alone(_now()))

    async def queues(scene: Scene) -> None:
        await asyncio.gather(scene.stores.interactions.calling("", 64), scene.stores.addresses.due(_now(), 64))

    async def troubled(scene: Scene) -> None:
        await scene.stores.interactions.troubled(20)

    async def merges(scene: Scene) -> None:
        await scene.stores.customers.unfinished_merges()

    yield Look(group, "wake what was snoozed", wake)
    yield Look(group, "calls that are due", calls)
    yield Look(group, "the list of calls", tasks)
    yield Look(group, "the sweep for forgotten flags", forgotten)
    yield Look(group, "attachments to fetch", media)
    yield Look(group, "leads that are due or left alone", leads)
    yield Look(group, "both queues", queues)
    yield Look(group, "troubled deliveries", troubled)
    yield Look(group, "merges left half-way", merges)


def _now() -> datetime:
    return datetime.now(UTC)
