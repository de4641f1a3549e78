"""Bot and agents at the same time, real database, several processes: each message is answered by one of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from core.content import Content
from core.conversations.conversation import Conversation
from core.conversations.store import View
from core.database import Database
from core.interactions import status
from core.interactions.interaction import Interaction
from switchboard.wiring import Parts
from tests.making import handle, log_of, make_address, make_arrival, receive, until, working
from tests.servers.provider import provider

PEOPLE = 24
MESSAGES = 6


@pytest.fixture
async def processes(database_uri: str, database_name: str) -> AsyncIterator[list[Parts]]:
    """Three processes at work on one database."""
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(provider())
        hubs = []
        for _ in range(3):
            database = Database.connect(database_uri, database_name)
            stack.push_async_callback(database.close)
            hubs.append(await stack.enter_async_context(working(database, url=there.url, work=True)))
        yield hubs


async def conversation_of(parts: Parts, person: str) -> Conversation | None:
    return await parts.stores.conversations.active(str(make_address(person)))


def answered_by_bot(log: list[Interaction]) -> set[str]:
    """The entries that the bot answered."""
    return {entry.key.split(":")[1] for entry in log if entry.direction == "out" and entry.key.startswith("bot:")}


async def test_each_message_is_answered_by_the_bot_or_left_to_the_agent(processes: list[Parts]) -> None:
    """An agent breaks in at another moment with each person, through another process than the one that routes."""
    agent = await processes[0].stores.agents.add("Olha", "o@example.org", "a long password")
    chance = random.Random(11)

    async def writes(person: str) -> None:
        for n in range(MESSAGES):
            await receive(processes[n % 3], make_arrival(f"where is my order #{n + 1000}", person=person))
            await asyncio.sleep(chance.random() * 0.02)

    async def breaks_in(person: str) -> None:
        await asyncio.sleep(chance.random() * 0.08)
        hub = processes[chance.randrange(3)]
        conversation = await until(lambda: conversation_of(hub, person))
        assert conversation is not None
        await hub.desk.reply(agent, conversation.id, Content("It is me, Olha."), key="1")

    people = [f"p{n}" for n in range(PEOPLE)]
    await asyncio.gather(*(act(person) for person in people for act in (writes, breaks_in)))

    async def handled() -> bool:
        logs = [await log_of(processes[0], person) for person in people]
        return all(entry.status == status.HANDLED for log in logs for entry in log if entry.direction == "in")

    await until(handled)
    left = 0
    for person in people:
        log = await log_of(processes[0], person)
        heard = [entry for entry in log if entry.direction == "in"]
        (reply,) = [entry for entry in log if entry.author.kind == "agent" and entry.direction == "out"]
        bots = answered_by_bot(log)
        # The bot had the first ones and people the rest; nobody had a message that the other had, and none is left out.
        by_people = [entry for entry in heard if entry.id not in bots]
        assert heard == [*(entry for entry in heard if entry.id in bots), *by_people], person
        conversation = await conversation_of(processes[0], person)
        assert conversation is not None
        assert (conversation.status, conversation.assignee) == ("open", agent.id)
        assert conversation.unread == len(by_people), person
        # Not a word of the bot's after the agent's, in the order they go out.
        assert not [entry for entry in log if entry.author.kind == "bot" and entry.id > reply.id], person
        left += len(by_people)
    assert 0 < left < PEOPLE * MESSAGES, "both had work"


async def test_a_hand_over_while_the_customer_goes_on_writing(processes: list[Parts]) -> None:
    """Everything after the words that ask for a person waits for a person, and the notice is given once."""
    people = [f"q{n}" for n in range(12)]

    async def writes(person: str) -> None:
        for n, text in enumerate(("hello", "agent please", "where is my order", "are you there?")):
            await receive(processes[n % 3], make_arrival(text, person=person))

    await asyncio.gather(*map(writes, people))

    async def handled() -> bool:
        logs = [await log_of(processes[1], person) for person in people]
        return all(entry.status == status.HANDLED for log in logs for entry in log if entry.direction == "in")

    await until(handled)
    for person in people:
        log = await log_of(processes[1], person)
        heard = [entry.id for entry in log if entry.direction == "in"]
        assert answered_by_bot(log) == set(heard[:2]), person
        conversation = await conversation_of(processes[1], person)
        assert conversation is not None
        assert (conversation.status, conversation.unread) == ("open", 3)


async def test_resolving_gives_it_back_to_the_bot(database: Database) -> None:
    async with provider() as there, working(database, url=there.url) as parts:
        agent = await parts.stores.agents.add("Olha", "o@example.org", "a long password")
        await receive(parts, make_arrival("agent please"))
        await handle(parts)
        (conversation,) = await parts.stores.conversations.page(View(("open",)))
        await parts.desk.reply(agent, conversation.id, Content("Done."), key="1", resolve=True)
        await receive(parts, make_arrival("where is my order"))
        await handle(parts)
        last = (await log_of(parts))[-1]
        assert (last.author.kind, last.data["flow"], last.data["step"]) == ("bot", "order_status", "start")
