"""Chat: question to bot answer over the chat socket, and message to an open inbox page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter

import aiohttp
import orjson

from benchmarks.figures import Figure, compared, percentile
from benchmarks.load import PATIENCE
from benchmarks.stage import Stage
from benchmarks.visitor import Browser, Visitor, browser, open_site
from core.agents.passwords import new_password
from switchboard.stores import Stores

# What a visitor says who never wrote before; the bot answers each, and hands none of them over.
QUESTIONS = ("Hello", "Where is my order?", "A-1042")
# An inbox page is told at once, then at most ten times a second.
BREATH = 0.12


@dataclass
class Talk:
    """One round of questions: seconds each until the ack, until the answer; and for all of them together."""

    seconds: float = 0.0
    acks: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)


async def run(stage: Stage) -> AsyncIterator[Figure | str]:
    """With one visitor and with 64, in turns with the bare peer, which stores and answers."""
    database = stage.database()
    async with (
        stage.bare() as bare,
        stage.stores(database) as stores,
        stage.hub(database) as hub,
        browser(hub.url) as ours,
        browser(bare.url) as peers,
    ):
        await open_site(stores)
        await talk(ours, 8, 2)
        await talk(peers, 8, 2)
        for at_once, each in ((1, int(stage.some(25, 4))), (64, int(stage.some(2, 1)))):
            mine: list[Talk] = []
            its: list[Talk] = []
            for number in range(stage.rounds(5)):
                turns = [(mine, ours), (its, peers)]
                for results, where in turns if number % 2 == 0 else turns[::-1]:
                    await asyncio.sleep(0.3)
                    results.append(await talk(where, at_once, each))
            for figure in figures(at_once, mine, its):
                yield figure
        async for told in inbox(stage, stores, hub.url, ours):
            yield told


async def talk(where: Browser, at_once: int, each: int) -> Talk:
    """`at_once` visitors at a time ask all questions; when one has ended, the next comes, `each` times."""
    heard = Talk()
    async with AsyncExitStack() as open_:
        came = await where.many(at_once * each, open_)
        began = perf_counter()

        async def ask(mine: list[Visitor]) -> None:
            for visitor in mine:
                for question in QUESTIONS:
                    acked, answered = await visitor.ask(question)
                    heard.acks.append(acked)
                    heard.answers.append(answered)

        await asyncio.gather(*(ask(came[n::at_once]) for n in range(at_once)))
        heard.seconds = perf_counter() - began
    return heard


def figures(at_once: int, mine: list[Talk], its: list[Talk]) -> list[Figure]:
    """Of one number of visitors."""
    who = f"{at_once} visitor{'s' if at_once > 1 else ''}"
    ours, peers = ([len(talk.answers) / talk.seconds for talk in talks] for talks in (mine, its))
    return [
        compared(f"question to answer, {who}, median", "ms", _ms(mine, 0.5), _ms(its, 0.5), "bare"),
        compared("  99th percentile", "ms", _ms(mine, 0.99), _ms(its, 0.99), "bare"),
        Figure("  question to ack, median", "ms", [median(talk.acks) * 1000 for talk in mine]),
        compared("  answers", "per s", ours, peers, "bare"),
    ]


def _ms(talks: list[Talk], share: float) -> list[float]:
    return [percentile(talk.answers, share) * 1000 for talk in talks]


# ------------------------------------------------------------------------------------------------- the inbox


class Page:
    """An open inbox page: notes when it was told of a conversation."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer
        self._told: dict[str, asyncio.Future[float]] = {}

    def expect(self, conversation: str) -> asyncio.Future[float]:
        """When the page is next told of `conversation`."""
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._told[conversation] = future
        return future

    async def read(self) -> None:
        """Until the stream ends."""
        async for line in self._answer.content:
            if line.startswith(b"data: "):
                now = perf_counter()
                for change in orjson.loads(line[6:])["changes"]:
                    id = change["id"] if change["what"] == "conversation" else change.get("conversation")
                    if id in self._told and not self._told[id].done():
                        self._told[id].set_result(now)


async def inbox(stage: Stage, stores: Stores, url: str, visitors: Browser) -> AsyncIterator[Figure | str]:
    """From just before a visitor's message is sent until the open list is told of it, people answering."""
    singles: list[float] = []
    crowds: list[float] = []
    async with AsyncExitStack() as open_:
        came = await visitors.many(int(stage.some(64, 16)), open_)
        page = await open_.enter_async_context(signed_in(stores, url))
        known = [(visitor, await _handed_over(stores, visitor)) for visitor in came]
        for number in range(int(stage.some(150, 10))):
            await asyncio.sleep(BREATH)
            visitor, conversation = known[number % len(known)]
            told = page.expect(conversation)
            began = perf_counter()
            await visitor.say(f"And another thing, number {number}")
            async with asyncio.timeout(PATIENCE):
                singles.append(await told - began)
        for number in range(int(stage.some(6, 1))):
            await asyncio.sleep(0.5)
            began = perf_counter()
            news = [page.expect(conversation) for _, conversation in known]
            await asyncio.gather(*(visitor.say(f"All of us at once, {number}") for visitor, _ in known))
            async with asyncio.timeout(PATIENCE):
                crowds += [await told - began for told in news]
    for name, waits in (("1 visitor", singles), (f"{len(known)} at once", crowds)):
        yield Figure(f"message to inbox page, {name}, median", "ms", [percentile(waits, 0.5) * 1000])
        yield Figure("  99th percentile", "ms", [percentile(waits, 0.99) * 1000])


@asynccontextmanager
async def signed_in(stores: Stores, url: str) -> AsyncIterator[Page]:
    """The inbox's list, open in an agent's browser."""
    password = new_password()
    await stores.agents.add("Agent", "agent@bench.example", password)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        form = {"email": "agent@bench.example", "password": password, "next": "/inbox/"}
        async with session.post(url + "/inbox/sign-in", data=form, allow_redirects=False) as answer:
            assert answer.status == 303, answer.status
        async with session.get(url + "/inbox/live", timeout=aiohttp.ClientTimeout(total=None)) as stream:
            assert stream.status == 200, stream.status
            page = Page(stream)
            reading = asyncio.create_task(page.read())
            try:
                yield page
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)


async def _handed_over(stores: Stores, visitor: Visitor) -> str:
    """The visitor's conversation, once it is with people."""
    await visitor.say("I want to talk to a person")
    async with asyncio.timeout(PATIENCE):
        while True:
            entries = await stores.interactions.page(address=f"webchat:bench:{visitor.id}")
            found = next((entry.conversation_id for entry in entries if entry.conversation_id), None)
            if found and (known := await stores.conversations.get(found)) and known.status == "open":
                return found
            await asyncio.sleep(0.05)
