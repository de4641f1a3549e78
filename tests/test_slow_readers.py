"""Who takes nothing costs little and misses nothing: a chat that does not read, while much is said."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from core.accounts.secrets import Vault
from core.accounts.store import Accounts
from core.channel import Account
from core.content import Content
from core.database import Database
from core.interactions import status
from core.interactions.interaction import Author
from core.interactions.store import Interactions
from tests.making import make_message, until
from tests.running import KEY, hub_process
from tests.visitor import Visitor

MB = 1024**2
MANY = 300
LONG = "A long answer, said again and again. " * 1500


@pytest.mark.timeout(900)
async def test_a_chat_that_takes_nothing_costs_little_and_is_caught_up(
    tmp_path: Path, database: Database, database_uri: str, database_name: str
) -> None:
    await Accounts(database, Vault(KEY)).save(Account("webchat", "demo"))
    log = Interactions(database)
    setting = {"SWITCHBOARD_DATABASE": database_name}
    async with hub_process(tmp_path, "--mongodb-uri", database_uri, "--role", "web", environment=setting) as hub:
        visitor = Visitor()
        await visitor.say(hub.url, "hello")
        process = psutil.Process(hub.process.pid)
        (first,) = await log.page(address=await _address(database))
        before = process.memory_info().rss
        async with await _little_window(hub.url) as session, session.ws_connect(f"{hub.url}/chat/socket") as deaf:
            await deaf.send_json({"type": "hello", "site": "demo", "token": visitor.token, "cursor": first.id})
            assert (await deaf.receive_json())["type"] == "welcome"
            written = []
            for start in range(0, MANY, 20):
                entries = [_answer(first.address, n) for n in range(start, start + 20)]
                await log.add(entries)
                written += [entry.id for entry in entries]
            # Another visitor's talk goes on meanwhile, and what comes behind all that is told.
            other = Visitor()
            await other.say(hub.url, "and me?")
            grown = process.memory_info().rss - before
            assert grown < 60 * MB, f"{MANY * len(LONG) / MB:.0f} MB were said, and the hub grew by {grown / MB:.0f} MB"
        # It reads at last: over as many connections as it takes, everything is there, and in order.
        async with (
            asyncio.timeout(120),
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{hub.url}/chat/socket", max_msg_size=0) as back,
        ):
            await back.send_json({"type": "hello", "site": "demo", "token": visitor.token, "cursor": first.id})
            welcome = await back.receive_json()
            assert welcome["whole"]
            seen = [entry["id"] for entry in welcome["history"]]
        assert [id for id in seen if id in set(written)] == sorted(written)


async def _address(database: Database) -> str:
    async def found() -> Any:
        return await database.collection("interactions").find_one({"direction": "in"})

    return str((await until(found))["address"])


def _answer(address: str, number: int) -> Any:
    return make_message(
        address=address,
        channel="webchat",
        direction="out",
        author=Author("bot"),
        content=Content(f"{number} {LONG}"),
        status=status.SENT,
    )


async def _little_window(url: str) -> aiohttp.ClientSession:
    """A client whose system keeps little of what is sent to it."""

    def small(info: Any) -> socket.socket:
        made = socket.socket(info[0], info[1])
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        made.setblocking(False)
        return made

    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(socket_factory=small), read_bufsize=1024)
