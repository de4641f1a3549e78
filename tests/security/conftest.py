"""One hub for all walks: setting it up takes longer than most of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.security.world import World, a_world
from tests.servers.mongo import database_name_for


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(database_uri: str) -> AsyncIterator[World]:
    async with a_world(database_uri, database_name_for("walk_of_every_route")) as world:
        yield world
        world.database.client.drop_database(world.database.name)
