"""An open page is told what changes, and counts as somebody being there."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientResponse

from core.agents.agent import Agent
from switchboard.hub import Hub
from tests.inbox.desk import AtDesk, asks, says


async def changes(response: ClientResponse) -> list[dict[str, Any]]:
    """The next event."""
    async for line in response.content:
        if line.startswith(b"data: "):
            found: list[dict[str, Any]] = json.loads(line[6:])["changes"]
            return found
    raise AssertionError("the stream ended")


async def test_a_message_is_told_to_the_page_that_shows_its_conversation(hub: Hub, desk: AtDesk) -> None:
    conversation = await asks(hub)
    url = f"{hub.url}/inbox/live?c={conversation.id}"
    async with asyncio.timeout(30), desk.session.get(url) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        await response.content.readline()
        await says(hub, "Are you there?", name="Ann")
        told: list[dict[str, Any]] = []
        while not any(change.get("way") == "in" and change["conversation"] == conversation.id for change in told):
            told += await changes(response)
        while not any(change["what"] == "conversation" and change["unread"] for change in told):
            told += await changes(response)


async def test_an_open_page_is_an_agent_on_duty_until_it_is_closed(hub: Hub, desk: AtDesk, maria: Agent) -> None:
    agents = hub.parts.stores.agents
    assert not await agents.on_duty(datetime.now(UTC))
    async with asyncio.timeout(20):
        async with desk.session.get(f"{hub.url}/inbox/live") as response:
            await response.content.readline()
            assert await agents.on_duty(datetime.now(UTC))
            assert (await desk.post("/inbox/me/away", {"away": "1"}))[0] == 200
            assert not await agents.on_duty(datetime.now(UTC))
            assert (await desk.post("/inbox/me/away", {"away": "0"}))[0] == 200
        while await agents.on_duty(datetime.now(UTC)):
            await says(hub, "hello", "someone")  # a write to the closed stream is how the server notices
            await asyncio.sleep(0.2)
