"""A chat visitor without a browser: says things until they are acked, over as many connections as it takes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from typing import Any

import aiohttp


class Visitor:
    """One visitor of the chat `site`. Remembers token, cursor and everything shown, as the widget does."""

    def __init__(self, site: str = "demo", language: str = "en") -> None:
        self.site = site
        self.language = language
        self.token: str | None = None
        self.cursor: str | None = None
        self.shown: dict[str, dict[str, Any]] = {}
        self.acked: list[str] = []
        self._news = asyncio.Event()

    @property
    def heard(self) -> list[dict[str, Any]]:
        """What bot and agents said, in the order it is shown."""
        return [entry for _, entry in sorted(self.shown.items()) if entry["from"] != "you"]

    @property
    def said(self) -> list[str]:
        """The visitor's own words as the hub shows them."""
        return [entry["text"] for _, entry in sorted(self.shown.items()) if entry["from"] == "you"]

    async def say(self, url: str, text: str, *, id: str | None = None, within: float = 120, **more: str) -> str:
        """Say `text` on a connection of its own until it is acked; returns the client id."""
        id = id or secrets.token_urlsafe(9)
        frame = {"type": "choice" if "value" in more else "message", "id": id, "text": text, **more}
        async with asyncio.timeout(within):
            while id not in self.acked:
                with contextlib.suppress(aiohttp.ClientError, ConnectionError):
                    await self._once(url, frame, lambda: id in self.acked)
                await asyncio.sleep(0.02)
        return id

    async def hears(self, url: str, count: int, *, within: float = 120) -> list[dict[str, Any]]:
        """Stay connected until `count` things were said to the visitor; returns all of them."""
        async with asyncio.timeout(within):
            while len(self.heard) < count:
                with contextlib.suppress(aiohttp.ClientError, ConnectionError):
                    await self._once(url, None, lambda: len(self.heard) >= count)
                await asyncio.sleep(0.02)
        return self.heard

    async def look(self, url: str) -> None:
        """Connect, take in the history, and leave."""
        async with asyncio.timeout(120):
            seen = False
            while not seen:
                with contextlib.suppress(aiohttp.ClientError, ConnectionError):
                    seen = await self._once(url, None, lambda: True)

    async def _once(self, url: str, frame: dict[str, Any] | None, done: Any) -> bool:
        """Whether it came to where `done` is true; a connection may end before."""
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/chat/socket") as ws:
            hello = {"type": "hello", "site": self.site, "language": self.language}
            await ws.send_json({**hello, "token": self.token, "cursor": self.cursor})
            async for message in ws:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    break
                heard = json.loads(message.data)
                match heard["type"]:
                    case "welcome":
                        self.token = heard["token"]
                        for entry in heard["history"]:
                            self._show(entry)
                        if frame is not None:
                            await ws.send_json(frame)
                    case "message":
                        self._show(heard)
                    case "ack":
                        self.acked.append(heard["id"])
                if heard["type"] in ("welcome", "message", "ack") and done():
                    return True
        return False

    def _show(self, entry: dict[str, Any]) -> None:
        self.shown[entry["id"]] = entry
        self.cursor = max(self.cursor or "", entry["id"])
