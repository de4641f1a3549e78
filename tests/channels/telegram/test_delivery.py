"""The way out, on a real database and a Bot API server that enforces its limits: who waits, and what is changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from channels.telegram import LINE
from core.agents.agent import Agent
from core.channel import Account
from core.content import Content, File
from core.database import Database
from core.errors import Conflict, Invalid, NotAllowed
from core.interactions.interaction import Author, Interaction
from switchboard.wiring import Parts
from tests.making import until, working
from tests.servers.botapi import Bot, BotApi, Fault
from tests.servers.botapi_people import Person
from tests.servers.botapi_rules import Limits

TEAM = Author("agent", "a1", "Max")


@pytest.fixture
async def parts(database: Database, api: BotApi, bot: Bot) -> AsyncIterator[Parts]:
    async with serving(database, api, bot) as found:
        yield found


@asynccontextmanager
async def serving(database: Database, api: BotApi, *bots: Bot) -> AsyncIterator[Parts]:
    async with working(database, table={"telegram": LINE}, url=api.url) as found:
        await found.stores.accounts.remove("telegram", "demo")
        for bot in bots:
            settings = {"api_url": api.url, "mode": "polling"}
            await found.stores.accounts.save(
                Account("telegram", bot.username, settings=settings, secrets={"token": bot.token})
            )
        found.worker.start()
        yield found


async def say(parts: Parts, person: Person, text: str, author: Author = TEAM) -> Interaction:
    where = f"telegram:{person.bot.username}:{person.id}"
    return (await parts.send(where, Content(text=text), author, key=text))[-1]


def got(bot: Bot, person: Person) -> list[str]:
    return [sent.text for sent in bot.sent if sent.chat_id == person.id]


async def entry(parts: Parts, id: str) -> Interaction:
    found = await parts.stores.interactions.get(id)
    assert found is not None
    return found


# ------------------------------------------------------------------------------------------------------------ limits


async def test_many_messages_arrive_once_and_in_order_within_telegrams_limits(parts: Parts, bot: Bot) -> None:
    bot.limits = Limits(per_chat=7, chat_seconds=3, per_bot=30, bot_seconds=1)
    people = [bot.person(f"P{n}") for n in range(8)]
    for n in range(8):
        await asyncio.gather(*(say(parts, person, f"{n}") for person in people))
    await bot.until(lambda: len(bot.sent) >= 64)
    assert all(got(bot, person) == [str(n) for n in range(8)] for person in people)


async def test_one_chat_told_to_wait_slows_nobody_else(api: BotApi, parts: Parts, bot: Bot) -> None:
    ann, bob = bot.person("Ann"), bot.person("Bob")
    api.faults.append(
        Fault("sendMessage", status=429, description="Too Many Requests", parameters={"retry_after": 300})
    )
    waiting = await say(parts, ann, "to Ann")
    await until(lambda: _has_problem(parts, waiting.id))
    for n in range(3):
        await say(parts, bob, f"to Bob {n}")
    await bot.until(lambda: len(got(bot, bob)) == 3)
    later = await entry(parts, waiting.id)
    assert later.due_at is not None
    assert 250 < (later.due_at - datetime.now(UTC)).total_seconds() < 340
    assert got(bot, ann) == []


async def _has_problem(parts: Parts, id: str) -> bool:
    return (await entry(parts, id)).error is not None


async def test_a_flood_of_the_whole_bot_holds_it_and_no_other_bot(database: Database, api: BotApi, bot: Bot) -> None:
    other = api.add_bot("4300:AAtest-token_of-another-bot", "other_bot")
    async with serving(database, api, bot, other) as parts:
        flood = Fault("sendMessage", status=429, description="Too Many Requests", parameters={"retry_after": 600})
        flood.times = 3
        api.faults.append(flood)
        told = [await say(parts, bot.person(f"P{n}"), "first") for n in range(3)]
        for waiting in told:
            await until(lambda id=waiting.id: _has_problem(parts, id))  # type: ignore[misc]  # the default binds it
        late, elsewhere = bot.person("Late"), other.person("Elsewhere")
        await say(parts, late, "late")
        await say(parts, elsewhere, "elsewhere")
        await other.until(lambda: got(other, elsewhere) == ["elsewhere"])
        assert bot.calls.count("sendMessage") == 3, "nobody writes through a bot that was told to wait"


async def test_a_file_whose_upload_breaks_off_half_way_is_sent_again(api: BotApi, parts: Parts, bot: Bot) -> None:
    ann = bot.person("Ann")
    data = bytes(16 << 20)  # more than the sockets on the way hold by themselves
    sha256 = await parts.stores.files.put(data)
    api.faults.append(Fault("sendDocument", then="half"))
    content = Content(text="the film", files=(File("film.bin", size=len(data), sha256=sha256),))
    await parts.send(f"telegram:{bot.username}:{ann.id}", content, TEAM, key="film")
    await bot.until(lambda: len(bot.sent) == 1)
    assert bot.sent[0].files == [data]


# ----------------------------------------------------------------------------------------------- changed afterwards


def agent(id: str = "a1", role: str = "agent") -> Agent:
    return Agent(id=id, email=f"{id}@example.org", name="Max", role=role)  # type: ignore[arg-type]  # a role by name


async def test_an_agent_changes_and_takes_back_what_they_sent(parts: Parts, bot: Bot) -> None:
    ann = bot.person("Ann")
    sent = await say(parts, ann, "The price is 10")
    await until(lambda: _is(parts, sent.id, "sent"))
    for _ in range(2):  # a doubled click
        await parts.amend.edit(agent(), sent.id, "The price is 12", key="k1")
    await until(lambda: _reads(parts, sent.id, "The price is 12"))
    changed = await entry(parts, sent.id)
    assert changed.edits == ("The price is 10",)
    assert bot.calls.count("editMessageText") == 1
    # Whoever heard no answer and changes the words once more gets them.
    await parts.amend.edit(agent(), sent.id, "The price is 13", key="k1")
    await until(lambda: _reads(parts, sent.id, "The price is 13"))
    number = int(changed.external_ids[0])
    assert bot.messages[ann.id, number]["text"] == "The price is 13"
    await parts.amend.delete(agent(), sent.id, key="k2")
    await until(lambda: _gone(parts, sent.id))
    assert bot.messages[ann.id, number]["deleted"]
    assert (await entry(parts, sent.id)).content.text == "The price is 13", "agents still see what was said"
    with pytest.raises(Conflict):
        await parts.amend.edit(agent(), sent.id, "too late", key="k3")


async def _is(parts: Parts, id: str, status: str) -> bool:
    return (await entry(parts, id)).status == status


async def _reads(parts: Parts, id: str, text: str) -> bool:
    return (await entry(parts, id)).content.text == text


async def _gone(parts: Parts, id: str) -> bool:
    return (await entry(parts, id)).deleted_at is not None


async def test_a_change_whose_answer_is_lost_is_made_once_and_shown(api: BotApi, parts: Parts, bot: Bot) -> None:
    ann = bot.person("Ann")
    sent = await say(parts, ann, "before")
    await until(lambda: _is(parts, sent.id, "sent"))
    api.faults.append(Fault("editMessageText", then="drop", after=True))
    await parts.amend.edit(agent(), sent.id, "after", key="k1")
    await until(lambda: _reads(parts, sent.id, "after"))
    assert (await entry(parts, sent.id)).edits == ("before",)


async def test_a_change_telegram_refuses_is_told_beside_the_message(api: BotApi, parts: Parts, bot: Bot) -> None:
    ann = bot.person("Ann")
    sent = await say(parts, ann, "before")
    await until(lambda: _is(parts, sent.id, "sent"))
    api.faults.append(Fault("editMessageText", status=400, description="Bad Request: message can't be edited"))
    await parts.amend.edit(agent(), sent.id, "after", key="k1")

    async def told() -> bool:
        return "change" in (await entry(parts, sent.id)).data

    await until(told)
    now = await entry(parts, sent.id)
    assert (now.content.text, now.status) == ("before", "sent")
    assert now.data["change"]["again"] is False
    assert "no longer" in now.data["change"]["sentence"]
    assert await parts.stores.interactions.troubled() == []


async def test_who_may_change_what(parts: Parts, bot: Bot) -> None:
    ann = bot.person("Ann")
    mine, bots = await say(parts, ann, "mine"), await say(parts, ann, "the bot's", Author("bot"))
    await until(lambda: _is(parts, bots.id, "sent"))
    with pytest.raises(NotAllowed):
        await parts.amend.edit(agent("a2"), mine.id, "not yours", key="k")
    with pytest.raises(Conflict):
        await parts.amend.delete(agent("a2", "admin"), bots.id, key="k")
    for text in (" ", "x" * 4097, "🙂" * 2049):
        with pytest.raises(Invalid):
            await parts.amend.edit(agent(), mine.id, text, key="k")
    await parts.amend.edit(agent("a2", "admin"), mine.id, "better", key="k")
    await until(lambda: _reads(parts, mine.id, "better"))


async def test_typing_is_shown_now_and_then_while_an_agent_writes(parts: Parts, bot: Bot) -> None:
    ann = bot.person("Ann")
    where = f"telegram:{bot.username}:{ann.id}"
    for _ in range(20):
        parts.typing(where)
    await bot.until(lambda: bot.typing == [ann.id])
    parts.typing("telegram:nobody:1")
    parts.typing("form:contact:1")
    await say(parts, ann, "here")
    await bot.until(lambda: got(bot, ann) == ["here"])
    assert bot.typing == [ann.id]
