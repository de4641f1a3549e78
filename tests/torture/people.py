"""People under load: chat visitors, Telegram users, and an agent, each with a record of their own.

Each says the next thing only when told yes to the one before, and says the same again under the same id until then.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import aiohttp

from tests.servers.botapi import Bot
from tests.torture.ledger import Ledger, Reply, new_trace, traces_in

WORDS = (
    "hello {trace}",
    "What are your opening hours? {trace}",
    "How much is the delivery, and how long does it take? {trace}",
    "I want to talk to a person {trace}",
    "thank you {trace}",
    "Is there anything else entirely? {trace}",
)
# What breaks while the hub is being killed; whoever hears it comes again.
BROKEN = (aiohttp.ClientError, ConnectionError, TimeoutError, OSError)
CONVERSATION = re.compile(r"/inbox/c/([0-9a-v]{20})\b")


@dataclass
class Load:
    """What everybody who says something needs: the door, the ledger, the dice, and whether the day is over."""

    url: Callable[[], str]
    ledger: Ledger
    dice: random.Random
    pace: float = 1.0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def words(self) -> tuple[str, str]:
        """Something to say, and the trace in it."""
        trace = new_trace()
        return self.dice.choice(WORDS).format(trace=trace), trace

    async def breathe(self, seconds: float) -> None:
        """A pause of about so long; shorter when the day ends."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds * self.pace * self.dice.uniform(0.3, 1.7)):
                await self.over.wait()


class Visitor:
    """A chat visitor with a page open all day: reconnects from the cursor, and notes what is shown as it comes."""

    def __init__(self, load: Load, name: str, site: str) -> None:
        self.name = name
        self._load = load
        self._site = site
        self._token: str | None = None
        self._cursor: str | None = None
        self._shown: set[str] = set()
        self._acked: set[str] = set()
        self._news = asyncio.Event()
        self._ws: aiohttp.ClientWebSocketResponse | None = None
        load.ledger.people[name] = (f"webchat:{site}", "")

    async def live(self) -> None:
        """Keep the page open until cancelled."""
        async with aiohttp.ClientSession() as session:
            while True:
                with contextlib.suppress(*BROKEN):
                    async with (
                        asyncio.timeout(None),
                        session.ws_connect(f"{self._load.url()}/chat/socket", heartbeat=3) as ws,
                    ):
                        hello = {"type": "hello", "site": self._site, "language": "en"}
                        await ws.send_json({**hello, "token": self._token, "cursor": self._cursor})
                        async for message in ws:
                            if message.type is aiohttp.WSMsgType.TEXT:
                                self._take(json.loads(message.data), ws)
                self._ws = None
                await asyncio.sleep(0.1)

    def _take(self, frame: dict[str, Any], ws: aiohttp.ClientWebSocketResponse) -> None:
        match frame["type"]:
            case "welcome":
                self._token = frame["token"]
                self._ws = ws
                for entry in frame["history"]:
                    self._show(entry)
            case "message":
                self._show(frame)
            case "ack":
                self._acked.add(frame["id"])
        self._news.set()

    def _show(self, entry: dict[str, Any]) -> None:
        self._cursor = max(self._cursor or "", entry["id"])
        if entry["from"] != "you" and entry["id"] not in self._shown:
            self._load.ledger.hear(self.name, entry["id"], entry["text"])
        self._shown.add(entry["id"])

    async def talk(self) -> None:
        """Say things until the day is over."""
        while not self._load.over.is_set():
            text, trace = self._load.words()
            said = self._load.ledger.say(self.name, trace)
            while trace not in self._acked:
                with contextlib.suppress(*BROKEN):
                    if self._ws is not None:
                        await self._ws.send_json({"type": "message", "id": trace, "text": text})
                await self._wait(lambda trace=trace: trace in self._acked)  # type: ignore[misc]  # bound at once
            said.told_yes = True
            await self._load.breathe(2.5)

    async def _wait(self, met: Callable[[], bool]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                while not met():
                    self._news.clear()
                    await self._news.wait()


class Telegrammer:
    """Somebody who writes to a bot. The Bot API server takes every message and delivers it until told yes."""

    def __init__(self, load: Load, name: str, account: str, bot: Bot) -> None:
        self.name = name
        self.account = account
        self._load = load
        self._bot = bot
        self._person = bot.person(name)
        load.ledger.people[name] = (f"telegram:{account}", f"telegram:{account}:{self._person.id}")

    async def talk(self) -> None:
        """Say things until the day is over; each is waited for until it was delivered."""
        while not self._load.over.is_set():
            text, trace = self._load.words()
            said = self._load.ledger.say(self.name, trace)
            number = self._person.says(text)["message_id"]
            while any(_number(update) == number for update in self._bot.updates):
                await asyncio.sleep(0.05)
            said.told_yes = True
            await self._load.breathe(2.5)

    @property
    def chat(self) -> int:
        """The number of their chat."""
        return self._person.id

    @property
    def trouble(self) -> str:
        """What the Bot API server has seen of late, for when something is not taken."""
        bot = self._bot
        return (
            f"waiting {len(bot.updates)}, webhook {bot.webhook}, its answers {bot.pushed[-5:]}, asked {bot.calls[-5:]}"
        )


def _number(update: dict[str, Any]) -> int:
    return int(update.get("message", {}).get("message_id", 0))


def note_telegrams(ledger: Ledger, bot: Bot, people: dict[int, str]) -> None:
    """Write into the ledger what the bot's chats have received."""
    for sent in bot.sent:
        ledger.hear(people[sent.chat_id], str(sent.message_id), sent.text)


class Told(NamedTuple):
    """What an agent's page answered at last, and how often it was asked."""

    yes: bool
    tries: int


class Agent:
    """Answers in the inbox, over HTTP as the page does; now and then resolves, and sends again what was uncertain."""

    def __init__(self, load: Load, email: str, password: str) -> None:
        self._load = load
        self._login = {"email": email, "password": password}
        self._csrf = ""

    async def work(self) -> None:
        """Until the day is over. What was begun is told until the answer is yes or no."""
        async with aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=aiohttp.ClientTimeout(total=8)
        ) as session:
            while not self._load.over.is_set():
                with contextlib.suppress(*BROKEN):
                    if not self._csrf:
                        await self._sign_in(session)
                    elif self._load.dice.random() < 0.1:
                        await self._send_again(session)
                    else:
                        await self._answer(session)
                await self._load.breathe(1.0)

    async def _sign_in(self, session: aiohttp.ClientSession) -> None:
        async with session.post(f"{self._load.url()}/inbox/sign-in", data=self._login, allow_redirects=False):
            pass
        found = re.search(r'name="csrf" content="([0-9a-f]{64})"', await self._page(session, "/inbox/me"))
        self._csrf = found[1] if found else ""

    async def _page(self, session: aiohttp.ClientSession, path: str) -> str:
        async with session.get(self._load.url() + path, allow_redirects=False) as answer:
            return await answer.text()

    async def _answer(self, session: aiohttp.ClientSession) -> None:
        """Answer the newest question of somebody, often one that the bot is about to answer."""
        dice = self._load.dice
        status = dice.choice(("pending", "open", "open"))
        found = list(dict.fromkeys(CONVERSATION.findall(await self._page(session, f"/inbox/?status={status}"))))
        if not found:
            return
        conversation = dice.choice(found[:5])
        asked = traces_in(await self._page(session, f"/inbox/c/{conversation}"))
        trace = new_trace()
        reply = Reply(trace, conversation, asked[-1] if asked else "")
        fields = {"key": trace, "text": f"A person answers {trace}"}
        if dice.random() < 0.5:
            fields["then"] = "resolve"
        self._load.ledger.replies.append(reply)
        reply.told_yes = (await self._told(session, f"/inbox/c/{conversation}/say", fields)).yes

    async def _send_again(self, session: aiohttp.ClientSession) -> None:
        page = await self._page(session, "/inbox/problems")
        found = re.findall(r"/inbox/deliveries/([0-9a-v]{20})/retry", page)
        if found:
            id = self._load.dice.choice(found)
            told = await self._told(session, f"/inbox/deliveries/{id}/retry", {})
            if told.yes or told.tries > 1:  # a no may be about what an earlier try has done unheard
                self._load.ledger.retried.append(id)

    async def _told(self, session: aiohttp.ClientSession, path: str, fields: dict[str, str]) -> Told:
        """Post until there is an answer that is no trouble of the hub's."""
        for tries in itertools.count(1):
            with contextlib.suppress(*BROKEN):
                headers = {"X-CSRF": self._csrf}
                url = self._load.url() + path
                async with session.post(url, data=fields, headers=headers, allow_redirects=False) as answer:
                    await answer.read()
                    if answer.status == 401:
                        self._csrf = ""
                    if answer.status < 500:
                        return Told(answer.status < 400, tries)
            await asyncio.sleep(0.3)
        raise AssertionError  # the loop has no end
