"""A hub with a chat, and agents at it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from core.agents.agent import Agent
from switchboard.hub import Hub
from tests.browser import browsing
from tests.inbox.desk import AtDesk, agent_of, at_desk, site
from tests.running import running_hub


@pytest.fixture
async def hub(database_uri: str, database_name: str) -> AsyncIterator[Hub]:
    async with running_hub(database_uri, database_name, sample_data=False) as hub:
        await site(hub)
        yield hub


@pytest.fixture
async def maria(hub: Hub) -> Agent:
    return await agent_of(hub, "Maria")


@pytest.fixture
async def desk(hub: Hub, maria: Agent) -> AsyncIterator[AtDesk]:
    async with at_desk(hub, maria) as desk:
        yield desk


@pytest.fixture
async def admin(hub: Hub) -> AsyncIterator[AtDesk]:
    async with at_desk(hub, await agent_of(hub, "Ada", "admin")) as desk:
        yield desk


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with browsing() as found:
        yield found
