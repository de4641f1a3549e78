"""The sample shop's post office: a real SMTP server on loopback, so that mail can be tried without a mailbox.

It takes what the hub sends and keeps the last hundred for `/demo/mail`; what somebody writes there is made into a real
mail and handed to the mail adapter, as a mailbox would. Nothing ever leaves the machine.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from aiosmtpd.smtp import SMTP, Envelope, Session

from core.channel import Account

OURS = "help@northwind.example"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that reached the sample customers."""

    at: datetime
    to: str
    subject: str
    text: str
    message_id: str


class PostOffice:
    """Runs between `open()` and `close()`."""

    def __init__(self) -> None:
        self.letters: deque[Letter] = deque(maxlen=100)
        self.deliver: Callable[[bytes], Awaitable[object]] | None = None
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen on a free port of loopback."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname="localhost", loop=loop, enable_SMTPUTF8=True), "127.0.0.1", 0
        )

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def account(self) -> Account:
        """The mail line whose letters come here."""
        port = self._server.sockets[0].getsockname()[1] if self._server else 0
        settings = {
            "address": OURS,
            "display_name": "Northwind Bikes",
            "smtp_host": "127.0.0.1",
            "smtp_port": port,
            "smtp_security": "none",
        }
        return Account("email", "demo", "Sample mailbox", settings)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        """Called by aiosmtpd with each mail."""
        content = envelope.content
        mail = message_from_bytes(content if isinstance(content, bytes) else b"", policy=policy.default)
        body = mail.get_body(("plain", "html")) if isinstance(mail, EmailMessage) else None
        self.letters.appendleft(
            Letter(
                at=datetime.now(UTC),
                to=", ".join(envelope.rcpt_tos),
                subject=str(mail.get("Subject", "")),
                text=str(body.get_content()) if body else "",
                message_id=str(mail.get("Message-ID", "")).strip(),
            )
        )
        return "250 OK"

    async def write(self, sender: str, subject: str, text: str, answers: str = "") -> None:
        """Mail the sample shop, as a customer's mail program would; `answers` is the Message-ID this replies to."""
        mail = EmailMessage()
        mail["From"] = sender
        mail["To"] = OURS
        mail["Subject"] = " ".join(subject.split()) or "(no subject)"
        mail["Date"] = format_datetime(datetime.now(UTC))
        mail["Message-ID"] = make_msgid(domain="mail.example")
        if answers:
            mail["In-Reply-To"] = mail["References"] = " ".join(answers.split())
        mail.set_content(text)
        if self.deliver is not None:
            await self.deliver(mail.as_bytes())
