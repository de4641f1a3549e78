"""Shops, forms and mail under load: programs that say something until told yes, and a mail server that takes ours.

A shop's customer and whoever fills in a form are reached by mail, so each has an address at the mail server.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import smtplib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any

import aiohttp
from aiosmtpd.smtp import SMTP, Envelope, Session

from channels.orders import SIGNATURE_HEADER, signed
from tests.torture.ledger import Ledger, new_trace
from tests.torture.people import BROKEN, Load

OURS = "help@shop.example"
STATUSES = ("created", "paid", "in_production", "shipped", "delivered")


async def _post(session: aiohttp.ClientSession, url: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether the answer was yes. A no that would stay one is a fault of the test's own, and is raised."""
    async with session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
        words = await answer.text()
        if answer.status in (400, 403, 404, 410, 413, 422):
            raise AssertionError(f"{url} was refused: {answer.status} {words[:300]}")
        return answer.status < 400


class Shop:
    """Tells of orders and what becomes of them, in order, each event until told yes."""

    def __init__(self, load: Load, source: str, secret: str) -> None:
        self._load = load
        self.source = source
        self._secret = secret
        self._number = 0

    async def trade(self) -> None:
        """One order after the other until the day is over."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=8)) as session:
            while not self._load.over.is_set():
                self._number += 1
                await self._order(session, f"{self.source}-{self._number}")

    async def _order(self, session: aiohttp.ClientSession, number: str) -> None:
        ledger = self._load.ledger
        person, mail = f"order {number}", f"{number}@customers.example"
        ledger.people[person] = ("email:help", f"email:help:{mail}")
        for status in STATUSES:
            trace = new_trace()
            said = ledger.say(person, trace)
            order = {"number": number, "customer": {"name": f"Buyer {number}", "email": mail, "language": "en"}}
            body = json.dumps({"id": trace, "status": status, "order": order}).encode()
            while not said.told_yes:
                headers = {SIGNATURE_HEADER: signed(self._secret, body, datetime.now(UTC))}
                url = f"{self._load.url()}/webhooks/orders/{self.source}"
                with contextlib.suppress(*BROKEN):
                    said.told_yes = await _post(session, url, body, headers)
                if not said.told_yes:
                    await asyncio.sleep(0.3)
            await self._load.breathe(1.0)
            if self._load.over.is_set():
                return


class FormFillers:
    """Somebody new fills in the form each time; a submission that was not taken is sent again as it was."""

    def __init__(self, load: Load, form: str) -> None:
        self._load = load
        self._form = form

    async def fill(self) -> None:
        """Until the day is over."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=8)) as session:
            while not self._load.over.is_set():
                trace = new_trace()
                person, mail = f"form {trace}", f"{trace}@forms.example"
                self._load.ledger.people[person] = ("email:help", f"email:help:{mail}")
                said = self._load.ledger.say(person, trace)
                answers = {"_id": trace, "name": f"Filler {trace}", "email": mail, "message": f"A question {trace}"}
                body = json.dumps(answers).encode()
                while not said.told_yes:
                    with contextlib.suppress(*BROKEN):
                        url = f"{self._load.url()}/forms/{self._form}"
                        said.told_yes = await _post(session, url, body, {"Content-Type": "application/json"})
                    if not said.told_yes:
                        await asyncio.sleep(0.3)
                await self._load.breathe(4)


class Correspondent:
    """Writes mails, which a mail server brings to the hub's door until it says yes."""

    def __init__(self, load: Load, name: str, doors: Callable[[], int]) -> None:
        self.name = name
        self._load = load
        self._doors = doors
        self._mail = f"{name}@people.example"
        load.ledger.people[name] = ("email:help", f"email:help:{self._mail}")

    async def write(self) -> None:
        """Until the day is over, which for somebody who writes mails is long."""
        while not self._load.over.is_set():
            text, trace = self._load.words()
            said = self._load.ledger.say(self.name, trace)
            stamp = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
            raw = (
                f"From: {self.name} <{self._mail}>\r\nTo: {OURS}\r\nSubject: A question\r\n"
                f"Message-ID: <{trace}@people.example>\r\nDate: {stamp}\r\n\r\n{text}\r\n"
            ).encode()
            while not said.told_yes:
                said.told_yes = await asyncio.to_thread(self._bring, raw)
                if not said.told_yes:
                    await asyncio.sleep(0.5)
            await self._load.breathe(6)

    def _bring(self, raw: bytes) -> bool:
        try:
            with smtplib.LMTP("127.0.0.1", self._doors(), timeout=8) as line:
                line.sendmail(self._mail, [OURS], raw)
        except (smtplib.SMTPException, OSError):
            return False
        return True


class PostOffice:
    """A real SMTP server that takes the hub's mail and writes down who got what; `mood` is how it behaves.

    Moods: fine, later (451), busy (421 and the end), nonsense (an answer that is none), silent (it takes the mail and
    never says so), half (it takes the mail and breaks off in mid answer).
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.mood = "fine"
        self.port = 0
        self.people: dict[str, str] = {}  # mail address → person
        self._over = asyncio.Event()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # the name aiosmtpd calls
        """What becomes of one mail."""
        mood = self.mood
        if mood == "later":
            return "451 4.3.0 Come again later"
        if mood == "busy":
            return "421 4.3.2 Closing"
        if mood == "nonsense":
            return "7# what?"
        self._take(envelope)
        if mood == "silent":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), 30)
        if mood in ("half", "silent") and isinstance(server.transport, asyncio.Transport):
            server.transport.write(b"25" if mood == "half" else b"")
            server.transport.close()
        return "250 2.0.0 Queued"

    def _take(self, envelope: Envelope) -> None:
        assert isinstance(envelope.content, bytes)
        mail: Any = message_from_bytes(envelope.content, policy=default)
        body = mail.get_body(("plain",))
        text = str(body.get_content()).strip() if body is not None else ""
        # The first part of our Message-ID is the entry's id, so that a mail has a name even if nobody was told of it.
        entry = re.split(r"[.@]", str(mail["Message-ID"]).strip("<>"), maxsplit=1)[0]
        for recipient in envelope.rcpt_tos:
            self._ledger.hear(self._person(recipient), entry, text)

    def _person(self, address: str) -> str:
        for person, (_, known) in self._ledger.people.items():
            if known == f"email:help:{address}":
                return person
        self._ledger.people[address] = ("email:help", f"email:help:{address}")
        return address

    def close(self) -> None:
        """Let go of whoever waits."""
        self._over.set()


@asynccontextmanager
async def post_office(ledger: Ledger) -> AsyncIterator[PostOffice]:
    """One on a free port of the loopback."""
    office = PostOffice(ledger)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(office, hostname="localhost", loop=loop), "127.0.0.1", 0)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        office.close()
        server.close()
