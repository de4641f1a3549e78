"""Hubs behind the proxy of docker/cluster.yaml: restarted in turn under load, nothing is lost and nobody refused.

Real processes: two hubs, HAProxy with the configuration that ships, chat visitors and a shop that sends its events.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pymongo
import pytest

from channels.orders import signed
from core.accounts.secrets import Vault
from core.accounts.store import Accounts
from core.agents.passwords import new_password
from core.agents.store import Agents
from core.channel import Account
from core.database import Database
from tests.making import until
from tests.running import KEY, Process, hub_process
from tests.servers.balancer import balancer
from tests.servers.ports import free_port
from tests.visitor import Visitor

SECRET = "the shop's secret"
Client = pymongo.MongoClient[dict[str, Any]]


@dataclass
class Cluster:
    """Two hubs, which can be ended and begun anew on their ports, and the proxy's URL."""

    folder: Path
    uri: str
    name: str
    ports: tuple[int, int]
    url: str = ""
    hubs: dict[int, tuple[Process, AsyncExitStack]] = field(default_factory=dict)

    async def begin(self, port: int) -> None:
        open_ = AsyncExitStack()
        settings = {
            "SWITCHBOARD_DATABASE": self.name,
            "SWITCHBOARD_DRAIN_SECONDS": "3",
            "SWITCHBOARD_LEASE_SECONDS": "5",
            "SWITCHBOARD_TRUSTED_PROXIES": "127.0.0.1",
        }
        arguments = ("--mongodb-uri", self.uri, "--port", str(port))
        hub = await open_.enter_async_context(hub_process(self.folder, *arguments, environment=settings))
        self.hubs[port] = (hub, open_)

    async def end(self, port: int) -> int:
        hub, open_ = self.hubs.pop(port)
        code = await hub.stop()
        await open_.aclose()
        return code


@pytest.fixture
async def cluster(tmp_path: Path, database: Database, database_uri: str, database_name: str) -> AsyncIterator[Cluster]:
    accounts = Accounts(database, Vault(KEY))
    await accounts.save(Account("webchat", "demo"))
    await accounts.save(Account("orders", "shop", secrets={"secret": SECRET}))
    cluster = Cluster(tmp_path, database_uri, database_name, (free_port(), free_port()))
    await asyncio.gather(*(cluster.begin(port) for port in cluster.ports))
    try:
        async with balancer(cluster.ports, tmp_path) as cluster.url:
            yield cluster
    finally:
        for hub, open_ in cluster.hubs.values():
            await hub.kill()
            await open_.aclose()


@dataclass
class Load:
    """What was sent through the proxy, and what came back."""

    answers: Counter[int] = field(default_factory=Counter)
    taken: list[str] = field(default_factory=list)
    visitors: list[Visitor] = field(default_factory=lambda: [Visitor() for _ in range(4)])
    words: dict[int, list[str]] = field(default_factory=dict)
    over: bool = False

    async def shop(self, url: str, number: int) -> None:
        """Sends one event after the other, each until it is taken."""
        async with aiohttp.ClientSession() as session:
            sent = 0
            while not self.over:
                sent += 1
                order = {"number": f"{number}-{sent}", "customer": {"email": f"p{number}@example.org"}}
                body = json.dumps({"id": f"e{number}-{sent}", "status": "paid", "order": order}).encode()
                status = 0
                while status != 200:
                    headers = {"X-Switchboard-Signature": signed(SECRET, body, datetime.now(UTC))}
                    try:
                        async with session.post(f"{url}/webhooks/orders/shop", data=body, headers=headers) as response:
                            status = response.status
                    except aiohttp.ClientError:
                        status = 0
                    self.answers[status] += 1
                self.taken.append(f"{number}-{sent}")
                await asyncio.sleep(0.02)

    async def visitor(self, url: str, number: int) -> None:
        """Says one thing after the other, each until it is acked."""
        said = self.words[number] = []
        while not self.over:
            said.append(f"message {len(said)}")
            await self.visitors[number].say(url, said[-1])


@asynccontextmanager
async def loaded(url: str) -> AsyncIterator[Load]:
    """Four visitors and two shops at work while the block runs."""
    load = Load()
    async with asyncio.TaskGroup() as group:
        for number in range(4):
            group.create_task(load.visitor(url, number))
        for number in range(2):
            group.create_task(load.shop(url, number))
        try:
            yield load
        finally:
            load.over = True


async def everything_is_there(load: Load, cluster: Cluster, log: Any) -> None:
    """What was told yes is in the log once, in the order in which it was said, and handled."""
    left = {"status": {"$in": ["received", "queued", "sending"]}}

    async def done() -> bool:
        return not await asyncio.to_thread(log.count_documents, left)

    await until(done)
    orders = Counter(entry["address"].rpartition(":")[2] for entry in log.find({"kind": "order"}))
    assert Counter(load.taken) == orders
    for number, visitor in enumerate(load.visitors):
        await visitor.look(cluster.url)
        assert visitor.said == load.words[number], "each once, in order"


@pytest.mark.timeout(900)
async def test_a_rolling_restart_is_not_noticed(cluster: Cluster, database: Database, mongo_client: Client) -> None:
    await live(cluster, database)
    log = mongo_client[cluster.name]["interactions"]
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{cluster.url}/chat/socket") as open_chat:
        await open_chat.send_json({"type": "hello", "site": "demo", "language": "en"})
        assert (await open_chat.receive_json())["type"] == "welcome"
        async with loaded(cluster.url) as load:
            for port in cluster.ports:
                before = len(load.taken)
                await until(partial(more, load, before + 20))
                stopping = asyncio.create_task(cluster.end(port))
                await until(partial(leaving, port))
                # It goes on as before while the proxy finds out.
                async with session.get(f"http://127.0.0.1:{port}/healthz") as response:
                    assert response.status == 200
                assert await stopping == 0
                await cluster.begin(port)
                await both(cluster)
        # One of the two had it; whoever sits there is told to come back, and is welcome at once.
        assert (await open_chat.receive()).data == 1012
        await everything_is_there(load, cluster, log)
    assert set(load.answers) == {200}, f"nobody was refused: {load.answers}"


async def more(load: Load, than: int) -> bool:
    return len(load.taken) > than


async def leaving(port: int) -> bool:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/readyz") as response:
        if response.status == 200:
            return False
        assert response.status == 503
        assert (await response.json())["error"] == "leaving"
        return True


async def both(cluster: Cluster) -> None:
    """Both hubs are ready, and the proxy, which looks every second, has seen it."""
    for port in cluster.ports:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/readyz") as response:
            assert response.status == 200
    await asyncio.sleep(1.5)


@pytest.mark.timeout(900)
async def test_when_a_hub_is_killed_the_others_go_on(cluster: Cluster, mongo_client: Client) -> None:
    log = mongo_client[cluster.name]["interactions"]
    async with loaded(cluster.url) as load:
        await until(partial(more, load, 20))
        hub, _ = cluster.hubs[cluster.ports[0]]
        await hub.kill()
        before = len(load.taken)
        await until(partial(more, load, before + 40))
    await everything_is_there(load, cluster, log)


async def live(cluster: Cluster, database: Database) -> None:
    """Through the proxy: answers over the socket, events at once rather than when there are many, and no numbers."""
    visitor = Visitor()
    await visitor.say(cluster.url, "hello")
    assert await visitor.hears(cluster.url, 1)
    password = new_password()
    await Agents(database).add("Maria", "maria@example.org", password)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        async with session.get(f"{cluster.url}/metrics") as response:
            assert response.status == 404
        form = {"email": "maria@example.org", "password": password, "next": "/inbox/"}
        async with session.post(f"{cluster.url}/inbox/sign-in", data=form, allow_redirects=False) as response:
            assert response.status == 303
        async with asyncio.timeout(120), session.get(f"{cluster.url}/inbox/live") as stream:
            assert await stream.content.readline() == b"retry: 1000\n"
