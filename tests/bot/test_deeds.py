"""What the bot decides is done: calls planned and brought up, deliveries changed, ratings kept, runs counted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pymongo
import pytest

from bot import Trial
from core.agents.agent import Agent
from core.channel import Identity
from core.content import Content
from core.conversations.conversation import Conversation
from core.conversations.store import View
from core.database import Database
from core.errors import Conflict, Invalid
from core.hours.hours import Hours
from core.hours.written import read_week
from core.interactions import status
from core.interactions.interaction import Interaction
from core.orders.order import Order, Step
from switchboard.wiring import Parts
from tests.core.round_trips import round_trips
from tests.making import handle, log_of, make_arrival, now, receive, working
from tests.servers.little import TABLE as LITTLE
from tests.servers.little import line
from tests.servers.provider import provider

TABLE = {**LITTLE, "chat": line("chat", max_text=2000, max_buttons=8, files=True)}
MINE = (Identity("email", "ann@example.org", verified=True),)


@pytest.fixture
async def parts(database: Database) -> AsyncIterator[Parts]:
    async with provider() as there, working(database, url=there.url, table=TABLE) as resting:
        yield resting


async def says(parts: Parts, text: str, **more: Any) -> list[Interaction]:
    """What Ann is answered."""
    before = len(await log_of(parts))
    await receive(parts, make_arrival(text, **more))
    await handle(parts)
    return [entry for entry in (await log_of(parts))[before:] if entry.direction == "out"]


async def only(parts: Parts) -> Conversation:
    (conversation,) = await parts.stores.conversations.page(View(("pending", "open", "snoozed", "resolved")))
    return conversation


async def agent_of(parts: Parts) -> Agent:
    return await parts.stores.agents.add("Olha", "o@example.org", "a long password")


async def order_of(parts: Parts, order_status: str = "paid", number: str = "A-1042") -> Order:
    fresh = await parts.stores.orders.begin("shop", number, now())
    changed = Order(
        **{
            **{name: getattr(fresh, name) for name in Order.__slots__},
            "status": order_status,
            "history": (Step(order_status, now()),),
            "contact": type(fresh.contact)("Ann", "ann@example.org", "+380671234567"),
        }
    )
    saved = await parts.stores.orders.save(changed)
    assert saved is not None
    return saved


def kinds(log: list[Interaction], kind: str) -> list[Interaction]:
    return [entry for entry in log if entry.kind == kind]


# --------------------------------------------------------------------------------------------------- calls


async def test_a_planned_call_waits_in_the_log_and_comes_up_when_it_is_due(parts: Parts) -> None:
    agent = await agent_of(parts)
    await says(parts, "call me back in 2 hours, +380 50 111 22 33")
    (call,) = kinds(await log_of(parts), "call")
    conversation = await only(parts)
    assert (call.status, call.direction, call.data["phone"]) == (status.TO_DO, "internal", "+380501112233")
    assert call.due_at is not None
    assert timedelta(minutes=119) < call.due_at - now() <= timedelta(hours=2)
    assert (conversation.status, conversation.tags) == ("pending", ("callback",))
    assert await handle(parts, "out") == 1, "the answer goes out, the call does not"
    assert await parts.calls.bring_up(now()) is False

    assert await parts.calls.bring_up(call.due_at) is True
    assert await parts.calls.bring_up(call.due_at) is False
    conversation = await only(parts)
    assert (conversation.status, conversation.urgent, conversation.unread) == ("open", True, 1)
    (task,) = await parts.stores.interactions.tasks()
    assert (task.id, task.status) == (call.id, status.DUE)
    assert [entry.content.text for entry in kinds(await log_of(parts), "system")] == ["It is time to call {phone}"]
    assert (await parts.calls.done(agent, call.id)).status == status.DONE
    with pytest.raises(Conflict):
        await parts.calls.done(agent, call.id)
    assert await parts.stores.interactions.tasks() == []


async def test_a_call_comes_up_although_the_conversation_was_resolved(parts: Parts) -> None:
    agent = await agent_of(parts)
    await says(parts, "call me back in 1 hour, +380 50 111 22 33")
    first = await only(parts)
    await parts.desk.resolve(agent, first.id)
    assert await parts.calls.bring_up(now() + timedelta(hours=2))
    assert (await only(parts)).status == "open"
    # And in the newer conversation, where the customer has begun one.
    await says(parts, "call me back in 1 hour, +380 50 111 22 33")
    await parts.desk.resolve(agent, first.id)
    await says(parts, "hello")
    await says(parts, "call me back in 1 hour, +380 50 111 22 33")
    newer = await parts.stores.conversations.active(first.address)
    assert newer is not None
    assert newer.id != first.id
    while await parts.calls.bring_up(now() + timedelta(hours=2)):
        pass
    assert [c.status for c in await parts.stores.conversations.of_customer(first.customer_id)] == ["open", "resolved"]


# ------------------------------------------------------------------------------------------------ delivery


async def change_address(parts: Parts) -> list[Interaction]:
    await says(parts, "change the delivery address of order A-1042", identities=MINE)
    await says(parts, "Kyiv, Khreshchatyk 22, flat 5")
    return await says(parts, "yes")


async def test_a_changed_delivery_is_written_with_its_history_and_told(parts: Parts) -> None:
    order = await order_of(parts)
    async with parts.feed.subscribe("orders", "log") as changes:
        (said,) = await change_address(parts)
        told = {change.what for change in await changes.next(5)}
    assert said.content.text == "Done. Order A-1042 now goes here: Kyiv, Khreshchatyk 22, flat 5"
    after = await parts.stores.orders.get(order.id)
    assert after is not None
    assert dict(after.delivery) == {"address": "Kyiv, Khreshchatyk 22, flat 5"}
    (change,) = after.changes
    assert (change.field, change.before, change.after) == ("address", "", "Kyiv, Khreshchatyk 22, flat 5")
    assert {"order", "interaction"} <= told
    (line,) = kinds(await log_of(parts), "system")
    assert line.content.text.startswith("Delivery of order {number} changed")
    assert line.data["value"] == change.after


async def test_an_order_that_is_sent_between_question_and_yes_is_not_changed(parts: Parts) -> None:
    order = await order_of(parts)
    await says(parts, "change the delivery address of order A-1042", identities=MINE)
    await says(parts, "Kyiv, Khreshchatyk 22, flat 5")
    known = await parts.stores.orders.get(order.id)
    assert known is not None
    await parts.stores.database.collection("orders").update_one(
        {"_id": order.id}, {"$set": {"status": "shipped"}, "$inc": {"rev": 1}}
    )
    (said,) = await says(parts, "yes")
    assert said.content.text.startswith("Order A-1042 was sent a moment ago")
    after = await parts.stores.orders.get(order.id)
    assert after is not None
    assert (dict(after.delivery), after.changes) == ({}, ())


async def test_a_change_that_is_done_twice_is_one(parts: Parts) -> None:
    await order_of(parts)
    await change_address(parts)
    conversation = await only(parts)
    before = await log_of(parts)
    await parts.route._.perform(conversation)
    await parts.route._.perform(conversation)
    assert len(await log_of(parts)) == len(before)
    (order,) = await parts.stores.orders.typed("A-1042")
    assert len(order.changes) == 1


# -------------------------------------------------------------------------------------------------- rating


async def resolved(parts: Parts) -> tuple[Agent, Conversation]:
    agent = await agent_of(parts)
    await says(parts, "agent please")
    conversation = await only(parts)
    await parts.desk.reply(agent, conversation.id, Content("Here I am."), key="1")
    await parts.desk.resolve(agent, conversation.id)
    return agent, await only(parts)


async def test_the_customer_is_asked_once_how_it_was(parts: Parts) -> None:
    agent, conversation = await resolved(parts)
    asked = [entry for entry in await log_of(parts) if entry.kind == "survey"]
    assert [button.label for button in asked[0].content.buttons] == ["1", "2", "3", "4", "5"]
    (thanks,) = await says(parts, "", choice=f"rate:5:{conversation.id}")
    assert thanks.content.text == "Thank you for the rating!"
    after = await only(parts)
    assert after.status == "resolved", "no new conversation, and nobody has to do anything"
    assert after.rating is not None
    assert (after.rating["score"], after.rating["agent"]) == (5, agent.id)
    (survey,) = [entry for entry in await log_of(parts) if entry.key.startswith("survey:")]
    assert (survey.data["score"], survey.data["agent"], survey.conversation_id) == (5, agent.id, conversation.id)
    # Pressed again, and resolved again: nothing more.
    assert await says(parts, "", choice=f"rate:1:{conversation.id}") == []
    await parts.desk.reopen(agent, conversation.id)
    await parts.desk.resolve(agent, conversation.id)
    surveys = [entry for entry in await log_of(parts) if entry.kind == "survey"]
    assert len(surveys) == 2


@pytest.mark.parametrize(
    ("text", "score", "comment"),
    [("4", 4, ""), ("5/5!", 5, ""), ("2, took too long", 2, "took too long"), ("⭐⭐⭐", 3, ""), ("3 з 5", 3, "")],
)
async def test_a_score_may_be_typed(parts: Parts, text: str, score: int, comment: str) -> None:
    await resolved(parts)
    await says(parts, text)
    (survey,) = [entry for entry in await log_of(parts) if entry.key.startswith("survey:")]
    assert survey.data["score"] == score
    assert (await only(parts)).status == "resolved"
    assert survey.content.text == (comment or f"{score} / 5")


async def test_what_is_no_score_begins_a_new_conversation(parts: Parts) -> None:
    await resolved(parts)
    await says(parts, "2 cakes please")
    assert len(await parts.stores.conversations.page(View(("pending", "open", "resolved")))) == 2


async def test_nobody_is_asked_who_was_not_answered_or_where_it_is_switched_off(parts: Parts) -> None:
    agent = await agent_of(parts)
    await says(parts, "hello")
    await parts.desk.resolve(agent, (await only(parts)).id)
    assert not [entry for entry in await log_of(parts) if entry.kind == "survey"]
    await parts.stores.persona.save(rating=False, by="me", now=now())
    await says(parts, "agent please")
    (conversation,) = await parts.stores.conversations.page(View(("open",)))
    await parts.desk.reply(agent, conversation.id, Content("Here I am."), key="1", resolve=True)
    assert not [entry for entry in await log_of(parts) if entry.kind == "survey"]


# ------------------------------------------------------------------------------------- hand-over and others


async def test_people_get_a_note_of_what_was_said_and_the_marks(parts: Parts) -> None:
    await says(parts, "where is my order")
    await says(parts, "A-77")
    await says(parts, "I want to complain, it is all broken and late")
    (note,) = kinds(await log_of(parts), "note")
    assert "– where is my order" in note.content.text
    assert "Order: A-77" in note.content.text
    conversation = await only(parts)
    assert (conversation.status, conversation.urgent, conversation.tags) == ("open", True, ("complaint",))
    (handed,) = kinds(await log_of(parts), "system")
    assert (handed.content.text, note.author.kind) == ("complains", "bot")


async def test_a_lead_is_among_the_leads_with_its_contact(parts: Parts) -> None:
    await says(parts, "I want to buy a green city bike for my daughter, ann@example.org")
    (conversation,) = await parts.stores.conversations.page(View(("open",), lead=True))
    customer = await parts.stores.customers.get(conversation.customer_id)
    assert customer is not None
    assert "email:ann@example.org" in customer.claims


async def test_a_wish_to_be_forgotten_is_recorded_and_given_to_people(parts: Parts) -> None:
    await says(parts, "delete my data")
    await says(parts, "yes")
    conversation = await only(parts)
    (request,) = [entry for entry in await log_of(parts) if entry.data.get("erasure_request")]
    assert (conversation.status, conversation.tags) == ("open", ("erasure",))
    assert request.data["customer"] == conversation.customer_id


async def test_each_answer_tells_the_flow_and_step_that_gave_it(parts: Parts) -> None:
    said = [
        (await says(parts, text))[0].data for text in ("hello", "where is my order", "A-77", "давай по-русски", "agent")
    ]
    assert [(data["flow"], data["step"]) for data in said] == [
        ("small_talk", "start"),
        ("order_status", "start"),
        ("order_status", "number"),
        ("switch_language", "start"),
        ("hand_over", "start"),
    ]


async def test_the_report_counts_what_became_of_each_flow(parts: Parts) -> None:
    for person, texts in {
        "a": ("where is my order", "A-77"),
        "b": ("where is my order", "agent"),
        "c": ("where is my order", "delete my data", "no"),
        "d": ("opening hours",),
    }.items():
        for text in texts:
            await receive(parts, make_arrival(text, person=person))
            await handle(parts)
    began, ends = now() - timedelta(hours=1), now() + timedelta(hours=1)
    going = {row.flow: row for row in await parts.stores.conversations.flows(began, ends, idle=began)}
    assert (going["order_status"].started, going["order_status"].going, going["order_status"].left) == (3, 1, 2)
    assert (going["erasure"].finished, going["hand_over"].handed_over, going["opening_hours"].finished) == (1, 1, 1)
    later = {row.flow: row for row in await parts.stores.conversations.flows(began, ends, idle=ends)}
    assert (later["order_status"].going, later["order_status"].dropped) == (0, {"identity": 1})
    assert await parts.stores.conversations.flows(ends, ends, idle=ends) == []


async def test_the_report_and_the_tasks_use_their_indexes(
    parts: Parts, database_name: str, mongo_client: pymongo.MongoClient[dict[str, object]]
) -> None:
    await says(parts, "call me back in 2 hours, +380 50 111 22 33")
    database = mongo_client[database_name]
    match = {"$match": {"opened_at": {"$gte": now()}}}
    plan = str(database.command("explain", {"aggregate": "conversations", "pipeline": [match], "cursor": {}}))
    assert "IXSCAN" in plan
    assert "COLLSCAN" not in plan
    find = {"find": "interactions", "filter": {"status": "to_do", "due_at": {"$lte": now()}}, "hint": "tasks"}
    plan = str(database.command("explain", {**find, "sort": {"due_at": 1, "_id": 1}}))
    assert "'SORT'" not in plan


# ------------------------------------------------------------------------------------ what operators change


async def test_words_menu_hours_and_questions_take_effect_without_a_restart(parts: Parts) -> None:
    stores, studio, at = parts.stores, parts.studio, now()
    await studio.save_text("en", "welcome.hello", "Good day to you!", by="me", now=at)
    await studio.save_menu(["hours", "person"], by="me", now=at)
    await stores.hours.save(Hours("Europe/Kyiv", read_week("mon-sun 24h")), by="me", now=at)
    (said,) = await says(parts, "hello")
    assert said.content.text == "Good day to you!"
    assert [button.value for button in said.content.buttons] == ["hours", "person"]
    assert "We are here now" in (await says(parts, "hours"))[0].content.text
    kept = await stores.faq.save(
        None, question={"en": "Do you rent bikes?"}, answer={"en": "Yes, by the day."}, by="me", now=at
    )
    assert "by the day" in (await says(parts, "Can I rent a bike?"))[0].content.text
    await stores.faq.remove(kept.id, by="me", now=at)
    await stores.faq.remove("my-data", by="me", now=at)
    assert [question.id for question in await stores.faq.all()] == ["follow-order", "change-delivery"]
    await stores.faq.arrange(["change-delivery", "follow-order"], by="me", now=at)
    assert [question.id for question in await stores.faq.all()] == ["change-delivery", "follow-order"]
    await stores.faq.restore()
    assert len(await stores.faq.all()) == 3
    await studio.save_text("en", "welcome.hello", "", by="me", now=at)
    assert (await studio.wording("en", "welcome.hello")).own is None


async def test_a_text_that_could_not_be_said_is_refused(parts: Parts) -> None:
    for key, text in (("order.track", "See {link}"), ("menu.person", "x" * 61)):
        with pytest.raises(Invalid):
            await parts.studio.save_text("en", key, text, by="me", now=now())
    with pytest.raises(Invalid):
        await parts.studio.save_menu(["order_status", "nonsense"], by="me", now=now())
    with pytest.raises(Invalid):
        await parts.stores.faq.save(None, question={"en": " "}, answer={"en": "x"}, by="me", now=now())


async def test_a_plain_message_costs_no_reading_of_what_the_bot_knows(parts: Parts, database_name: str) -> None:
    await says(parts, "hello")
    with round_trips(database_name) as busy:
        await receive(parts, make_arrival("where is my order"))
        await handle(parts)
    with round_trips(database_name) as known:
        await parts.stores.persona.recent()
        await parts.stores.hours.recent()
        await parts.stores.faq.recent()
    assert known.get("find", 0) <= 1, "questions were not asked for by then"
    assert busy["find"] <= 4, busy


async def test_a_trial_leaves_nothing_behind(parts: Parts) -> None:
    tried = await parts.studio.say(Trial(), "call me back in 2 hours, +380 50 111 22 33", "chat")
    assert [type(act).__name__ for act in tried.acts] == ["PlanCall"]
    tried = await parts.studio.say(tried.trial, "agent", "letter", now=datetime(2026, 5, 4, tzinfo=UTC))
    assert tried.reason == "asked for a person"
    for collection in ("interactions", "conversations", "customers"):
        assert await parts.stores.database.collection(collection).count_documents({}) == 0
