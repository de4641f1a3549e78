"""What happens to mail when the database goes away, the hub is stopped, and the hub is killed."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.accounts.secrets import Vault
from core.accounts.store import Accounts
from core.channel import Account
from core.database import Database
from tests.channels.email.direct.office import OURS, mail, office, rude, send, until
from tests.running import KEY, Process, hub_process
from tests.servers.mongo import MongoServer
from tests.servers.nameserver import NameServer

START = b"MAIL FROM:<ann@example.org>\r\nRCPT TO:<help@shop.test>\r\nDATA\r\n"


async def test_the_database_away_is_come_again_and_then_yes() -> None:
    server = MongoServer()
    try:
        server.start()
        async with office(f"{server.uri}&timeoutMS=1500", "away") as shop:
            async with rude(shop.smtp) as line:
                await line.ready()
                await line.say(START, 3)
                server.kill()
                assert (await line.say(mail() + b".\r\n"))[
                    0
                ] == "451 4.3.0 It could not be stored now, please try again"
                # Now no mail is even read for a while.
                assert (await line.say(b"MAIL FROM:<ann@example.org>\r\n"))[0].startswith("451 4.3.0 ")
            server.resume()

            async def taken() -> bool:
                try:
                    return await send(shop.smtp, mail()) == {}
                except smtplib.SMTPException:
                    return False

            await until(taken)
            assert len(await shop.log()) == 1
    finally:
        server.stop()


@asynccontextmanager
async def hub_of(
    database: Database, uri: str, folder: Path, dns: NameServer, crash: str = ""
) -> AsyncIterator[Process]:
    """A hub process that takes in mail, and dies at `crash`."""
    settings = {"SMTP_LISTEN": "127.0.0.1:0", "SMTP_NAME": "mx.shop.test", "DATABASE": database.name,
                "SAMPLE_DATA": "no", "DNS_SERVERS": f"127.0.0.1:{dns.port}", "CRASH_AT": crash}  # fmt: skip
    environment = {f"SWITCHBOARD_{name}": value for name, value in settings.items()}
    async with hub_process(folder, "--mongodb-uri", uri, "--role", "web", environment=environment) as hub:
        await until(lambda: any(line.startswith("  Mail ") for line in hub.lines))
        yield hub


def port_of(hub: Process) -> tuple[str, int]:
    """Where the process takes in mail."""
    [line] = [line for line in hub.lines if line.startswith("  Mail ")]
    return "127.0.0.1", int(line.rpartition(":")[2])


@pytest.fixture
async def dns(database: Database) -> AsyncIterator[NameServer]:
    await Accounts(database, Vault(KEY)).save(Account("email", "help", "", {"address": OURS}))
    async with NameServer({}) as server:
        yield server


async def test_killed_then_sent_again_then_stopped(
    database: Database, database_uri: str, tmp_path: Path, dns: NameServer
) -> None:
    """Killed once before the mail is stored, once after: whoever sends until somebody says yes is heard exactly once.

    Then stopped while a mail is on its way: it is finished, and who brings nothing is parted from at once.
    """
    for step in ("parsed", "stored"):
        async with hub_of(database, database_uri, tmp_path, dns, step) as hub:
            with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
                await send(port_of(hub), mail())
            assert await hub.died() < 0
    entries = database.collection("interactions")
    where = {"address": "email:help:ann@example.org", "direction": "in"}
    async with hub_of(database, database_uri, tmp_path, dns) as hub:
        assert await send(port_of(hub), mail()) == {}
        assert await entries.count_documents(where) == 1
        async with rude(port_of(hub)) as idle, rude(port_of(hub)) as busy:
            await idle.ready()
            await busy.ready()
            await busy.say(START + mail(id="2")[:-20], 3)
            stopping = asyncio.create_task(hub.stop())
            assert (await idle.answer()).startswith("421 4.3.2 ")
            assert await idle.answer() == ""
            assert (await busy.say(mail(id="2")[-20:] + b".\r\n"))[0].startswith("250 ")
            assert (await busy.answer()).startswith("421 4.3.2 ")
            assert await stopping == 0
    assert await entries.count_documents(where) == 2
