"""A visitor's browser, as far as the chat socket sees it: hello, message, ack, answer (`portal/chat/frames.py`)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import aiohttp
import orjson

from benchmarks.load import PATIENCE
from benchmarks.stage import signing_key
from core.channel import Account
from portal.chat.visitor import Visitors
from switchboard.stores import Stores

SITE = "bench"


async def open_site(stores: Stores) -> None:
    """A site whose chat the visitors use."""
    await stores.accounts.save(Account("webchat", SITE, "Bench"))


@dataclass(slots=True)
class Visitor:
    """One open chat socket."""

    id: str
    socket: aiohttp.ClientWebSocketResponse

    async def ask(self, text: str) -> tuple[float, float]:
        """Say `text`; seconds until it was acked and until the bot's first answer came."""
        number = secrets.token_hex(8)
        began = perf_counter()
        await self.say(text, number)
        acked = answered = 0.0
        while not (acked and answered):
            frame = await self.hear()
            if frame["type"] == "ack" and frame["id"] == number:
                acked = perf_counter() - began
            elif frame["type"] == "message" and frame["from"] == "bot":
                answered = perf_counter() - began
        return acked, answered

    async def say(self, text: str, number: str = "") -> None:
        """Send a message and wait for nothing."""
        message = {"type": "message", "id": number or secrets.token_hex(8), "text": text}
        await self.socket.send_str(orjson.dumps(message).decode())

    async def hear(self) -> dict[str, Any]:
        """The next frame. Fails on an error frame."""
        async with asyncio.timeout(PATIENCE):
            frame: dict[str, Any] = orjson.loads(await self.socket.receive_str())
        assert frame["type"] != "error", frame
        return frame


class Browser:
    """Opens chats with one hub. The visitors hold tokens already, as most do: a hub lets in few strangers at once."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url.replace("http:", "ws:") + "/chat/socket"
        self._tokens = Visitors(signing_key("portal"))

    async def new(self) -> Visitor:
        """A visitor who has never said anything, welcomed."""
        signed = self._tokens.new(SITE)
        visitor = Visitor(signed.id, await self._session.ws_connect(self._url, max_msg_size=0))
        hello = {"type": "hello", "site": SITE, "token": signed.token, "language": "en"}
        await visitor.socket.send_str(orjson.dumps(hello).decode())
        assert (await visitor.hear())["type"] == "welcome"
        return visitor

    async def many(self, number: int, open_: AsyncExitStack, at_once: int = 50) -> list[Visitor]:
        """So many of them, who leave when `open_` ends."""
        came: list[Visitor] = []
        while len(came) < number:
            group = await asyncio.gather(*(self.new() for _ in range(min(at_once, number - len(came)))))
            for visitor in group:
                open_.push_async_callback(visitor.socket.close)
            came += group
        return came


@asynccontextmanager
async def browser(url: str) -> AsyncIterator[Browser]:
    """A browser for the hub or the peer at `url`."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Browser(session, url)
