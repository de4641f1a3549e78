"""A mail line with a real SMTP server behind it, and mails that come in over it."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage
from typing import Any

from core.channel import Account
from core.conversations.conversation import Conversation
from core.conversations.store import View
from switchboard.hub import Hub
from tests.servers.smtp import FaultySmtp

OURS = "help@shop.example"
PASSED = "mx.shop.example; dmarc=pass header.from={}"


async def mail_line(hub: Hub, server: FaultySmtp, **settings: Any) -> None:
    """The mailbox help@shop.example, whose server vouches for senders."""
    known = {
        "address": OURS,
        "display_name": "The shop",
        "authserv_id": "mx.shop.example",
        "smtp_host": "127.0.0.1",
        "smtp_port": server.port,
        "smtp_security": "none",
        "bot": False,
    }
    await hub.parts.stores.accounts.save(Account("email", "help", "Help", known | settings))


def written(sender: str, subject: str, text: str, *, vouched: bool = True, html: str = "", **fields: str) -> bytes:
    """A mail as it arrives at our server; `fields` are further header fields, with _ for -."""
    mail = EmailMessage()
    if vouched:
        mail["Authentication-Results"] = PASSED.format(sender.rpartition("@")[2].strip("<> "))
    mail["From"], mail["To"], mail["Subject"] = sender, fields.pop("To", OURS), subject
    for name, value in fields.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail.as_bytes()


async def arrives(hub: Hub, raw: bytes) -> None:
    """Take the mail in, as the mailbox brings it."""
    account = await hub.parts.lines.account("email", "help")
    adapter: Any = await hub.parts.lines.get("email", "help")
    await hub.parts.receive.take(account, adapter, raw, {}, keep_foreign=True)


async def thread_about(hub: Hub, subject: str, entries: int = 1, within: float = 120) -> Conversation:
    """The conversation about `subject`, once it holds so many handled entries that came in."""
    async with asyncio.timeout(within):
        while True:
            found = await hub.parts.stores.conversations.page(View(statuses=()))
            for conversation in found:
                history = await hub.parts.stores.interactions.page(conversation_id=conversation.id)
                came = [e for e in history if e.direction == "in"]
                if conversation.subject == subject and len(came) >= entries:
                    return conversation
            await asyncio.sleep(0.02)


async def sent(server: FaultySmtp, count: int = 1, within: float = 120) -> list[Any]:
    """The mails the server took, once there are so many."""
    async with asyncio.timeout(within):
        while len(server.mails) < count:
            await asyncio.sleep(0.02)
    return list(server.mails)
