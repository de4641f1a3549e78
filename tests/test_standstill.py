"""A database that stands still, answering nothing and refusing nobody: the doors say later, and hoard nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import aiohttp
import psutil

from channels.orders import SIGNATURE_HEADER, signed
from core import clock
from core.accounts.secrets import Vault
from core.accounts.store import Accounts
from core.channel import Account
from core.database import Database
from tests.running import KEY, hub_process
from tests.servers.mongo import MongoServer

MB = 1024**2
PAD = "x" * 40_000
AT_ONCE, MANY = 500, 600


async def test_while_the_database_stands_still_memory_stays_and_what_was_told_yes_is_kept(tmp_path: Path) -> None:
    server = MongoServer()
    server.start()
    database = Database.connect(server.uri, "still")
    try:
        await Accounts(database, Vault(KEY)).save(Account("orders", "shop", secrets={"secret": "hush"}))
        arguments = ("--mongodb-uri", server.uri, "--role", "web")
        async with (
            hub_process(tmp_path, *arguments, environment={"SWITCHBOARD_DATABASE": "still"}) as hub,
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session,
        ):
            url = f"{hub.url}/webhooks/orders/shop"
            said: dict[int, tuple[int, int]] = {}

            async def tell(number: int) -> None:
                body = json.dumps(
                    {"id": f"e{number}", "status": "paid", "order": {"number": f"A-{number}"}, "pad": PAD}
                )
                headers = {SIGNATURE_HEADER: signed("hush", body.encode(), clock.now())}
                try:
                    async with session.post(url, data=body, headers=headers) as answer:
                        said[number] = answer.status, int(answer.headers.get("Retry-After", "0"))
                except (aiohttp.ClientError, ConnectionError):
                    said[number] = 0, 0  # the connection's own end: come again as well

            await asyncio.gather(*map(tell, range(20)))
            assert set(said.values()) == {(200, 0)}
            process = psutil.Process(hub.process.pid)
            before = peak = process.memory_info().rss
            flood = asyncio.gather(*map(tell, range(20, MANY)))
            while len(said) < 100:  # it comes to a halt in the midst of them
                await asyncio.sleep(0.005)
            os.kill(server.pid, signal.SIGSTOP)
            try:
                while not flood.done():
                    await asyncio.sleep(0.02)
                    peak = max(peak, process.memory_info().rss)
            finally:
                os.kill(server.pid, signal.SIGCONT)
            await flood
            assert sum(status == 503 for status, _ in said.values()) > MANY // 3
            assert peak - before < 64 * MB, f"{MANY * len(PAD) / MB:.0f} MB came, and the hub grew by {peak - before}"
            assert {status for status, _ in said.values()} <= {0, 200, 503}
            assert all(after > 0 for status, after in said.values() if status == 503), "and says when to come again"
            late = [number for number, (status, _) in said.items() if status != 200]
            kept = database.collection("interactions")
            keys = [row["key"] async for row in kept.find({"channel": "orders"}, {"key": 1})]
            assert len(keys) == len(set(keys))
            assert {f"id:e{number}" for number, (status, _) in said.items() if status == 200} <= set(keys)
            # They come again, as they were told, and then everything is there once.
            for number in late[:20]:
                await tell(number)
                assert said[number][0] == 200
    finally:
        await database.close()
        server.stop()
