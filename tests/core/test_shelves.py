"""Every list a conversation or a lead is in is written with it, by whatever way it changes."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from core.conversations.conversation import Conversation, Last, Status
from core.conversations.store import View
from core.database import Database
from core.ids import new_id
from core.leads.lead import Lead, Source
from core.leads.store import LeadView
from core.shelves import shelf, shelves
from switchboard.stores import migrated
from switchboard.wiring import Parts
from tests.making import now, until
from tests.running import running_hub

NAMES = tuple[str, ...]


def make_conversation(**values: Any) -> Conversation:
    """An open one of somebody new."""
    id = new_id()
    usual: dict[str, Any] = {"channel": "chat", "account": "demo", "status": "open", "customer_id": "c"}
    usual |= {"customer_name": "", "opened_at": now(), "last": Last(now())}
    return Conversation(**{**usual, "id": id, "address": f"chat:demo:{id}", **values})


def make_lead(**values: Any) -> Lead:
    """A new one, of a conversation of its own."""
    return Lead(**{"id": new_id(), "conversation_id": new_id(), "customer_id": "c", "customer_name": "", **values})


def test_a_document_is_in_every_list_that_asks_for_what_it_has_or_does_not_ask() -> None:
    assert shelves(("a",), ("x", "y"), ()) == [shelf(*names) for names in product(("", "a"), ("", "x", "y"), ("",))]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"assignee": "a", "team": "t", "lead": True},
        {"team": "old words/with a slash"},
        {"lead": True, "channel": "email"},
    ],
)
async def test_what_is_older_than_the_shelves_is_put_on_the_same_ones(parts: Parts, values: dict[str, Any]) -> None:
    conversation = make_conversation(**values)
    await parts.stores.conversations.start(conversation)
    documents = parts.stores.database.collection("conversations")
    await documents.update_one({"_id": conversation.id}, {"$unset": {"shelves": ""}})
    assert await parts.stores.conversations.page(View()) == []
    assert "conversations: 1 put on the shelves of their lists" in await migrated(parts.stores)
    assert await shelved(parts, conversation.id) == conversation.document()["shelves"]
    assert await migrated(parts.stores) == []


@pytest.mark.parametrize("source", [Source(), Source("form", "ride"), Source("chat"), Source("utm", "a/b:c")])
@pytest.mark.parametrize("flagged", [False, True])
@pytest.mark.parametrize("owner", ["", "a"])
async def test_a_lead_older_than_the_shelves_is_too(parts: Parts, source: Source, flagged: bool, owner: str) -> None:
    lead = make_lead(made_at=now(), touched_at=now(), source=source, flagged=flagged, owner=owner)
    await parts.stores.leads.add(lead)
    documents = parts.stores.database.collection("leads")
    await documents.update_one({"_id": lead.id}, {"$unset": {"shelves": ""}})
    assert await parts.stores.leads.shelve() == 1
    assert (await documents.find_one({"_id": lead.id}) or {})["shelves"] == lead.document()["shelves"]


async def test_what_an_older_hub_changes_meanwhile_is_moved_by_those_that_follow(
    database_uri: str, database_name: str
) -> None:
    """A rolling upgrade: a hub of before the shelves changes fields alone, under its own mark."""
    async with running_hub(database_uri, database_name, sample_data=False) as hub:
        stores, feed = hub.parts.stores, hub.parts.feed

        async def hears() -> bool:
            return feed.following

        await until(hears)
        conversation, lead = (
            await stores.conversations.start(make_conversation()),
            make_lead(made_at=now(), touched_at=now()),
        )
        await stores.leads.add(lead)
        assert await stores.conversations.count(View(assignee="a")) == 0
        older: Any = stores.database.collection
        await older("conversations").update_one(
            {"_id": conversation.id}, {"$set": {"assignee": "a", "team": "t", "writer": "older:1"}, "$inc": {"rev": 1}}
        )
        await older("leads").update_one({"_id": lead.id}, {"$set": {"owner": "a", "writer": "older:2"}})

        async def moved() -> bool:
            mine = await stores.conversations.page(View(assignee="a", teams=("t",)))
            return bool(mine and await stores.leads.page(LeadView(owner="a")))

        await until(moved)
        assert await stores.conversations.page(View(assignee="")) == []
        assert (await older("conversations").find_one({"_id": conversation.id}))["rev"] == conversation.rev + 1


async def test_a_conversation_moves_with_every_change(parts: Parts) -> None:
    conversations = parts.stores.conversations
    begun = await conversations.start(make_conversation(channel="chat"))
    changed = replace(begun, assignee="a", lead=True)
    assert await conversations.commit(begun, changed)
    assert await shelved(parts, begun.id) == changed.document()["shelves"]
    for fields in ({"assignee": None}, {"team": "t", "status": "snoozed"}, {"team": None, "assignee": "$b"}):
        after = await conversations.change(begun.id, fields, where={"active": True}, unset=("snoozed_until",))
        assert after is not None
        assert await shelved(parts, begun.id) == after.document()["shelves"]
        assert after.rev == (changed := replace(changed, rev=changed.rev + 1)).rev + 1
    assert await conversations.change(begun.id, {"assignee": "x"}, where={"active": False}) is None
    assert after is not None
    assert after.assignee == "$b", "a value is never taken for an expression"


async def test_each_list_shows_what_is_in_it_and_nothing_else(parts: Parts, database: Database) -> None:
    conversations = parts.stores.conversations
    people, channels, teams = (None, "a", "b"), ("chat", "letter"), (None, "t", "u")
    statuses: tuple[Status, ...] = ("open", "snoozed", "resolved")
    made = [
        await conversations.start(
            make_conversation(assignee=who, channel=channel, lead=lead, team=team, status=status, last=Last(now()))
        )
        for who, channel, lead, team, status in product(people, channels, (False, True), teams, statuses)
    ]
    for whose, channel, lead, team, wanted in product(
        (None, "", "a"),
        (None, "letter"),
        (False, True),
        (None, ("t",), ("t", "u")),
        (("open",), ("open", "snoozed"), ()),
    ):
        view = View(wanted, whose, channel, lead, team)  # type: ignore[arg-type]  # the statuses above are some
        fits = {
            one.id
            for one in made
            if (whose is None or (one.assignee or "") == whose)
            and (channel is None or one.channel == channel)
            and (one.lead or not lead)
            and (team is None or one.team in team)
            and (one.status in wanted or not wanted)
        }
        found = await conversations.page(view, limit=500)
        assert {one.id for one in found} == fits
        assert [one.last.at for one in found] == sorted((one.last.at for one in found), reverse=True)
        assert await conversations.count(view) == len(fits)


async def test_a_lead_moves_with_every_change(parts: Parts) -> None:
    leads = parts.stores.leads
    lead = make_lead(made_at=now(), touched_at=now(), alone_at=now(), source=Source("form", "ride"))
    await leads.add(lead)
    flagged = await leads.flag(lead, now())
    assert flagged is not None
    for view in (LeadView("new", flagged=True), LeadView(source="form"), LeadView(owner="", source="form:ride")):
        assert [one.id for one in await leads.page(view)] == [lead.id]
    assert await leads.change(flagged, replace(flagged, state="won", owner="a", flagged=False))
    assert [one.id for one in await leads.page(LeadView("won", "a", "form:ride"))] == [lead.id]
    for view in (LeadView("new"), LeadView(flagged=True), LeadView(owner=""), LeadView(source="form:other")):
        assert await leads.page(view) == []


async def shelved(parts: Parts, id: str) -> list[str]:
    """The shelves of a conversation as they are stored."""
    document = await parts.stores.database.collection("conversations").find_one({"_id": id})
    assert document is not None
    found: list[str] = document["shelves"]
    return found
