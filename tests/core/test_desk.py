"""What agents do: each verb once, announced, with a line people see, and a clear word when it cannot be done."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest

from core.agents.agent import Agent
from core.content import Content, File
from core.conversations.conversation import Conversation
from core.desk import may_administer
from core.errors import Conflict, Invalid, NotAllowed, NotFound, SaidBefore
from core.interactions.interaction import MAX_TEXT, Interaction
from switchboard.wiring import Parts
from tests.making import handle, make_address, make_arrival, now, receive, told, until, working
from tests.servers.provider import Provider

SOON = timedelta(hours=1)


@pytest.fixture
async def agent(parts: Parts) -> Agent:
    return await parts.stores.agents.add("Olha", "olha@example.org", "a long password")


async def begun(parts: Parts, text: str = "agent please", person: str = "ann", channel: str = "chat") -> Conversation:
    """A conversation, open unless the bot has it."""
    await receive(parts, make_arrival(text, person, channel))
    await handle(parts)
    entries = await parts.stores.interactions.page(address=str(make_address(person, channel)))
    found = await parts.stores.conversations.get(entries[0].conversation_id or "")
    assert found is not None
    return found


async def lines(parts: Parts, conversation: Conversation, kind: str = "system") -> list[Interaction]:
    entries = await parts.stores.interactions.page(conversation_id=conversation.id)
    return [entry for entry in entries if entry.kind == kind and entry.author.kind == "agent"]


# ------------------------------------------------------------------------------------------------ replying


async def test_a_reply_goes_out_once_and_takes_the_conversation_from_the_bot(
    parts: Parts, agent: Agent, there: Provider
) -> None:
    pending = await begun(parts, "hello")
    assert pending.status == "pending"
    async with parts.feed.subscribe("conversations") as changes:
        replies = await asyncio.gather(
            *(parts.desk.reply(agent, pending.id, Content("Hi!"), key="click") for _ in range(5))
        )
        announced = told(await changes.next(1), "conversation")
    assert len({reply.id for reply in replies}) == 1
    assert (announced[-1].value.status, announced[-1].value.assignee) == ("open", agent.id)
    assert (announced[-1].value.last.preview, announced[-1].value.last.author) == ("Hi!", "agent")
    await handle(parts, "out")
    assert there.texts[1:] == ["Hi!"]


async def test_a_reply_may_resolve_or_reopen(parts: Parts, agent: Agent) -> None:
    conversation = await begun(parts)
    await parts.desk.reply(agent, conversation.id, Content("Done."), key="1", resolve=True)
    resolved = await parts.stores.conversations.get(conversation.id)
    assert resolved is not None
    assert (resolved.status, resolved.waiting_since, resolved.unread) == ("resolved", None, 0)
    await parts.desk.reply(agent, conversation.id, Content("One more thing."), key="2")
    reopened = await parts.stores.conversations.get(conversation.id)
    assert reopened is not None
    assert reopened.status == "open"


async def test_a_reply_in_an_old_thread_goes_out_while_a_newer_one_is_active(parts: Parts, agent: Agent) -> None:
    old = await begun(parts)
    await parts.desk.resolve(agent, old.id)
    await begun(parts)
    active = await parts.stores.conversations.active(old.address)
    assert active is not None
    assert active.id != old.id
    reply = await parts.desk.reply(agent, old.id, Content("About that old matter"), key="1")
    assert (reply.conversation_id, reply.status) == (old.id, "queued")
    still = await parts.stores.conversations.get(old.id)
    assert still is not None
    assert still.status == "resolved"


@pytest.mark.parametrize(
    ("content", "how", "field"),
    [
        (Content(""), {}, "text"),
        (Content(" \n "), {}, "text"),
        (Content("x" * (MAX_TEXT + 1)), {}, "text"),
        (Content("hi"), {"due_at": -timedelta(minutes=1)}, "due_at"),
        (Content("hi"), {"due_at": timedelta(days=400)}, "due_at"),
        (Content("hi"), {"address": "chat:demo:stranger"}, "address"),
        (Content("hi"), {"address": "nonsense"}, "address"),
    ],
)
async def test_what_cannot_be_replied_changes_nothing(
    parts: Parts, agent: Agent, content: Content, how: dict[str, Any], field: str
) -> None:
    conversation = await begun(parts)
    if "due_at" in how:
        how = {"due_at": now() + how["due_at"]}
    with pytest.raises(Invalid) as invalid:
        await parts.desk.reply(agent, conversation.id, content, key="1", **how)
    assert invalid.value.field == field
    assert await parts.stores.conversations.get(conversation.id) == conversation


async def test_where_nothing_can_be_sent_the_conversation_is_left_as_it_is(parts: Parts, agent: Agent) -> None:
    conversation = await begun(parts, channel="hole")
    with pytest.raises(Invalid, match="another address"):
        await parts.desk.reply(agent, conversation.id, Content("hi"), key="1")
    assert await parts.stores.conversations.get(conversation.id) == conversation


async def test_another_address_of_the_same_customer_may_be_chosen(parts: Parts, agent: Agent, there: Provider) -> None:
    conversation = await begun(parts, channel="hole")
    other = str(make_address("ann@x.org", "letter"))
    await parts.stores.addresses.adopt(other, conversation.customer_id)
    reply = await parts.desk.reply(agent, conversation.id, Content("by mail"), key="1", address=other)
    assert reply.address == other
    await parts.desk.reply(agent, conversation.id, Content("and again"), key="2")
    await handle(parts, "out")
    assert there.to("ann@x.org") == ["by mail", "and again"], "it goes on there"


async def test_files_alone_are_a_reply(parts: Parts, agent: Agent) -> None:
    conversation = await begun(parts)
    sha256 = await parts.stores.files.put(b"x")
    files = (File("bill.pdf", sha256=sha256, size=1),)
    await parts.desk.reply(agent, conversation.id, Content(files=files), key="1")
    after = await parts.stores.conversations.get(conversation.id)
    assert after is not None
    assert after.last.preview == "bill.pdf"


async def test_a_planned_reply_waits(parts: Parts, agent: Agent) -> None:
    conversation = await begun(parts)
    reply = await parts.desk.reply(agent, conversation.id, Content("hi"), key="1", due_at=now() + SOON)
    assert reply.status == "planned"


# --------------------------------------------------------------------------------------------------- notes


@pytest.mark.parametrize("other", ["other words", "the same words\n" + "x" * 5000, "later", "with a file", "shorter"])
async def test_other_words_under_a_key_that_was_used_are_refused_and_change_nothing(
    parts: Parts, agent: Agent, there: Provider, other: str
) -> None:
    conversation = await begun(parts)
    first = Content("the same words\n" + "y" * 5000 if other == "shorter" else "the same words")
    await parts.desk.reply(agent, conversation.id, first, key="click")
    before = await parts.stores.conversations.get(conversation.id)
    files = (File("a.txt", "text/plain", 1, sha256="0" * 64),) if other == "with a file" else ()
    again = Content(other if other[0] in "ot" else "the same words", files=files)
    due = now() + SOON if other == "later" else None
    with pytest.raises(SaidBefore):
        await parts.desk.reply(agent, conversation.id, again, key="click", due_at=due)
    assert await parts.stores.conversations.get(conversation.id) == before
    await parts.desk.reply(agent, conversation.id, first, key="click")
    entries = await parts.stores.interactions.page(conversation_id=conversation.id)
    ours = [entry.content.text for entry in entries if entry.author.kind == "agent"]
    assert "".join(ours).replace("\n", "") == first.text.replace("\n", "")


async def test_a_note_is_kept_once_found_again_and_never_sent(parts: Parts, agent: Agent, there: Provider) -> None:
    conversation = await begun(parts)
    notes = await asyncio.gather(
        *(parts.desk.note(agent, conversation.id, "prefers mornings", key="click") for _ in range(3))
    )
    assert len({note.id for note in notes}) == 1
    (kept,) = await lines(parts, conversation, "note")
    assert (kept.content.text, kept.author.name, kept.direction) == ("prefers mornings", "Olha", "internal")
    assert [found.id for found in (await parts.stores.interactions.search("morning")).entries] == [kept.id]
    await handle(parts, "out")
    assert "prefers mornings" not in there.texts
    for text in (" ", "x" * (MAX_TEXT + 1)):
        with pytest.raises(Invalid):
            await parts.desk.note(agent, conversation.id, text, key="2")


# --------------------------------------------------------------------------------------------------- state


async def test_assigning_takes_it_from_the_bot_and_says_so(parts: Parts, agent: Agent) -> None:
    other = await parts.stores.agents.add("Ivan", "ivan@example.org", "a long password")
    pending = await begun(parts, "hello")
    assigned = await parts.desk.assign(agent, pending.id, other.id)
    assert (assigned.status, assigned.assignee) == ("open", other.id)
    assert (await parts.desk.assign(agent, pending.id, None)).assignee is None
    said = [(line.content.text, line.data) for line in await lines(parts, pending)]
    assert said == [("Assigned to {name}", {"name": "Ivan"}), ("Unassigned", {})]
    await parts.stores.agents.change(other.id, active=False)
    for nobody in (other.id, "nobody"):
        with pytest.raises(Invalid) as invalid:
            await parts.desk.assign(agent, pending.id, nobody)
        assert invalid.value.field == "assignee"


async def test_what_is_snoozed_wakes_by_itself(parts: Parts, agent: Agent, there: Provider) -> None:
    conversation = await begun(parts)
    until_when = now() + timedelta(seconds=0.2)
    assert (await parts.desk.snooze(agent, conversation.id, until_when)).status == "snoozed"
    async with working(parts.stores.database, url=there.url, work=True):

        async def awake() -> bool:
            found = await parts.stores.conversations.get(conversation.id)
            return found is not None and found.status == "open" and found.snoozed_until is None

        assert await until(awake)
    for when in (now() - SOON, now() + timedelta(days=500)):
        with pytest.raises(Invalid):
            await parts.desk.snooze(agent, conversation.id, when)
    await parts.desk.resolve(agent, conversation.id)
    with pytest.raises(Conflict):
        await parts.desk.snooze(agent, conversation.id, now() + SOON)


async def test_resolving_and_reopening(parts: Parts, agent: Agent) -> None:
    conversation = await begun(parts)
    resolved = await parts.desk.resolve(agent, conversation.id)
    assert (resolved.status, resolved.unread) == ("resolved", 0)
    assert await parts.desk.resolve(agent, conversation.id) == resolved, "twice is once"
    assert (await parts.desk.reopen(agent, conversation.id)).status == "open"
    assert (await parts.desk.reopen(agent, conversation.id)).status == "open"
    await parts.desk.snooze(agent, conversation.id, now() + SOON)
    assert (await parts.desk.reopen(agent, conversation.id)).snoozed_until is None
    said = [line.content.text for line in await lines(parts, conversation)]
    assert said == ["Resolved", "Reopened", "Snoozed until {until}", "Reopened"]
    await parts.desk.resolve(agent, conversation.id)
    await receive(parts, make_arrival("agent please"))
    await handle(parts)
    with pytest.raises(Conflict, match="newer"):
        await parts.desk.reopen(agent, conversation.id)


async def test_two_agents_at_once_do_not_overwrite_each_other(parts: Parts, agent: Agent) -> None:
    for n in range(10):
        conversation = await begun(parts, person=f"p{n}")
        results = await asyncio.gather(
            parts.desk.resolve(agent, conversation.id),
            parts.desk.snooze(agent, conversation.id, now() + SOON),
            return_exceptions=True,
        )
        done = [result for result in results if not isinstance(result, BaseException)]
        after = await parts.stores.conversations.get(conversation.id)
        assert after is not None
        assert done
        assert after.status in {each.status for each in done}
        assert all(isinstance(result, Conversation | Conflict) for result in results)


async def test_looking_clears_the_unread_mark_once(parts: Parts, agent: Agent) -> None:
    conversation = await begun(parts)
    assert conversation.unread == 1
    async with parts.feed.subscribe("conversations") as changes:
        for _ in range(3):
            assert (await parts.desk.read(agent, conversation.id)).unread == 0
        assert len(await changes.next(0.05)) == 1


async def test_what_is_not_there_is_not_found(parts: Parts, agent: Agent) -> None:
    desk = parts.desk
    verbs: list[Coroutine[Any, Any, object]] = [
        desk.reply(agent, "nothing", Content("hi"), key="1"),
        desk.note(agent, "nothing", "hi", key="1"),
        desk.assign(agent, "nothing", None),
        desk.snooze(agent, "nothing", now() + SOON),
        desk.resolve(agent, "nothing"),
        desk.reopen(agent, "nothing"),
        desk.read(agent, "nothing"),
    ]
    for verb in verbs:
        with pytest.raises(NotFound):
            await verb
    for verb in (desk.retry(agent, "nothing"), desk.cancel(agent, "nothing"), desk.settle(agent, "nothing", "sent")):
        with pytest.raises(Conflict):
            await verb


def test_only_administrators_administer() -> None:
    may_administer(Agent("1", "A", "a@x", "admin"))
    with pytest.raises(NotAllowed):
        may_administer(Agent("2", "B", "b@x"))


async def test_a_team_gets_a_conversation_from_the_bot_and_whoever_has_it_keeps_it(parts: Parts, agent: Agent) -> None:
    team = await parts.stores.teams.add("Delivery")
    pending = await begun(parts, "hello")
    assert pending.status == "pending"
    async with parts.feed.subscribe("conversations") as changes:
        given = await parts.desk.hand(agent, pending.id, team.id)
        assert told(await changes.next(1), "conversation")[-1].value == given
    assert (given.status, given.team, given.assignee) == ("open", team.id, None)
    await parts.desk.hand(agent, pending.id, team.id)
    await parts.desk.assign(agent, pending.id, agent.id)
    none = await parts.desk.hand(agent, pending.id, None)
    assert (none.status, none.team, none.assignee) == ("open", None, agent.id)
    said = [(line.content.text, dict(line.data)) for line in await lines(parts, pending)]
    assert said == [
        ("Given to the team {name}", {"name": "Delivery"}),
        ("Assigned to {name}", {"name": "Olha"}),
        ("Taken from the team {name}", {"name": "Delivery"}),
    ]
    with pytest.raises(Invalid):
        await parts.desk.hand(agent, pending.id, "nobody")
    with pytest.raises(NotFound):
        await parts.desk.hand(agent, "nothing", team.id)
