"""The domain on a test's database with a real mail account, for tests of what a mail does to the hub."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from channels import CHANNELS
from channels.email.adapter import Email
from core.agents.agent import Agent
from core.channel import Account
from core.content import Content
from core.conversations.conversation import Conversation
from core.database import Database
from core.interactions.interaction import Interaction
from core.receive import Kept
from switchboard.wiring import Parts
from tests.making import handle, working

ANN = "email:help:ann@example.org"


@dataclass
class Office:
    """One hub process with the mail account `help` (help@shop.test) and an agent."""

    parts: Parts
    account: Account
    agent: Agent

    async def comes(self, raw: bytes, *, work: bool = True) -> list[Kept]:
        """A mail arrives and is worked off."""
        kept = await self.parts.receive.take(self.account, Email(self.account), raw, {})
        if work:
            while await handle(self.parts):
                pass
        return kept

    async def leaves(self, later: float = 0) -> int:
        """What is queued goes out."""
        return await handle(self.parts, "out", later)

    async def log(self, address: str = ANN) -> list[Interaction]:
        """What the log holds of an address, oldest first."""
        return await self.parts.stores.interactions.page(address=address, limit=1000)

    async def thread(self, id: str) -> list[Interaction]:
        """What the log holds of a conversation, oldest first."""
        return await self.parts.stores.interactions.page(conversation_id=id, limit=1000)

    async def conversations(self, address: str = ANN) -> Sequence[Conversation]:
        """The conversations that were begun at an address, oldest first."""
        ids = dict.fromkeys(e.conversation_id for e in await self.log(address) if e.conversation_id)
        found = await self.parts.stores.conversations.some([id for id in ids if id])
        return sorted(found, key=lambda one: one.opened_at)

    async def reply(self, conversation: Conversation, text: str = "Hello", **values: Any) -> Interaction:
        """The agent answers, and it goes out."""
        content = values.pop("content", Content(text))
        entry = await self.parts.desk.reply(self.agent, conversation.id, content, key=text, **values)
        await self.leaves()
        return await self.again(entry)

    async def again(self, entry: Interaction) -> Interaction:
        """The entry as it is now."""
        found = await self.parts.stores.interactions.get(entry.id)
        assert found is not None
        return found


@asynccontextmanager
async def office(database: Database, smtp_port: int, **settings: Any) -> AsyncIterator[Office]:
    """An office whose mail goes to the SMTP server on `smtp_port`."""
    async with working(database, table={"email": CHANNELS["email"]}) as parts:
        known = {"address": "help@shop.test", "smtp_host": "127.0.0.1", "smtp_port": smtp_port, "smtp_security": "none"}
        account = await parts.stores.accounts.save(
            Account("email", "help", "Shop", {**known, "bot": False, **settings})
        )
        agent = await parts.stores.agents.add("Maria", "maria@shop.test", "correct horse battery")
        yield Office(parts, account, agent)
