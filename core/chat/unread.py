"""unread: what an agent wrote to a visitor who had left goes to their mail after a few minutes, in one mail.

When an agent's message goes out on a line that people leave without a trace (`Capabilities.leaves`), a planned entry
is put behind it, in the same lane. When its time has come, everything of agents that was not read is mailed under a
key that names the last of it; the mail's own entry says what it covers. So a crash anywhere, or two processes, mail it
once, and what was read meanwhile is not mailed at all.

The mail goes to the address the visitor gave, which is a claim: so it holds only what agents wrote in this very
conversation, and the address joins nobody's record. The answer to it comes back into the conversation by its signed
reply address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from core import clock
from core.addresses.store import Addresses
from core.channel import Account, Address, Capabilities
from core.chat.site import Site, site_of
from core.chat.words import words_in
from core.content import Content
from core.conversations.conversation import Conversation
from core.conversations.store import Conversations
from core.customers.store import Customers
from core.errors import UnknownAccount
from core.feed import Feed, lane_due
from core.ids import new_id
from core.interactions import status
from core.interactions.interaction import Author, Interaction
from core.interactions.store import Interactions
from core.lines import Lines
from core.send import Send

KEY = "unread:"
LOOKED_AT = 200
MOST_FILES = 10
# Somebody who keeps writing holds the mail back, but not for ever.
LONGEST = 5
_UNREAD = (status.SENT, status.DELIVERED)


@dataclass(frozen=True)
class Parts:
    """What it needs of the rest."""

    interactions: Interactions
    addresses: Addresses
    conversations: Conversations
    customers: Customers
    lines: Lines
    send: Send
    feed: Feed


class Unread:
    """Plans the mail, and sends it when its time has come."""

    def __init__(self, parts: Parts) -> None:
        self._ = parts

    def concerns(self, entry: Interaction, able: Capabilities) -> bool:
        """Whether somebody may have left before reading `entry`."""
        return able.leaves and entry.kind == "message" and entry.author.kind == "agent"

    def is_plan(self, entry: Interaction) -> bool:
        """Whether `entry` is a plan of ours, not something to send."""
        return entry.kind == "system" and "unread" in entry.data

    async def plan(self, entry: Interaction, *, email: str = "") -> datetime | None:
        """Put the planned entry behind a message that goes out now; when it is due, None when none is needed.

        Repeatable: one at a time is enough for all messages. `email` was given just now, and may not be known yet.
        """
        _ = self._
        site = await self._site(entry.address)
        if site is None or not site.mail_after or not entry.conversation_id or not entry.customer_id:
            return None
        customer = await _.customers.get(entry.customer_id)
        if not email and (customer is None or not customer.email):
            return None
        for waiting in await _.interactions.waiting(entry.address):
            if self.is_plan(waiting):
                return waiting.due_at
        due_at = clock.now() + timedelta(minutes=site.mail_after)
        parts = Address.of(entry.address)
        await _.interactions.add(
            [
                Interaction(
                    id=new_id(),
                    kind="system",
                    direction="internal",
                    channel=parts.channel,
                    account=parts.account,
                    address=entry.address,
                    key=f"{KEY}{entry.id}",
                    author=Author("system"),
                    content=Content("What is not read by then is sent by mail"),
                    at=clock.now(),
                    status=status.PLANNED,
                    due_at=due_at,
                    customer_id=entry.customer_id,
                    data={"unread": entry.conversation_id},
                )
            ]
        )
        return due_at

    async def plan_again(self, address: str, conversation_id: str, *, email: str) -> None:
        """Plan for what was said before the visitor gave their mail."""
        for entry in reversed(await self._.interactions.page(conversation_id=conversation_id, limit=50)):
            if entry.address == address and entry.author.kind == "agent" and entry.status in _UNREAD:
                due_at = await self.plan(entry, email=email)
                if due_at is not None:
                    await self._.addresses.flag([address], due_at)
                    self._.feed.announce(lane_due("out", address))
                return

    async def carry_out(self, plan: Interaction) -> datetime | None:
        """Mail what is still not read; returns when to look again, None when it is done."""
        _ = self._
        conversation = await _.conversations.get(str(plan.data["unread"]))
        site = await self._site(plan.address)
        if conversation is None or site is None or not site.mail_after:
            return None
        entries = await _.interactions.page(conversation_id=conversation.id, limit=LOOKED_AT)
        covered = {id for entry in entries for id in entry.data.get("covers", ())}
        unread = [e for e in entries if _is_unread(e, plan.address) and e.id not in covered]
        if not unread:
            return None
        wait = timedelta(minutes=site.mail_after)
        due_at = min(unread[-1].at + wait, unread[0].at + LONGEST * wait)
        if due_at > clock.now():
            return due_at
        to = await self._mail(conversation, entries, plan.address, site)
        if to is not None:
            await _.send(
                to,
                letter(unread, conversation, site),
                Author("system", name=unread[-1].author.name),
                key=f"{KEY}{conversation.id}:{unread[-1].id}",
                kind="notification",
                conversation=conversation,
                data={"covers": [entry.id for entry in unread]},
            )
        return None

    async def _mail(
        self, conversation: Conversation, entries: list[Interaction], address: str, site: Site
    ) -> str | None:
        """The mail address to write to: as given in this chat, else the customer's; None when it reaches nobody."""
        account = await self.account(site)
        if account is None:
            return None
        mail = given(entries, address)
        if not mail:
            customer = await self._.customers.get(conversation.customer_id)
            mail = customer.email if customer else ""
        if not mail:
            return None
        to = str(Address(account.channel, account.name, mail))
        known = await self._.addresses.get(to)
        return None if known is not None and not known.reachable else to

    async def account(self, site: Site) -> Account | None:
        """The mail line that this site writes from."""
        if site.mail:
            try:
                return await self._.lines.account("email", site.mail)
            except UnknownAccount:
                return None
        return await self._.lines.first("email") if "email" in self._.lines.able else None

    async def _site(self, address: str) -> Site | None:
        parts = Address.of(address)
        try:
            return site_of(await self._.lines.account(parts.channel, parts.account))
        except UnknownAccount:
            return None


def _is_unread(entry: Interaction, address: str) -> bool:
    return (
        entry.address == address
        and entry.kind == "message"
        and entry.direction == "out"
        and entry.author.kind == "agent"
        and entry.status in _UNREAD
        and entry.deleted_at is None
    )


def given(entries: list[Interaction], address: str) -> str:
    """The mail address that was last given at `address`; empty when none was."""
    for entry in reversed(entries):
        if entry.address == address and entry.direction == "in":
            for identity in entry.who.get("identities", ()):
                if identity["kind"] == "email":
                    return str(identity["value"])
    return ""


def letter(unread: list[Interaction], conversation: Conversation, site: Site) -> Content:
    """The mail that tells what agents wrote."""
    words = words_in(conversation.language)
    parts = [words.unread]
    for entry in unread:
        said = entry.content.text.strip() or ", ".join(file.name for file in entry.content.files)
        parts.append(f"{words.wrote.format(name=entry.author.name or site.title)}\n{said}")
    page = page_of(conversation.visit, site)
    if page:
        parts.append(f"{words.go_on} {page}")
    parts += [words.answer, words.not_you]
    files = tuple(file for entry in unread for file in entry.content.files if file.sha256)[:MOST_FILES]
    subject = conversation.subject or words.unread_subject.format(title=site.title)
    return Content("\n\n".join(parts), subject=subject, files=files)


def page_of(visit: Mapping[str, Any], site: Site) -> str:
    """The page the visitor was on, only if it is one of the site's own: a browser may claim any."""
    url = str(visit.get("now", {}).get("url", ""))
    try:
        parts = urlsplit(url)
    except ValueError:  # a browser may claim what no address can be
        return ""
    return url if f"{parts.scheme}://{parts.netloc}".lower() in site.origins else ""
