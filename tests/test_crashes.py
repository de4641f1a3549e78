"""kill -9 at each step of the path, then a restart: nothing is lost, nothing is doubled, nothing is silently resent.

One run has both kinds of message in it: a visitor asks the bot in the chat, and a shop tells of an order whose customer
is notified by mail through a real SMTP server. The process dies at the named step, whichever of the two gets there
first; a second one takes over. What the visitor saw and what the mail server got are the witnesses.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pymongo
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from channels.orders import SIGNATURE_HEADER, signed
from core.accounts.secrets import Vault
from core.accounts.store import Accounts
from core.channel import Account
from core.checkpoint import STEPS
from core.database import Database
from tests.running import KEY, Process, hub_process
from tests.visitor import Visitor

SECRET = "the shop's secret"
EVENT = {
    "id": "event-1",
    "status": "shipped",
    "order": {"number": "A-7", "customer": {"name": "Ann", "email": "ann@example.org", "language": "en"}},
}


class Mailbox:
    """A real SMTP server that keeps what it took."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.port = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # the name aiosmtpd calls
        assert isinstance(envelope.content, bytes)
        self.mails.append(envelope.content)
        return "250 OK"


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    box = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, hostname="localhost", loop=loop), "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    yield box
    server.close()


@pytest.fixture
async def lines(database: Database, mailbox: Mailbox) -> None:
    accounts = Accounts(database, Vault(KEY))
    await accounts.save(Account("webchat", "demo"))
    await accounts.save(Account("orders", "shop", secrets={"secret": SECRET}))
    mail = {"address": "help@shop.example", "smtp_host": "127.0.0.1", "smtp_port": mailbox.port}
    await accounts.save(Account("email", "help", settings={**mail, "smtp_security": "none"}))


async def tell(hubs: list[Process], *, wait: Process | None) -> None:
    """The shop's webhook, sent again until somebody says yes, as shops do; first wait until `wait` is dead."""
    if wait is not None:
        await wait.died()
    body = json.dumps(EVENT).encode()
    async with asyncio.timeout(120):
        while True:
            headers = {SIGNATURE_HEADER: signed(SECRET, body, datetime.now(UTC))}
            try:
                async with (
                    aiohttp.ClientSession() as session,
                    session.post(f"{hubs[-1].url}/webhooks/orders/shop", data=body, headers=headers) as answer,
                ):
                    if answer.status == 200:
                        return
            except (aiohttp.ClientError, ConnectionError):
                pass
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.usefixtures("lines")
async def test_killed_at(
    step: str,
    tmp_path: Path,
    database_uri: str,
    database_name: str,
    mongo_client: pymongo.MongoClient[dict[str, Any]],
    mailbox: Mailbox,
) -> None:
    common = ("--mongodb-uri", database_uri)
    interrupted = step in ("begun", "accepted")
    setting = {
        "SWITCHBOARD_DATABASE": database_name,
        "SWITCHBOARD_LEASE_SECONDS": "1",
        # So long until what was interrupted is called uncertain. All else has the time that a slow machine takes.
        "SWITCHBOARD_SEND_SECONDS": "1" if interrupted else "30",
    }
    log = mongo_client[database_name]["interactions"]
    visitor = Visitor()
    async with hub_process(tmp_path, *common, environment={**setting, "SWITCHBOARD_CRASH_AT": step}) as first:
        hubs = [first]
        # One of the two goes first and dies, the other follows: else the second could be hit at any step of its own.
        talks = step in ("joined", "decided")
        telling = asyncio.create_task(tell(hubs, wait=first if talks else None))
        asking = asyncio.create_task(_ask(visitor, hubs, wait=None if talks else first))
        assert await first.died() == -9, f"nothing passed {step}"
        async with hub_process(tmp_path, *common, environment=setting) as second:
            hubs.append(second)
            await asyncio.gather(asking, telling)
            await _settled(log)
            await visitor.look(second.url)

    entries = list(log.find())
    assert [e["content"]["text"] for e in entries if e["kind"] == "message" and e["direction"] == "in"] == ["hello"]
    assert len([e for e in entries if e["kind"] == "order"]) == 1
    assert visitor.said == ["hello"]
    assert len(visitor.heard) == 1, "the bot answers once"
    notices = [e for e in entries if e["kind"] == "notification"]
    assert len(notices) == 1, "one notification per status"
    assert notices[0]["status"] == ("uncertain" if interrupted else "sent")
    # What is uncertain may or may not have gone out, and is never sent again by itself.
    assert len(mailbox.mails) == (0 if step == "begun" else 1)
    assert mongo_client[database_name]["customers"].count_documents({}) == 2
    assert mongo_client[database_name]["conversations"].count_documents({"channel": "webchat"}) == 1


async def _ask(visitor: Visitor, hubs: list[Process], *, wait: Process | None) -> None:
    """Say hello and wait for the answer, on whichever hub is there; first wait until `wait` is dead."""
    if wait is not None:
        await wait.died()
    async with asyncio.timeout(120):
        id = "hello-from-the-visitor"
        while id not in visitor.acked or not visitor.heard:
            try:
                await visitor.say(hubs[-1].url, "hello", id=id, within=2)
                await visitor.hears(hubs[-1].url, 1, within=2)
            except TimeoutError:
                continue


async def _settled(log: Any) -> None:
    """Wait until nothing is left to do: no entry received, queued or being sent."""
    async with asyncio.timeout(120):
        while log.count_documents({"status": {"$in": ["received", "queued", "sending"]}}) or not log.count_documents(
            {"kind": "notification"}
        ):
            await asyncio.sleep(0.05)
