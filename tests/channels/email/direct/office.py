"""A whole hub that takes in mail directly, with one DNS server and what a test needs to look at."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from core.channel import Account
from core.interactions.interaction import Interaction
from switchboard.wiring import Parts
from tests.running import running_hub
from tests.servers.nameserver import NameServer, Records

OURS = "help@shop.test"


@dataclass
class Office:
    """`smtp` and `lmtp` are (host, port)."""

    parts: Parts
    smtp: tuple[str, int]
    lmtp: tuple[str, int]
    dns: NameServer

    async def log(self, person: str = "ann@example.org", account: str = "help") -> list[Interaction]:
        """What the log holds of an address, without the system's own lines, oldest first."""
        address = f"email:{account}:{person}"
        found = await self.parts.stores.interactions.page(address=address, limit=1000)
        return [entry for entry in found if entry.direction == "in"]

    async def raw(self, entry: Interaction) -> bytes:
        """The raw mail of an entry."""
        assert entry.raw is not None
        if "body" in entry.raw:
            return bytes(entry.raw["body"])
        return await self.parts.stores.files.get(entry.raw["sha256"]) or b""

    async def account(self, name: str, address: str, **settings: Any) -> Account:
        """Another mail line."""
        return await self.parts.stores.accounts.save(Account("email", name, "", {"address": address, **settings}))


@asynccontextmanager
async def office(uri: str, name: str, records: Records | None = None, **settings: Any) -> AsyncIterator[Office]:
    """A hub with the line `help` (help@shop.test), taking mail on free ports of loopback."""
    async with NameServer(records or {}) as dns:
        places = {"smtp_listen": "127.0.0.1:0", "lmtp_listen": "127.0.0.1:0", "smtp_name": "mx.shop.test"}
        wanted = {"sample_data": False, "role": "web", "dns_servers": f"127.0.0.1:{dns.port}", **places, **settings}
        async with running_hub(uri, name, **wanted) as hub:
            ports = [int(place.rpartition(":")[2]) for place in hub.mail if "/" not in place]
            found = Office(hub.parts, ("127.0.0.1", ports[0]), ("127.0.0.1", ports[-1]), dns)
            await found.account("help", OURS)
            yield found


def mail(
    subject: str = "A question", *, sender: str = "Ann <ann@example.org>", body: str = "Hello", id: str = "1"
) -> bytes:
    """A mail as a person's program writes it."""
    return (
        f"From: {sender}\r\nTo: {OURS}\r\nSubject: {subject}\r\nMessage-ID: <{id}@example.org>\r\n"
        f"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\n{body}\r\n"
    ).encode()


async def send(
    where: tuple[str, int], raw: bytes, *, sender: str = "ann@example.org", to: list[str] | None = None, **options: Any
) -> dict[str, tuple[int, bytes]]:
    """Bring a mail with smtplib; the recipients that were refused. Raises smtplib's errors."""

    def bring() -> dict[str, tuple[int, bytes]]:
        with smtplib.SMTP(*where, local_hostname="mail.example.org", timeout=30) as client:
            return client.sendmail(sender, to or [OURS], raw, **options)

    return await asyncio.to_thread(bring)


class Rude:
    """A raw connection, for what no decent client says."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, words: bytes, answers: int = 1) -> list[str]:
        """Send `words` as they are, and read so many answers (an answer may have several lines)."""
        self.writer.write(words)
        await self.writer.drain()
        return [await self.answer() for _ in range(answers)]

    async def answer(self) -> str:
        """One answer; empty when the connection has ended, also when what was unread took the last words with it."""
        lines = []
        async with asyncio.timeout(120):
            while True:
                try:
                    line = (await self.reader.readline()).decode()
                except ConnectionError:
                    return ""
                lines.append(line.rstrip("\r\n"))
                if line[3:4] != "-":
                    return "\n".join(lines)

    async def ready(self, helo: bytes = b"EHLO mail.example.org") -> str:
        """Past the greeting; what the server offers."""
        assert (await self.answer()).startswith("220 ")
        return (await self.say(helo + b"\r\n"))[0]


@asynccontextmanager
async def rude(where: tuple[str, int]) -> AsyncIterator[Rude]:
    """A raw connection, closed at the end."""
    reader, writer = await asyncio.open_connection(*where)
    try:
        yield Rude(reader, writer)
    finally:
        writer.close()


async def until(found: Callable[[], Any], seconds: float = 120) -> Any:
    """Wait until `found` (which may be async) gives something."""
    async with asyncio.timeout(seconds):
        while True:
            value = found()
            value = await value if asyncio.iscoroutine(value) else value
            if value:
                return value
            await asyncio.sleep(0.02)
