"""A hub with one chat and one form, and a browserless visitor who speaks the socket's protocol."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from core.channel import Account
from core.content import Content
from core.feed import entry_changed
from core.forms.form import Form, FormField, Option
from core.ids import new_id
from core.interactions.interaction import Author, Interaction
from switchboard.hub import Hub
from tests.running import running_hub

SHOP = "https://shop.example"
_numbers = itertools.count()

CONTACT = Form(
    name="contact",
    account="site",
    title={"en": "Contact", "ru": "Связаться", "uk": "Зв’язатися"},
    fields=(
        FormField("name", label={"en": "Your name", "ru": "Имя"}, required=True, autocomplete="name"),
        FormField("email", "email", {"en": "E-mail"}, required=True),
        FormField("phone", "phone", {"en": "Phone"}),
        FormField("topic", "choice", {"en": "Topic"}, options=(Option("bike", {"en": "A bike"}),)),
        FormField("message", "long", {"en": "Message"}),
        FormField("consent", "consent", {"en": "You may answer me by mail."}, required=True),
    ),
    origins=(SHOP,),
)


@pytest.fixture
async def hub(database_uri: str, database_name: str) -> AsyncIterator[Hub]:
    async with running_hub(database_uri, database_name, sample_data=False) as hub:
        await hub.parts.stores.accounts.save(Account("webchat", "shop", "Shop", {"origins": SHOP}))
        await hub.parts.stores.accounts.save(Account("webform", "site", "Site", {"country": "UA"}))
        await hub.parts.stores.forms.save(CONTACT)
        yield hub


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


class Visitor:
    """One open socket, as a browser would use it."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse, hub: Hub) -> None:
        self.ws = ws
        self.hub = hub
        self.welcome: dict[str, Any] = {}

    async def hello(self, site: str = "shop", **more: Any) -> dict[str, Any]:
        await self.send({"type": "hello", "site": site, "language": "en", **more})
        self.welcome = await self.frame()
        return self.welcome

    async def send(self, frame: object) -> None:
        await self.ws.send_str(frame if isinstance(frame, str) else json.dumps(frame))

    async def say(self, text: str, id: str | None = None) -> str:
        id = id or f"client-{next(_numbers):06}"
        await self.send({"type": "message", "id": id, "text": text})
        return id

    async def frame(self, within: float = 120) -> dict[str, Any]:
        message = await self.ws.receive(timeout=within)
        assert message.type is aiohttp.WSMsgType.TEXT, f"{message.type} {message.data} {self.ws.close_code}"
        frame: dict[str, Any] = json.loads(message.data)
        return frame

    async def next(self, type: str, accept: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """The next frame of `type` that will do; others are passed over."""
        async with asyncio.timeout(120):
            while True:
                frame = await self.frame()
                if frame["type"] == type and accept(frame):
                    return frame

    async def silent(self) -> list[dict[str, Any]]:
        """Everything that had been sent before the answer to a ping."""
        await self.send({"type": "ping"})
        frames = []
        while (frame := await self.frame())["type"] != "pong":
            frames.append(frame)
        return frames

    async def closed(self) -> int | None:
        """Read until the hub closes; the code."""
        async with asyncio.timeout(120):
            while not self.ws.closed:
                await self.ws.receive()
        return self.ws.close_code

    @property
    def address(self) -> str:
        """Ours: the token says who it is."""
        return f"webchat:{self.welcome['token'].rsplit('.', 2)[0]}"


@pytest.fixture
def visit(hub: Hub, client: aiohttp.ClientSession) -> Any:
    @asynccontextmanager
    async def connect(origin: str | None = None, url: str = "") -> AsyncIterator[Visitor]:
        headers = {"Origin": origin} if origin else {}
        async with client.ws_connect(f"{url or hub.url}/chat/socket", headers=headers) as ws:
            yield Visitor(ws, hub)

    return connect


async def put(hub: Hub, address: str, text: str, **fields: Any) -> Interaction:
    """An entry at `address`, announced as its writer would; unless told otherwise an agent's message that was sent."""
    id = fields.pop("id", None) or new_id()
    defaults: dict[str, Any] = {
        "kind": "message",
        "direction": "out",
        "author": Author("agent", name="Olga"),
        "status": "sent",
        "key": id,
        "external_id": id,
        "at": datetime.now(UTC),
    }
    entry = Interaction(id=id, address=address, channel="webchat", **{**defaults, "content": Content(text), **fields})
    await hub.parts.stores.interactions.add([entry])
    hub.parts.feed.announce(entry_changed(entry))
    return entry


async def said_at(hub: Hub, address: str) -> list[Interaction]:
    """What the visitor said, as it is in the log."""
    page = await hub.parts.stores.interactions.page(address=address, limit=200)
    return [entry for entry in page if entry.direction == "in"]
