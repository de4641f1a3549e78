"""A mailbox behind a line that breaks in every state, a server that starts anew, folders that are numbered anew.

Through all of it each mail is in the log exactly once.
"""

from __future__ import annotations

import asyncio
import imaplib
from collections import Counter
from collections.abc import Mapping
from typing import Any

from channels.email.adapter import Email
from core.channel import Account
from core.database import Database
from core.errors import RetryLater
from switchboard.wiring import Parts
from tests.making import working
from tests.servers.imap_faults import BreakingLine
from tests.servers.mail import DOMAIN, PASSWORD, MailServer

BOX = f"help@{DOMAIN}"
STATES = (
    *("connect", "greeting", "CAPABILITY", "LOGIN", "EXAMINE", "SEARCH", "SIZES", "FETCH", "literal", "tail"),
    *("IDLE", "idle", "DONE", "NOOP"),
)


def numbered(number: int, *, size: int = 0) -> bytes:
    return (
        f"From: Ann <ann{number % 7}@example.org>\r\nSubject: mail {number}\r\n"
        f"Message-ID: <n{number}@example.org>\r\n\r\n"
        f"Number {number}\r\n".encode()
        + (b"y" * 70 + b"\r\n") * (size // 72)
    )


class Reader:
    """What the hub does with a mailbox: every haul is stored before its cursor is kept; a broken line is taken up."""

    def __init__(self, parts: Parts, port: int, **settings: Any) -> None:
        known = {"address": BOX, "imap_host": "127.0.0.1", "imap_port": port, "imap_security": "none", "bot": False}
        self.account = Account("email", "demo", "Help", {**known, **settings}, {"password": PASSWORD})
        self.parts = parts
        self.cursor: Mapping[str, Any] | None = None
        self.breaks = 0

    async def read(self) -> None:
        """Read for ever."""
        while True:
            adapter = Email(self.account)
            hauls = adapter.listen(self.cursor)
            try:
                async for haul in hauls:
                    for parcel in haul.parcels:
                        await self.parts.receive.take(
                            self.account, adapter, parcel.body, parcel.headers, keep_foreign=True
                        )
                    self.cursor = dict(haul.cursor)
            except RetryLater:
                self.breaks += 1
                await asyncio.sleep(0.02)
            finally:
                await hauls.aclose()

    async def logged(self) -> Counter[str]:
        """Message-ID → how often it is in the log."""
        found = self.parts.stores.database.collection("interactions").find({"channel": "email"}, {"external_id": 1})
        return Counter([row["external_id"] async for row in found])

    async def until(self, count: int) -> Counter[str]:
        """The log, as soon as it holds `count` mails."""
        async with asyncio.timeout(120):
            while sum((logged := await self.logged()).values()) < count:
                await asyncio.sleep(0.05)
        return logged


def once_each(count: int) -> Counter[str]:
    return Counter(f"n{number}@example.org" for number in range(count))


async def test_a_line_that_breaks_in_every_state_loses_and_doubles_nothing(database: Database) -> None:
    async with MailServer() as server, working(database, table={}) as parts:
        await server.deliver(BOX, *(numbered(n, size=0 if n % 20 else 30_000) for n in range(100)))
        async with BreakingLine(server.imap_port, STATES) as line:
            reader = Reader(parts, line.port)
            reading = asyncio.ensure_future(reader.read())
            await reader.until(100)
            async with asyncio.timeout(120):
                while line.left:  # news, so that what idles wakes up
                    number = sum((await reader.logged()).values())
                    await server.deliver(BOX, numbered(number))
                    await reader.until(number + 1)
            logged = await reader.logged()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
    assert logged == once_each(sum(logged.values()))
    assert line.breaks == len(STATES) <= reader.breaks
    assert sum(logged.values()) > 100


async def test_a_mail_that_comes_while_others_are_read_does_not_wait(database: Database) -> None:
    async with MailServer() as server, working(database, table={}) as parts:
        await server.deliver(BOX, *(numbered(n) for n in range(4)))
        reader = Reader(parts, server.imap_port)
        reading = asyncio.ensure_future(reader.read())
        for number in range(4, 40):  # at whatever moment of its looking, fetching and falling asleep
            await server.deliver(BOX, numbered(number))
            if number % 3 == 0:
                async with asyncio.timeout(120):
                    await reader.until(number + 1)
        logged = await reader.until(40)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    assert logged == once_each(40)


async def test_a_restart_new_numbers_and_several_folders(database: Database) -> None:
    async with MailServer() as server, working(database, table={}) as parts:
        await server.deliver(BOX, *(numbered(n) for n in range(60)))
        with imaplib.IMAP4("127.0.0.1", server.imap_port) as box:
            box.login(BOX, PASSWORD)
            box.create("Sales")
            for number in range(60, 70):
                box.append("Sales", "", None, numbered(number))
            box.select("INBOX")
            box.store("3:7,50", "+FLAGS", r"(\Deleted)")
            box.expunge()
        gone = {f"n{number}@example.org" for number in (2, 3, 4, 5, 6, 49)}
        async with BreakingLine(server.imap_port, ("literal", "SEARCH", "tail")) as line:
            reader = Reader(parts, line.port, imap_folder="INBOX, Sales")
            reading = asyncio.ensure_future(reader.read())
            await reader.until(30)
            await asyncio.to_thread(server.stop_dovecot)  # in the middle, or while it waits
            server.forget_uids(BOX)
            await asyncio.to_thread(server.start_dovecot)
            await reader.until(64)
            await server.deliver(BOX, *(numbered(n) for n in range(70, 90)))
            logged = await reader.until(84)
            await asyncio.sleep(0.3)  # a mail that is taken twice would come now
            assert await reader.logged() == logged
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
    assert logged == Counter({name: 1 for name in once_each(90) if name not in gone})
    assert reader.breaks >= 4
