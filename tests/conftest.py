"""What every test may ask for: an empty database on one real MongoDB that all processes of the run share.

`database` is a connected `core.database.Database`; `database_uri` and `database_name` are for what connects itself;
`bare_name` is the name of one that is not there yet.
With xdist the controller starts the MongoDB and passes its URI on; without, the first test that needs it does.

Property tests try the same values in every run, so that a commit is green or red and not both;
`make test ARGS="--hypothesis-profile search"` looks for new ones.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pymongo
import pytest
from hypothesis import settings

from core.database import Database
from tests.servers.databases import Databases
from tests.servers.mongo import MongoServer, database_name_for

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile("same")

# What a test asks a MongoDB for that the whole run shares may take long on a machine that others use too.
PATIENCE = "&timeoutMS=60000"

_shared = pytest.StashKey[MongoServer]()


def pytest_configure(config: pytest.Config) -> None:
    """In the controller of a parallel run: starts the MongoDB the workers share."""
    if not hasattr(config, "workerinput") and getattr(config.option, "numprocesses", None):
        config.stash[_shared] = MongoServer()
        config.stash[_shared].start()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """In the controller: tells a worker where it is."""
    node.workerinput["mongodb_uri"] = node.config.stash[_shared].uri + PATIENCE


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Has what takes long begin first, so that at the end nobody waits for it, and what loads the whole machine last.

    Long are those that stay together in one process, and those that ask for more than the usual time. What loads the
    machine (the group `load-...`) would have all others wait for things that come late.
    """
    usual = float(items[0].config.getini("timeout")) if items else 0

    def later(item: pytest.Item) -> int:
        group = item.get_closest_marker("xdist_group")
        asked = item.get_closest_marker("timeout")
        if group:
            return 3 if str(group.args[0]).startswith("load-") else 0
        return 1 if asked and asked.args[0] > usual else 2

    items.sort(key=later)


def pytest_unconfigure(config: pytest.Config) -> None:
    """In the controller: ends it."""
    if server := config.stash.get(_shared, None):
        server.stop()


@pytest.fixture(scope="session")
def database_uri(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URI of a real MongoDB: a replica set, so that transactions and change streams work."""
    given = getattr(request.config, "workerinput", {}).get("mongodb_uri")
    if given:
        yield given
        return
    server = MongoServer()
    try:
        server.start()
        yield server.uri + PATIENCE
    finally:
        server.stop()


@pytest.fixture(scope="session")
def mongo_client(database_uri: str) -> Iterator[pymongo.MongoClient[dict[str, Any]]]:
    """A plain synchronous client, for looking at what is in the database from outside."""
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
        database_uri, tz_aware=True, w=1, timeoutMS=600_000
    )
    with client:
        yield client


@pytest.fixture(scope="session")
def databases(database_uri: str, mongo_client: pymongo.MongoClient[dict[str, Any]]) -> Iterator[Databases]:
    """Databases to lend."""
    lender = Databases(database_uri, mongo_client)
    yield lender
    lender.close()


@pytest.fixture
def database_name(databases: Databases) -> Iterator[str]:
    """The name of a database that is this test's alone: every index is there, and no document."""
    name = databases.lend()
    yield name
    databases.give_back(name)


@pytest.fixture
def bare_name(databases: Databases) -> Iterator[str]:
    """The name of a database that nobody has written to, not even an index; dropped after the test."""
    name = database_name_for("bare")
    yield name
    databases.drop(name)


@pytest.fixture
async def database(database_uri: str, database_name: str) -> AsyncIterator[Database]:
    """That database, connected."""
    database = Database.connect(database_uri, database_name)
    yield database
    await database.close()


@pytest.fixture(autouse=True, scope="session")
def no_settings_of_the_developer() -> None:
    """Tests begin without the developer's own SWITCHBOARD_* variables."""
    for key in [key for key in os.environ if key.startswith("SWITCHBOARD_")]:
        del os.environ[key]
