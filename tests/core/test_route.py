"""Routing: one person's messages in order, no twins, and bot and agent never both answer."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from core.agents.agent import Agent
from core.channel import Identity
from core.content import Content
from core.conversations.conversation import STATUSES, Conversation
from core.conversations.store import View
from core.customers.identify import Identify
from core.customers.store import Customers
from core.database import Database
from core.errors import CannotStore
from core.ids import id_at
from core.interactions import status
from core.interactions.interaction import Author, Interaction
from core.route import PATIENCE, SOONEST, Route
from switchboard.wiring import Parts
from tests.core.round_trips import round_trips
from tests.making import (
    claimed,
    handle,
    log_of,
    make_account,
    make_address,
    make_arrival,
    make_message,
    now,
    receive,
    until,
    working,
)
from tests.servers.provider import Provider

ANN = str(make_address())


async def conversations(parts: Parts) -> list[Conversation]:
    return await parts.stores.conversations.page(View(STATUSES), limit=500)


async def only(parts: Parts) -> Conversation:
    (conversation,) = await conversations(parts)
    return conversation


async def agent_of(parts: Parts, name: str = "Ann Agent") -> Agent:
    return await parts.stores.agents.add(name, f"{name.split()[0]}@example.org", "a long password")


def answers(entries: list[Interaction]) -> list[Interaction]:
    return [entry for entry in entries if entry.direction == "out" and entry.author.kind == "bot"]


# --------------------------------------------------------------------------------------------- joining


async def test_what_was_begun_before_a_crash_is_found_again_even_if_it_was_resolved(parts: Parts) -> None:
    await receive(parts, make_arrival("hello"))
    await handle(parts)
    agent, conversation = await agent_of(parts), await only(parts)
    await parts.desk.resolve(agent, conversation.id)
    await unhandle(parts, (await log_of(parts))[0])
    await handle(parts)
    assert (await only(parts)).id == conversation.id
    assert len(answers(await log_of(parts))) == 1
    assert (await log_of(parts))[0].conversation_id == conversation.id


@pytest.mark.parametrize("since", ["nothing", "another conversation"])
async def test_what_was_taken_before_a_crash_is_not_taken_again_by_another_conversation(
    parts: Parts, since: str
) -> None:
    for text in ("hello", "where is my order?"):
        await receive(parts, make_arrival(text))
        await handle(parts)
    agent, conversation = await agent_of(parts), await only(parts)
    before = await log_of(parts)
    await parts.desk.reply(agent, conversation.id, Content("I look into it."), key="one")
    await parts.desk.resolve(agent, conversation.id)
    question = [entry for entry in before if entry.direction == "in"][-1]
    if since == "another conversation":
        await parts.stores.conversations.start(replace(conversation, id="another", seen={}))
    await unhandle(parts, question)
    await asyncio.sleep(SOONEST.total_seconds())
    await handle(parts)
    after = await parts.stores.conversations.get(conversation.id)
    assert after is not None
    assert after.seen == conversation.seen
    assert (await log_of(parts))[before.index(question)].conversation_id == conversation.id
    assert [one.id for one in await conversations(parts) if question.id in str(one.seen)] == [conversation.id]
    assert len(answers(await log_of(parts))) == len(answers(before))


async def test_a_first_message_is_handled_in_few_round_trips(parts: Parts) -> None:
    await receive(parts, make_arrival("hello", channel="board"))
    (claim,) = await claimed(parts)
    await parts.duty(now())
    with round_trips(parts.stores.database.name) as asked:
        await parts.route(claim)
    # The customer and their language, the address (whose it is, what is known of it), the conversation, answer, entry.
    assert asked["insert"] == 3
    assert asked["update"] + asked["findAndModify"] == 4
    assert asked["find"] <= 8, asked


async def test_a_message_finds_its_customer_its_conversation_and_its_answer(parts: Parts) -> None:
    await receive(parts, make_arrival("hello", name="Ann Smith"))
    assert await handle(parts) == 1
    heard, said = await log_of(parts)
    conversation = await only(parts)
    assert heard.status == status.HANDLED
    assert heard.conversation_id == said.conversation_id == conversation.id
    assert heard.customer_id == said.customer_id == conversation.customer_id
    assert (said.status, said.author.kind) == (status.QUEUED, "bot")
    customer = await parts.stores.customers.get(conversation.customer_id)
    assert customer is not None
    assert (customer.name, conversation.customer_name) == ("Ann Smith", "Ann Smith")
    assert (conversation.status, conversation.last.preview) == ("pending", "hello")
    assert await handle(parts) == 0, "it is done"


async def test_a_persons_messages_are_handled_in_order_by_three_workers(
    database_uri: str, database_name: str, there: Provider
) -> None:
    people = [f"p{n}" for n in range(6)]
    async with AsyncExitStack() as stack:
        hubs = []
        for _ in range(3):
            database = Database.connect(database_uri, database_name)
            stack.push_async_callback(database.close)
            hubs.append(await stack.enter_async_context(working(database, url=there.url, work=True)))

        async def writes(person: str) -> None:
            for n in range(12):
                await receive(hubs[n % 3], make_arrival(f"{n}", person=person))

        await asyncio.gather(*map(writes, people))

        async def handled() -> bool:
            logs = [await log_of(hubs[0], person) for person in people]
            return all(entry.status == status.HANDLED for log in logs for entry in log if entry.direction == "in")

        await until(handled)
        found = await conversations(hubs[0])
        assert len(found) == 6
        for conversation in found:
            entries = await hubs[0].stores.interactions.page(conversation_id=conversation.id, limit=500)
            heard = [entry for entry in entries if entry.direction == "in"]
            assert [entry.content.text for entry in heard] == [f"{n}" for n in range(12)]
            # Each was decided once, in the order it was written: the marks are the last ten.
            (seen,) = conversation.seen.values()
            assert list(seen) == [entry.id for entry in heard][-10:]
            assert conversation.last.preview == "11"


async def test_fifty_first_messages_make_one_customer_and_one_conversation(parts: Parts) -> None:
    await asyncio.gather(*(receive(parts, make_arrival(str(n))) for n in range(50)))
    entries = await parts.stores.interactions.unhandled(ANN)
    # However often and at whatever time a lease is lost: everybody handles everything at once.
    claims = await claimed(parts)
    await asyncio.gather(*(parts.route(claims[0]) for _ in range(5)), return_exceptions=True)
    await parts.route(claims[0])
    assert len(await parts.stores.customers.newest()) == 1
    conversation = await only(parts)
    handled = await parts.stores.interactions.some([entry.id for entry in entries])
    assert {entry.conversation_id for entry in handled} == {conversation.id}
    assert {entry.status for entry in handled} == {status.HANDLED}


async def test_who_has_lost_the_lane_leaves_it_to_who_has_it(parts: Parts) -> None:
    await receive(parts, *(make_arrival(f"Where is my order? {n}") for n in range(3)))
    (late,) = await claimed(parts, lease=0.05)
    await asyncio.sleep(0.1)
    (taken,) = await claimed(parts, later=1)
    assert await parts.route(late) is None
    assert {entry.status for entry in await log_of(parts)} == {"received"}
    await parts.route(taken)
    handled = [entry for entry in await log_of(parts) if entry.direction == "in"]
    assert [entry.status for entry in handled] == ["handled"] * 3


async def test_a_message_that_comes_to_light_late_is_answered_all_the_same(parts: Parts) -> None:
    await receive(parts, make_arrival("agent please"))
    await handle(parts)
    before = await only(parts)
    # Another process, whose clock is behind, wrote this one.
    await parts.stores.interactions.add([make_message("and hurry", id=id_at(now() - timedelta(seconds=2)))])
    await handle(parts)
    after = await only(parts)
    assert (before.unread, after.unread) == (1, 2)


async def test_a_resolved_conversation_is_followed_by_a_new_one(parts: Parts) -> None:
    agent = await agent_of(parts)
    await receive(parts, make_arrival("one"))
    await handle(parts)
    first = await only(parts)
    await parts.desk.resolve(agent, first.id)
    await receive(parts, make_arrival("two"))
    await handle(parts)
    second, was = await conversations(parts)
    assert (second.status, was.id, was.status) == ("pending", first.id, "resolved")
    assert second.customer_id == first.customer_id


async def test_a_snoozed_conversation_opens_when_the_customer_writes(parts: Parts) -> None:
    agent = await agent_of(parts)
    await receive(parts, make_arrival("agent please"))
    await handle(parts)
    snoozed = await parts.desk.snooze(agent, (await only(parts)).id, now() + timedelta(hours=1))
    assert snoozed.status == "snoozed"
    await receive(parts, make_arrival("hello again"))
    await handle(parts)
    opened = await only(parts)
    assert (opened.status, opened.snoozed_until) == ("open", None)


async def test_with_the_bot_switched_off_people_get_everything(parts: Parts) -> None:
    await parts.stores.accounts.save(make_account(settings={"bot": False}))
    await receive(parts, make_arrival("hello"))
    await handle(parts)
    conversation = await only(parts)
    assert (conversation.status, conversation.unread) == ("open", 1)
    assert answers(await log_of(parts)) == []


# ----------------------------------------------------------------------------------------------- letters


async def letter(parts: Parts, text: str, person: str = "ann@x.org", **values: object) -> Interaction:
    await receive(parts, make_arrival(text, person, "letter", **values))
    await handle(parts)
    entries = await log_of(parts, person, "letter")
    return next(entry for entry in reversed(entries) if entry.direction == "in")


async def test_letters_that_answer_nothing_are_conversations_of_their_own(parts: Parts) -> None:
    one = await letter(parts, "first")
    other = await letter(parts, "second")
    assert one.conversation_id != other.conversation_id
    assert one.customer_id == other.customer_id


async def test_an_answer_joins_its_thread_and_reopens_it(parts: Parts) -> None:
    agent = await agent_of(parts)
    first = await letter(parts, "agent please", external_id="<1@x>", content=Content("agent please", subject="Bill"))
    assert first.conversation_id is not None
    reply = await parts.desk.reply(agent, first.conversation_id, Content("Which one?"), key="1", resolve=True)
    assert (reply.content.subject, reply.reply_to) == ("Re: Bill", ("<1@x>",))
    await handle(parts, "out")
    (sent,) = [e for e in await log_of(parts, "ann@x.org", "letter") if e.author.kind == "agent"]
    assert sent.external_id
    answer = await letter(parts, "This one", reply_to=(sent.external_id,))
    assert answer.conversation_id == first.conversation_id
    conversation = await parts.stores.conversations.get(first.conversation_id)
    assert conversation is not None
    assert (conversation.status, conversation.assignee, conversation.unread) == ("open", agent.id, 1)


async def test_who_quotes_somebody_elses_letter_joins_nothing_of_theirs(parts: Parts) -> None:
    hers = await letter(parts, "my secret", external_id="<secret@x>")
    his = await letter(parts, "I quote you", "mallory@x.org", reply_to=("<secret@x>",))
    assert his.conversation_id != hers.conversation_id
    assert his.customer_id != hers.customer_id
    assert hers.conversation_id is not None
    thread = await parts.stores.interactions.page(conversation_id=hers.conversation_id)
    assert all("quote" not in entry.content.text for entry in thread)


async def test_a_form_is_a_lead_answered_on_the_channel_it_names(parts: Parts) -> None:
    mail = Identity("email", "ann@x.org")
    await receive(parts, make_arrival("Call me", "f1", "hole", kind="form", identities=(mail,)))
    await handle(parts)
    conversation = await only(parts)
    assert (conversation.status, conversation.lead, conversation.unread) == ("open", True, 1)
    # There is no line called email here, so it can be answered nowhere but where it came from.
    assert conversation.reply_address == conversation.address


# ------------------------------------------------------------------------------------------------- edits


async def test_an_edit_replaces_the_text_once_and_keeps_the_old(parts: Parts) -> None:
    await receive(parts, make_arrival("red shoes", external_id="m1"))
    await handle(parts)
    edit = make_arrival("blue shoes", edits="m1", external_id=None)
    await receive(parts, edit)
    (brought,) = await parts.stores.interactions.unhandled(ANN)
    await handle(parts)
    before = await only(parts)
    message, *_ = await log_of(parts)
    assert (message.content.text, message.edits) == ("blue shoes", ("red shoes",))
    # A crash between the edit and its mark brings it again; nothing more may come of that.
    await unhandle(parts, brought)
    await handle(parts)
    after = await only(parts)
    (again, *_) = await log_of(parts)
    assert again.edits == ("red shoes",)
    assert (after.rev, after.status, after.unread) == (before.rev, before.status, before.unread)


async def test_an_older_edit_that_comes_late_changes_nothing(parts: Parts) -> None:
    log = parts.stores.interactions
    await receive(parts, make_arrival("one", external_id="m1"))
    second = make_message("two", edit_of="m1", at=now() - timedelta(seconds=2))
    third = make_message("three $set", edit_of="m1", at=now() - timedelta(seconds=1))
    fourth = make_message("four", edit_of="m1", at=third.at)
    edits = [await log.edit(edit) for edit in (third, second, third, fourth, third)]
    assert [edit.content.text for edit in edits if edit] == [*["three $set"] * 3, "four", "four"]
    assert edits[-1] is not None
    assert edits[-1].edits == ("one", "three $set")
    assert await log.edit(make_message("x", edit_of="unknown")) is None


async def unhandle(parts: Parts, entry: Interaction) -> None:
    """Leave `entry` as a crash right before its mark would."""
    log = parts.stores.database.collection("interactions")
    await log.update_one({"_id": entry.id}, {"$set": {"status": status.RECEIVED}})


# ---------------------------------------------------------------------------------------- bot and agent


async def test_bot_and_agent_never_both_answer(parts: Parts) -> None:
    """An agent takes over while the bot is at it: what the bot did not commit before, it never says."""
    agent = await agent_of(parts)
    people = [f"p{n}" for n in range(30)]

    async def all_write(text: str) -> None:
        await asyncio.gather(*(receive(parts, make_arrival(text, person=person)) for person in people))

    async def take_over(id: str, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        await parts.desk.reply(agent, id, Content("I am here"), key="1")

    await all_write("hello")
    await handle(parts)
    befores = {person: await parts.stores.conversations.active(str(make_address(person))) for person in people}
    await all_write("where is my order?")
    claims = await claimed(parts)
    takeovers = [take_over(before.id, n * 3) for n, before in enumerate(befores.values()) if before]
    await asyncio.gather(*map(parts.route, claims), *takeovers)
    answered = {}
    for person, before in befores.items():
        assert before is not None
        after = await parts.stores.conversations.get(before.id)
        assert after is not None
        assert (after.status, after.assignee) == ("open", agent.id)
        entries = await log_of(parts, person)
        question = [entry for entry in entries if entry.direction == "in"][-1]
        assert question.status == status.HANDLED
        assert len([entry for entry in entries if entry.author.kind == "agent"]) == 1
        said = [entry for entry in answers(entries) if entry.key.startswith(f"bot:{question.id}:")]
        committed = after.said is not None and after.said["to"] == question.id
        assert len(said) == (1 if committed else 0)
        answered[person] = len(answers(entries))
    for claim in claims:
        await parts.stores.addresses.release(claim)
    await all_write("and now?")
    await handle(parts)
    for person in people:
        assert len(answers(await log_of(parts, person))) == answered[person], "after the takeover it is silent"


async def test_the_bots_commit_loses_against_an_agents_reply(parts: Parts) -> None:
    agent = await agent_of(parts)
    await receive(parts, make_arrival("hello"))
    await handle(parts)
    before = await only(parts)
    await parts.desk.reply(agent, before.id, Content("I am here"), key="1")
    after = replace(before, bot=before.bot, said={"to": "x", "say": []}, rev=before.rev + 1)
    assert not await parts.stores.conversations.commit(before, after)
    assert (await only(parts)).said != {"to": "x", "say": []}


async def test_commits_that_share_a_round_trip_win_and_lose_each_for_itself(parts: Parts) -> None:
    for n in range(6):
        await receive(parts, make_arrival("hello", person=f"p{n}"))
    await handle(parts)
    agent = await agent_of(parts)
    befores = await conversations(parts)
    for lost in befores[::2]:
        await parts.desk.assign(agent, lost.id, agent.id)
    store = parts.stores.conversations
    commits = [store.commit(each, replace(each, subject="mine", rev=each.rev + 1)) for each in befores]
    assert await asyncio.gather(*commits) == [False, True] * 3
    afters = {each.id: each.subject for each in await conversations(parts)}
    assert [afters[each.id] for each in befores] == ["", "mine"] * 3


async def test_a_crash_between_commit_and_saying_says_it_once(parts: Parts, there: Provider) -> None:
    """The steps are repeated with the same entry, as after a crash at any of them."""
    await receive(parts, make_arrival("where is my order?"))
    (entry,) = await parts.stores.interactions.unhandled(ANN)
    await handle(parts)
    before = await only(parts)
    for _ in range(3):
        await unhandle(parts, entry)
        await handle(parts)
        assert await only(parts) == before
    await handle(parts, "out")
    assert len(there.sent) == len(answers(await log_of(parts))) == 1


async def test_what_was_committed_and_not_said_is_said_after_the_crash(parts: Parts) -> None:
    await receive(parts, make_arrival("hello"))
    await handle(parts)
    (entry, said) = await log_of(parts)
    await parts.stores.database.collection("interactions").delete_one({"_id": said.id})
    await unhandle(parts, entry)
    await handle(parts)
    (_, again) = await log_of(parts)
    assert again.content == said.content
    assert (await only(parts)).rev == 0, "it was committed once"


# --------------------------------------------------------------------------------------------- stuck


async def test_what_cannot_be_handled_is_set_aside_and_unsticks_by_replay(parts: Parts) -> None:
    bad = make_message("bad", data={"answer": 7}, kind="system")
    await parts.stores.interactions.add([bad, make_message("hello")])
    for attempt in range(1, PATIENCE):
        with pytest.raises(AttributeError):
            await handle(parts, later=1)
        assert await parts.stores.failed.count() == 0, attempt
    await handle(parts, later=1)
    stuck, good, _ = await log_of(parts)
    assert (stuck.status, good.status) == (status.STUCK, status.HANDLED)
    (failed,) = await parts.stores.failed.page()
    assert failed.entry == bad.id
    assert "could not be handled" in failed.reason
    # Mended (here: the entry), it is put back on the queue.
    await parts.stores.database.collection("interactions").update_one({"_id": bad.id}, {"$unset": {"data": ""}})
    assert await parts.replay(failed.id) is True
    await handle(parts)
    assert [entry.status for entry in await log_of(parts)][:2] == [status.HANDLED] * 2
    assert await parts.stores.failed.count() == 0
    assert await parts.replay(failed.id) is False, "it is not stuck any more"


async def test_a_database_that_goes_away_in_the_middle_sets_nothing_aside(parts: Parts) -> None:
    await receive(parts, make_arrival())
    (claim,) = await claimed(parts)
    lost = Database.connect("mongodb://127.0.0.1:1/?replicaSet=none", "none", timeout=0.2)
    customers = Customers(lost)
    unlucky = Route(replace(parts.route._, identify=Identify(customers, parts.stores.addresses, parts.merge)))
    with pytest.raises(CannotStore):
        await unlucky(replace(claim, failures=PATIENCE))
    assert (await log_of(parts))[0].status == status.RECEIVED
    # So it is when it goes away while something is read.
    await handle(parts, later=90)  # when the lease has run out
    await receive(parts, make_arrival())
    (claim,) = await claimed(parts)
    with pytest.raises(Exception, match=r"127\.0\.0\.1:1"):
        await unlucky(replace(claim, failures=PATIENCE))
    await lost.close()
    assert [entry.status for entry in await log_of(parts) if entry.direction == "in"] == ["handled", "received"]
    assert await parts.stores.failed.count() == 0


async def test_an_entry_of_a_line_that_was_removed_is_handled(parts: Parts) -> None:
    await receive(parts, make_arrival("hello"))
    await parts.stores.accounts.remove("chat", "demo")
    await handle(parts)
    assert (await log_of(parts))[0].status == status.HANDLED


async def test_a_customer_who_was_not_named_is_named_when_known(parts: Parts) -> None:
    await receive(parts, make_arrival("hello"))
    await handle(parts)
    await receive(parts, make_arrival("I am Ann", name="Ann"))
    await handle(parts)
    assert (await only(parts)).customer_name == "Ann"
    assert Author("bot") in [entry.author for entry in await log_of(parts)]
