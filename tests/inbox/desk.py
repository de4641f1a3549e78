"""An agent without a browser, and customers who write to them."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientResponse, ClientSession, CookieJar, TCPConnector
from yarl import URL

from core.agents.agent import Agent, Role
from core.channel import Account, Address, Arrival
from core.content import Content
from core.conversations.conversation import Conversation
from core.conversations.store import View
from switchboard.hub import Hub

PASSWORD = "a password for tests"


class AtDesk:
    """A signed-in agent's browser, as far as HTTP goes."""

    def __init__(self, url: str, session: ClientSession) -> None:
        self.url = url
        self.session = session
        self.csrf = ""

    @property
    def cookies(self) -> str:
        """As a request carries them."""
        kept = self.session.cookie_jar.filter_cookies(URL(self.url)).values()
        return "; ".join(f"{one.key}={one.value}" for one in kept)

    async def get(self, path: str, **headers: str) -> tuple[ClientResponse, str]:
        """The answer and its text; redirects are not followed."""
        async with self.session.get(self.url + path, headers=headers, allow_redirects=False) as response:
            return response, await response.text(errors="replace")

    async def post(self, path: str, fields: Mapping[str, Any] | Any = None, **headers: str) -> tuple[int, Any]:
        """Post as the page's script does: (status, JSON)."""
        given = {"X-CSRF": self.csrf, **headers}
        async with self.session.post(
            self.url + path, data=fields or {}, headers=given, allow_redirects=False
        ) as response:
            return response.status, await (response.json() if "json" in response.content_type else response.text())

    async def form(self, path: str, fields: Mapping[str, str]) -> tuple[ClientResponse, str]:
        """Post as a page without scripts does; redirects are not followed."""
        data = {"_csrf": self.csrf, **fields}
        async with self.session.post(self.url + path, data=data, allow_redirects=False) as response:
            return response, await response.text()


@asynccontextmanager
async def at_desk(hub: Hub, agent: Agent) -> AsyncIterator[AtDesk]:
    """`agent`, signed in through the sign-in page."""
    # A connection for each request: none is used just when the hub, after a while, closes it.
    every = TCPConnector(force_close=True)
    async with ClientSession(cookie_jar=CookieJar(unsafe=True), connector=every) as session:
        desk = AtDesk(hub.url, session)
        status, _ = await desk.post("/inbox/sign-in", {"email": agent.email, "password": PASSWORD})
        assert status == 303
        _, page = await desk.get("/inbox/me")
        found = re.search(r'name="csrf" content="([0-9a-f]{64})"', page)
        assert found
        desk.csrf = found[1]
        yield desk


async def agent_of(hub: Hub, name: str = "Maria", role: Role = "agent", language: str = "en") -> Agent:
    """A new agent with the password of tests."""
    email = f"{secrets.token_hex(4)}@example.org"
    return await hub.parts.stores.agents.add(name, email, PASSWORD, role=role, language=language)


async def site(hub: Hub) -> None:
    """A chat called `site`, which can be answered on."""
    await hub.parts.stores.accounts.save(Account("webchat", "site", "Shop chat"))


async def says(hub: Hub, text: str, person: str = "v1", **more: Any) -> str:
    """A customer says something in the chat; returns their address."""
    address = Address("webchat", "site", person)
    content = replace(more.pop("content", Content()), text=text)
    arrival = Arrival(address, secrets.token_hex(8), content=content, at=datetime.now(UTC), **more)
    await hub.parts.receive.keep(Account("webchat", "site"), [arrival])
    return str(address)


async def conversation_of(hub: Hub, address: str, within: float = 120) -> Conversation:
    """The conversation at `address`, once the hub has decided about its first message and put it there."""
    async with asyncio.timeout(within):
        while True:
            found = await hub.parts.stores.conversations.page(View(statuses=()))
            here = [c for c in found if c.address == address]
            history = await hub.parts.stores.interactions.page(conversation_id=here[0].id) if here else []
            if any(entry.direction == "in" for entry in history):
                return here[0]
            await asyncio.sleep(0.02)


async def asks(hub: Hub, person: str = "v1", text: str = "I want to talk to a person", **more: Any) -> Conversation:
    """A customer asks for a person; returns the open conversation."""
    conversation = await conversation_of(hub, await says(hub, text, person, **more))
    agent = await hub.parts.stores.agents.by_email("admin@example.org")
    if conversation.status != "open" and agent:
        await hub.parts.desk.assign(agent, conversation.id, agent.id)
        await hub.parts.desk.assign(agent, conversation.id, None)
    return await hub.parts.stores.conversations.get(conversation.id) or conversation
