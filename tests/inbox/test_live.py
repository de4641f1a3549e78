"""An open page is told what changes, and counts as somebody being there."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psutil
from aiohttp import ClientResponse
from pymongo import MongoClient

from core.agents.agent import Agent
from core.feed import conversation_changed
from core.ids import new_id
from core.interactions.interaction import Author
from switchboard.hub import Hub
from tests.core.round_trips import round_trips
from tests.inbox.desk import AtDesk, agent_of, asks, at_desk, says, site
from tests.making import make_message, until
from tests.running import deaf, running_hub

MB = 1024**2


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
    async with asyncio.timeout(120), desk.session.get(url) as response:
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
    async with asyncio.timeout(120):
        async with desk.session.get(f"{hub.url}/inbox/live") as response:
            await response.content.readline()
            assert await agents.on_duty(datetime.now(UTC))
            assert (await desk.post("/inbox/me/away", {"away": "1"}))[0] == 200
            assert not await agents.on_duty(datetime.now(UTC))
            assert (await desk.post("/inbox/me/away", {"away": "0"}))[0] == 200
        while await agents.on_duty(datetime.now(UTC)):
            await says(hub, "hello", "someone")  # a write to the closed stream is how the server notices
            await asyncio.sleep(0.2)


async def test_that_somebody_is_there_is_told_to_nobody_and_stays_true(
    hub: Hub, desk: AtDesk, maria: Agent, mongo_client: MongoClient[dict[str, Any]]
) -> None:
    # What another process writes; the last of it is told last.
    elsewhere = mongo_client[hub.parts.settings.database]
    conversation = await asks(hub)
    mine = {"_id": maria.id}
    async with asyncio.timeout(120), desk.session.get(f"{hub.url}/inbox/live?c={conversation.id}") as response:
        await response.content.readline()

        async def told_at_last(n: int) -> None:
            elsewhere["conversations"].update_one({"_id": conversation.id}, {"$set": {"writer": f"elsewhere:{n}"}})
            await changes(response)

        await told_at_last(0)
        with round_trips(hub.parts.settings.database) as trips:
            for n in range(1, 4):
                elsewhere["agents"].update_one(mine, {"$set": {"seen_at": datetime.now(UTC)}})
                elsewhere["agents"].update_one(mine, {"$set": {"name": f"Maria {n}"}})
                await told_at_last(n)
        assert trips["update"] == 9, f"the page added to what was written: {trips}"
        # Her last page at another process is closed; here is one still.
        elsewhere["agents"].update_one(mine, {"$unset": {"seen_at": ""}})
        await until(lambda: hub.parts.stores.agents.on_duty(datetime.now(UTC)))


async def test_a_page_that_takes_nothing_is_let_go_and_catches_up_without_a_hole(
    database_uri: str, database_name: str
) -> None:
    async with (
        asyncio.timeout(120),
        running_hub(database_uri, database_name, sample_data=False, slow_seconds=1) as hub,
    ):
        await site(hub)
        maria = await agent_of(hub, "Maria")
        conversation = await asks(hub)

        async def followed() -> bool:
            return any(f"agent:{maria.id}" in each.topics for each in hub.parts.feed.subscribers())

        async with at_desk(hub, maria) as desk:
            with await deaf(hub.url, f"/inbox/live?c={conversation.id}", desk.cookies):
                await until(followed)
                memory, before = psutil.Process().memory_info, psutil.Process().memory_info().rss
                loud = replace(conversation, customer_name="n" * 2000)
                said = 0
                while await followed():
                    many = [conversation_changed(replace(loud, id=new_id())) for _ in range(200)]
                    hub.parts.feed.announce(*many)
                    said += 200 * 2000
                    await asyncio.sleep(0.03)
                assert memory().rss - before < 40 * MB, f"{said / MB:.0f} MB were to be told"
                usual: dict[str, Any] = {"address": conversation.address, "channel": "webchat", "account": "site"}
                usual |= {"author": Author("bot"), "direction": "out", "status": "sent"}
                lines = [make_message(f"line {n:03}", conversation_id=conversation.id, **usual) for n in range(170)]
                await hub.parts.stores.interactions.add(lines)
            # As the page's script does: follow again, then ask for what is shown, and from there for what is earlier.
            async with desk.session.get(f"{hub.url}/inbox/live?c={conversation.id}") as response:
                await response.content.readline()
                seen: list[str] = []
                path = f"/inbox/c/{conversation.id}?lines=55"
                while "line 000" not in seen:
                    _, page = await desk.get(path)
                    seen[:0] = re.findall(r"line \d{3}", page.partition('id="entries"')[2])
                    path = f"/inbox/c/{conversation.id}?earlier={lines[170 - len(seen)].id}"
                assert seen == [line.content.text for line in lines], "in order, without a hole, and none twice"
                await says(hub, "Are you there?", name="Ann")
                told: list[dict[str, Any]] = []
                while not any(change.get("way") == "in" for change in told):
                    told += await changes(response)
