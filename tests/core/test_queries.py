"""No query of the path, the inbox or the clockwork ever reads a whole collection or sorts in memory.

The stores are used as they are; what they ask is overheard on its way to MongoDB and asked again with `explain`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pymongo
import pytest

from core.channel import Reachability, Receipt, Remark
from core.content import Content, Location
from core.conversations.conversation import STATUSES, Status
from core.conversations.store import View
from core.database import Database
from core.ids import id_at, new_id
from core.interactions import status
from core.interactions.interaction import Author
from core.leads.lead import STATES as LEAD_STATES
from core.leads.lead import Lead, Source, Step
from core.leads.rules import LeadRules
from core.leads.store import LeadView
from switchboard.wiring import Parts
from tests.core.overheard import SMALL, explained, forget, overheard
from tests.making import (
    handle,
    make_account,
    make_address,
    make_arrival,
    make_caught,
    make_message,
    now,
    receive,
    working,
)


def test_a_collection_scan_and_a_sort_are_seen(
    mongo_client: pymongo.MongoClient[dict[str, Any]], database_name: str
) -> None:
    box = mongo_client[database_name]["box"]
    box.insert_one({"a": 1})
    command = {"find": "box", "filter": {"b": 1}, "sort": {"a": 1}}
    found = explained(mongo_client, database_name, command, run=True)
    assert {"COLLSCAN", "SORT"} <= found.stages
    assert (found.keys, found.documents, found.returned) == (0, 1, 0)
    box.drop()


async def busy_life(parts: Parts) -> None:
    """A little of everything: arrivals, answers, receipts, plans, merges, edits, replays, sweeps."""
    stores, desk = parts.stores, parts.desk
    agent = await stores.agents.add("Olha", "o@x.org", "a long password")
    account = await parts.lines.account("chat", "demo")
    await receive(parts, *(make_arrival("hello", person=f"p{n}", name=f"N{n}") for n in range(3)))
    await handle(parts)
    await receive(parts, make_arrival("edited", person="p0", external_id=None, edits="x"))
    await receive(parts, make_arrival("quotes", person="p1", reply_to=("a", "b")))
    await receive(parts, *(make_arrival("album", person="p2", key="g", part=n) for n in range(3)))
    remark = Remark(make_address("p0"), ("x", "y"), reactions=("👍",), deleted=True, location=Location(1, 2))
    await parts.receive.keep(account, [remark])
    await parts.receive.keep(account, [Reachability(make_address("p1"), True)])
    await parts.receive.keep(account, [Receipt(make_address("p0"), "p1", "delivered", gone=True)])
    await handle(parts)
    await handle(parts, "out")
    found = [await stores.conversations.active(str(make_address(f"p{n}"))) for n in range(3)]
    conversations = [conversation for conversation in found if conversation]
    one, two, three = (each.id for each in conversations)
    await desk.reply(agent, one, Content("hi"), key="1")
    await desk.reply(agent, two, Content("hi"), key="1", due_at=now() + timedelta(hours=1))
    await desk.note(agent, one, "a note", key="1")
    await desk.assign(agent, three, agent.id)
    team = await stores.teams.add("Delivery")
    await desk.hand(agent, three, team.id)
    await desk.hand(agent, three, None)
    await desk.snooze(agent, two, now() + timedelta(hours=1))
    await stores.conversations.wake(now() + timedelta(hours=2))
    await desk.read(agent, one)
    await desk.resolve(agent, three)
    await desk.reopen(agent, three)
    await parts.merge(conversations[0].customer_id, conversations[1].customer_id, by="agent", now=now())
    await parts.merge.undo(conversations[0].customer_id, conversations[1].customer_id)
    await parts.merge.resume(now())
    await stores.interactions.forgotten(id_at(now()))
    await stores.interactions.calling("", 64)
    await stores.interactions.still_calling([str(make_address(f"p{n}")) for n in range(3)])
    await stores.addresses.due(now(), 64)
    await stores.addresses.claim("in", [str(make_address(f"p{n}")) for n in range(3)], now(), timedelta(seconds=1))
    await stores.addresses.flag_missing([str(make_address())], now())
    await stores.interactions.claim_media(now(), now())
    await stores.failed.keep("chat", "demo", b"x", {}, "why", now())
    await stores.failed.page(before=new_id())
    await stores.failed.count()
    await stores.caught.hold(make_caught())
    await stores.caught.page(before=new_id())
    await stores.caught.count()
    await stores.caught.decide(make_caught().id, "freed", "agent")
    await stores.forms.version("ride", 1)
    await stores.conversations.rename(conversations[0].customer_id, "New")


async def read_everything(parts: Parts) -> None:
    """Every page an agent can look at."""
    stores, id = parts.stores, new_id()
    places: list[dict[str, Any]] = [{"conversation_id": "c"}, {"customer_id": "c"}, {"address": "chat:demo:p0"}]
    for where in places:
        await stores.interactions.page(**where)
        await stores.interactions.page(**where, before=id)
        await stores.interactions.page(**where, after=id)
    await stores.interactions.troubled()
    await stores.interactions.troubled(before=id)
    await stores.interactions.search("hello")
    await stores.interactions.search("several words", before=id)
    await stores.interactions.by_key("chat:demo:p0", "k")
    await stores.interactions.answered("chat:demo:p0", ["x", "y"])
    await stores.interactions.some([id])
    await stores.conversations.of_customer("c")
    await stores.conversations.some([id])
    await stores.customers.newest(before=id)
    await stores.customers.search("ann smi")
    await stores.customers.claimants(["email:a"], but="c")
    await stores.addresses.of_customer("c")
    async for _ in stores.interactions.of_customer("c"):
        pass


LISTS: tuple[tuple[Status, ...], ...] = (("open",), ("pending", "open", "snoozed"), STATUSES, ())
VIEWS = [
    View(statuses, assignee, channel, lead)
    for statuses in LISTS
    for assignee in (None, "", "agent")
    for channel in (None, "chat")
    for lead in (False, True)
] + [
    View(statuses, assignee, channel, teams=teams)
    for statuses in LISTS
    for assignee in (None, "agent")
    for channel in (None, "chat")
    for teams in (("t1",), ("t1", "t2"))
]


LEADS = [
    LeadView(state, owner, source, flagged)
    for state in (None, "new")
    for owner in (None, "", "agent")
    for source in ("", "form", "form:ride")
    for flagged in (False, True)
]


async def look_at_leads(parts: Parts) -> None:
    """Every list of leads, its first page, a later one, its number; what one is changed by, and what time does."""
    leads = parts.stores.leads
    for n in range(200):
        id = new_id()
        source = Source("form" if n % 3 else "chat", "ride" if n % 2 else "")
        lead = Lead(
            id, id, f"p{n % 40}", "P", now(), now(), LEAD_STATES[n % 5], "agent" if n % 4 else "", source=source
        )
        await leads.add(replace(lead, flagged=n % 9 == 0))
    id = new_id()
    for view in LEADS:
        await leads.page(view)
        await leads.page(view, before=id)
        if view.state:  # the board's columns are counted, the list is not
            await leads.count(view)
    await leads.page(LeadView("new", since=now() - timedelta(days=9), until=now()))
    lead = Lead(id, "c", "p", "P", now(), now(), alone_at=now(), step=Step(now(), "x"))
    await leads.add(lead)
    assert await parts.worker._.leads.bring_up(now())
    assert await parts.worker._.leads.bring_up(now())
    await leads.going("c")
    await leads.of_conversation("c")
    await leads.of_customer("p")
    await leads.set_rules(LeadRules())
    await leads.rename("p", "N")
    await leads.move("p", "q", "Q")
    await leads.move_back("p", "q", "P")
    await leads.erase("p")


async def look_at_lists(parts: Parts) -> None:
    """Every list of the inbox, its first page, a later one, and its number."""
    for view in VIEWS:
        await parts.stores.conversations.page(view)
        await parts.stores.conversations.page(view, before=(now(), new_id()))
        await parts.stores.conversations.count(view)


async def erase(parts: Parts) -> None:
    """Deleting one person's data."""
    for store in (parts.stores.interactions, parts.stores.addresses, parts.stores.conversations):
        await store.erase("c")


async def filled(parts: Parts) -> None:
    """Some history, so that the planner has something to choose by."""
    log = parts.stores.interactions
    old = [make_message(f"hello several words {n}", person=f"old{n % 50}") for n in range(600)]
    await log.add([*old, make_message(direction="out", status=status.FAILED, author=Author("bot"))])
    entries = parts.stores.database.collection("interactions")
    await entries.update_many({}, {"$set": {"status": "handled", "words": ["hello", "several", "word"]}})
    lists = parts.stores.database.collection("conversations")
    await receive(parts, make_arrival("hello", person="seed"))
    await handle(parts)
    seed = await lists.find_one({})
    assert seed is not None
    copies = [
        {
            **seed,
            "_id": new_id(),
            "address": f"chat:demo:c{n}",
            "status": STATUSES[n % 4],
            "active": n % 4 != 3,
            "assignee": None if n % 3 else "agent",
            "channel": "chat" if n % 2 else "letter",
            **({"lead": True} if n % 5 == 0 else {}),
            "team": f"t{n % 3}" if n % 2 else None,
        }
        for n in range(400)
    ]
    await lists.insert_many(copies)


@pytest.mark.parametrize("life", [busy_life, read_everything, look_at_lists, look_at_leads, erase])
async def test_every_query_uses_an_index(
    database: Database,
    database_name: str,
    mongo_client: pymongo.MongoClient[dict[str, Any]],
    life: Callable[[Parts], Awaitable[None]],
) -> None:
    async with working(database) as parts:
        await parts.stores.accounts.save(make_account())
        await filled(parts)
        forget()
        await life(parts)
        commands = overheard(database_name)
    assert commands
    slow: dict[str, set[str]] = {}
    for command in commands:
        name, collection = next(iter(command.items()))
        if collection in SMALL or str(collection).startswith("files."):
            continue
        found = explained(mongo_client, database_name, command).stages
        if bad := found & {"COLLSCAN", "SORT"}:
            slow[f"{name} {collection} {command.get('filter', command.get('pipeline', command))}"[:300]] = bad
    assert not slow, "\n".join(f"{sorted(bad)} {what}" for what, bad in slow.items())
