"""Mail: parsed per second beside the standard library's parser, and a full mailbox taken in over IMAP from dovecot."""

from __future__ import annotations

import asyncio
import email
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from benchmarks.figures import Figure, compared, limited
from benchmarks.mails import mails
from benchmarks.stage import Stage
from channels.email.adapter import Email
from channels.email.parse import read
from core.channel import Account
from switchboard.stores import Stores
from tests.servers.mail import DOMAIN, PASSWORD, MailServer

LEAST = 0.5  # of what the standard library's parser does
LIMIT_MB = 250
ACCOUNT = Account("email", "help", "Help", {"address": f"help@{DOMAIN}", "authserv_id": "mx.shop.test"}, key="k" * 32)


async def run(stage: Stage) -> AsyncIterator[Figure | str]:
    """First in this process, then with a hub of its own."""
    adapter = Email(ACCOUNT)
    batch = list(mails(int(stage.some(400, 40))))
    alone: list[float] = []
    read_: list[float] = []
    whole: list[float] = []
    for _ in range(stage.rounds(7)):
        alone.append(_rate(email.message_from_bytes, batch))
        read_.append(_rate(read, batch))
        whole.append(_rate(lambda raw: adapter.parse(raw, {}), batch))
    yield compared("mails read: people, text, HTML, files", "mail/s", read_, alone, "stdlib", LEAST)
    yield compared("mails parsed, quotes and signatures folded", "mail/s", whole, alone, "stdlib", LEAST)

    count = int(stage.some(5000, 150))
    async with MailServer() as server:
        await server.deliver(f"help@{DOMAIN}", *mails(count, files=50))
        database = stage.database()
        async with stage.stores(database) as stores, stage.hub(database) as hub:
            began = time.perf_counter()
            await _connect(stores, server)
            stored = await _stored(stores, count)
            seconds = time.perf_counter() - began
            peak = _peak(hub.process.pid)
            again = await _settled(stores)
        told = f"{count:,} mails waited and {stored:,} are stored, {again:,} after a moment"
        assert stored == again == count, told
    yield Figure(f"intake of {count:,} waiting mails over IMAP", "mail/s", [count / seconds])
    yield limited("  the hub's memory at its peak, resident", "MB", [peak], LIMIT_MB)
    yield f"  {told}"


def _rate(parse: Callable[[bytes], object], batch: Sequence[bytes]) -> float:
    began = time.process_time()
    for raw in batch:
        parse(raw)
    return len(batch) / (time.process_time() - began)


async def _connect(stores: Stores, server: MailServer) -> None:
    settings = {
        "address": f"help@{DOMAIN}",
        "imap_host": "127.0.0.1",
        "imap_port": server.imap_port,
        "imap_security": "none",
        "bot": False,
    }
    await stores.accounts.save(Account("email", "help", "Help", settings, {"password": PASSWORD}))


async def _stored(stores: Stores, count: int) -> int:
    """The number of mails in the log, as soon as there are `count`."""
    found = 0
    for _ in range(9000):
        found = await _count(stores)
        if found >= count:
            break
        await asyncio.sleep(0.1)
    return found


async def _settled(stores: Stores) -> int:
    """The number after a pause in which a mail that was taken twice would have come again."""
    await asyncio.sleep(2)
    return await _count(stores)


async def _count(stores: Stores) -> int:
    return await stores.database.collection("interactions").count_documents({"channel": "email", "direction": "in"})


def _peak(pid: int) -> float:
    """The most memory a process has had so far, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
