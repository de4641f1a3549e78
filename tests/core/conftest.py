"""What tests of the domain may ask for: a little provider, and the parts of one process that speaks with it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.database import Database
from switchboard.wiring import Parts
from tests.making import working
from tests.servers.provider import Provider, provider


@pytest.fixture
async def there() -> AsyncIterator[Provider]:
    """The provider's side."""
    async with provider() as running:
        yield running


@pytest.fixture
async def parts(database: Database, there: Provider) -> AsyncIterator[Parts]:
    """One process at rest: nothing is handled or delivered until the test does it."""
    async with working(database, url=there.url) as resting:
        yield resting


@pytest.fixture
async def acting(database: Database, there: Provider) -> AsyncIterator[Parts]:
    """One process at work."""
    async with working(database, url=there.url, work=True) as busy:
        yield busy
