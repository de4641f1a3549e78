"""What tests of the domain may ask for: a little provider, and the parts of one process that speaks with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pymongo
import pytest

from core.database import Database
from switchboard.wiring import Parts
from tests.making import working
from tests.servers.mongo import database_name_for
from tests.servers.provider import Provider, provider


@pytest.fixture(scope="session")
def lasting_name(drop: Callable[[str], object]) -> Iterator[str]:
    """The name of one database for all tests of the domain in this process."""
    name = database_name_for("core")
    yield name
    drop(name)


@pytest.fixture
def database_name(lasting_name: str, mongo_client: pymongo.MongoClient[dict[str, Any]]) -> str:
    """A database that is empty but for its indexes, which take longer to make than most of these tests."""
    database = mongo_client[lasting_name]
    for collection in database.list_collection_names(filter={"name": {"$not": {"$regex": r"^system\."}}}):
        database[collection].delete_many({})
    return lasting_name


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
