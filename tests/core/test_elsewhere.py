"""A message whose address is dead: where else the customer is reached, offered to agents, taken by notifications."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from channels import CHANNELS
from core.agents.agent import Agent
from core.channel import Account, Address, Identity, Receipt
from core.content import Content
from core.conversations.conversation import Conversation
from core.database import Database
from core.errors import Conflict, Invalid, NotFound
from core.interactions.interaction import Author, Interaction
from switchboard.wiring import Parts
from tests.making import handle, make_arrival, receive, working
from tests.servers.smtp import FaultySmtp

ANN = Address("email", "help", "ann@example.org")
CHAT = Address("webchat", "demo", "ann-in-the-chat")
NOBODY = "550 5.1.1 No such user"


@dataclass
class Shop:
    """A hub with a mail line whose server knows nobody, and a chat."""

    parts: Parts
    agent: Agent
    server: FaultySmtp

    async def writes(self, address: Address, text: str) -> Conversation:
        """Ann writes; she is known by her mail address everywhere."""
        known = (Identity("email", ANN.person, verified=True),)
        arrival = make_arrival(text, address=address, identities=known)
        await receive(self.parts, arrival)
        while await handle(self.parts):
            pass
        entry = (await self.log(address))[0]
        found = await self.parts.stores.conversations.get(entry.conversation_id or "")
        assert found is not None
        return found

    async def log(self, address: Address) -> list[Interaction]:
        return await self.parts.stores.interactions.page(address=str(address), limit=100)

    async def lines(self, address: Address = ANN) -> list[tuple[str, str]]:
        """What people are told in the conversation: the sentence and the places it names."""
        return [
            (entry.content.text, entry.data["others"])
            for entry in await self.log(address)
            if entry.kind == "system" and "others" in entry.data
        ]

    async def leaves(self) -> None:
        while await handle(self.parts, "out"):
            pass

    async def notifies(self, customer: str, **data: str) -> Interaction:
        """A notification about an order goes to Ann's mail address."""
        (entry,) = await self.parts.send(
            str(ANN), Content("On its way.", subject="A-1"), Author("system"), key="order:shop:A-1:shipped",
            kind="notification", customer_id=customer, data={"order_id": "o1", "subject": "A-1", **data},
        )  # fmt: skip
        return entry

    async def again(self, entry: Interaction) -> Interaction:
        found = await self.parts.stores.interactions.get(entry.id)
        assert found is not None
        return found


@asynccontextmanager
async def shop(database: Database, rcpt: str = NOBODY) -> AsyncIterator[Shop]:
    table = {name: CHANNELS[name] for name in ("email", "webchat")}
    async with FaultySmtp({"RCPT": rcpt}) as server, working(database, table=table) as parts:
        settings = {"address": "help@shop.test", "smtp_host": "127.0.0.1", "smtp_port": server.port}
        accounts = parts.stores.accounts
        await accounts.remove("email", "demo")
        await accounts.save(Account("email", "help", "Help", {**settings, "smtp_security": "none", "bot": False}))
        await accounts.save(Account("webchat", "demo", "Chat", {"bot": False}))
        agent = await parts.stores.agents.add("Maria", "maria@shop.test", "correct horse battery")
        yield Shop(parts, agent, server)


async def test_an_agent_is_told_where_else_and_sends_it_there_with_one_press(database: Database) -> None:
    async with shop(database) as here:
        await here.writes(CHAT, "hi from the chat")
        conversation = await here.writes(ANN, "hi by mail")
        reply = await here.parts.desk.reply(here.agent, conversation.id, Content("Hello Ann"), key="r1")
        await here.leaves()
        assert (await here.again(reply)).status == "failed"
        assert await here.lines() == [
            ("The customer can also be reached here: {others}", "webchat ann-in-the-chat"),
        ]

        desk = here.parts.desk
        sent = await desk.elsewhere(here.agent, reply.id, str(CHAT))
        twice = await desk.elsewhere(here.agent, reply.id, str(CHAT))
        assert sent.id == twice.id
        await here.leaves()
        (arrived,) = [entry for entry in await here.log(CHAT) if entry.direction == "out"]
        assert (arrived.content.text, arrived.author.name, arrived.status) == ("Hello Ann", "Maria", "sent")
        assert arrived.conversation_id == conversation.id
        after = await here.parts.stores.conversations.get(conversation.id)
        assert after is not None
        assert after.reply_address == str(CHAT), "the conversation goes on there"
        assert (await here.again(reply)).data["onward"] == str(CHAT)


async def test_what_cannot_be_sent_elsewhere_is_refused(database: Database) -> None:
    async with shop(database) as here:
        await here.writes(CHAT, "hi")
        conversation = await here.writes(ANN, "hi by mail")
        stranger = Address("webchat", "demo", "somebody-else")
        await receive(here.parts, make_arrival("me too", address=stranger))
        await handle(here.parts)
        desk = here.parts.desk
        reply = await desk.reply(here.agent, conversation.id, Content("Hello"), key="r1")
        with pytest.raises(Conflict):
            await desk.elsewhere(here.agent, reply.id, str(CHAT))
        await here.leaves()
        for address in (str(stranger), str(ANN), "", "nonsense", "email:help:bob@example.org"):
            with pytest.raises(Invalid):
                await desk.elsewhere(here.agent, reply.id, address)
        with pytest.raises(NotFound):
            await desk.elsewhere(here.agent, "nothing", str(CHAT))
        incoming = next(entry for entry in await here.log(ANN) if entry.direction == "in")
        with pytest.raises(NotFound):
            await desk.elsewhere(here.agent, incoming.id, str(CHAT))


async def test_without_another_address_nothing_is_said(database: Database) -> None:
    async with shop(database) as here:
        conversation = await here.writes(ANN, "hi by mail")
        await here.parts.desk.reply(here.agent, conversation.id, Content("Hello"), key="r1")
        await here.leaves()
        assert await here.lines() == []


async def test_a_bounce_that_comes_later_and_twice_offers_once(database: Database) -> None:
    async with shop(database, "250 Fine") as here:
        await here.writes(CHAT, "hi")
        conversation = await here.writes(ANN, "hi by mail")
        reply = await here.parts.desk.reply(here.agent, conversation.id, Content("Hello"), key="r1")
        await here.leaves()
        gone = Receipt(ANN, "", "failed", "5.1.1", "No such user", gone=True, outbound=reply.id)
        account = await here.parts.lines.account("email", "help")
        for _ in range(2):
            await here.parts.receive.keep(account, [gone])
        assert len(await here.lines()) == 1
        assert (await here.again(reply)).status == "failed"


async def test_a_notification_goes_on_by_itself_exactly_once(database: Database) -> None:
    async with shop(database) as here:
        await here.writes(CHAT, "hi")
        customer = (await here.writes(ANN, "hi by mail")).customer_id
        entry = await here.notifies(customer)
        await here.leaves()
        failed = await here.again(entry)
        assert (failed.status, failed.data["onward"]) == ("failed", str(CHAT))
        (there,) = [one for one in await here.log(CHAT) if one.kind == "notification"]
        assert (there.content.text, there.status, there.data["onward_of"]) == ("On its way.", "sent", entry.id)
        assert there.data["order_id"] == "o1"

        # The same word again, as after a crash between the two writes, and another address that is likelier now.
        second = Address("webchat", "demo", "ann-on-her-phone")
        await here.writes(second, "and here")
        gone = Receipt(ANN, "", "failed", "5.1.1", "No such user", gone=True, outbound=entry.id)
        account = await here.parts.lines.account("email", "help")
        await here.parts.desk.retry(here.agent, entry.id)
        await here.leaves()
        await here.parts.receive.keep(account, [gone])
        await here.leaves()
        every = [one for address in (CHAT, second) for one in await here.log(address) if one.kind == "notification"]
        assert [one.id for one in every] == [there.id]


async def test_a_notification_goes_on_only_one_step(database: Database) -> None:
    async with shop(database) as here:
        await here.writes(CHAT, "hi")
        customer = (await here.writes(ANN, "hi by mail")).customer_id
        entry = await here.notifies(customer, onward_of="another")
        await here.leaves()
        assert (await here.again(entry)).status == "failed"
        assert [one for one in await here.log(CHAT) if one.kind == "notification"] == []


async def test_a_notification_goes_on_by_mail_to_an_address_nobody_wrote_from(database: Database) -> None:
    async with shop(database, "250 Fine") as here:
        chat = await here.writes(CHAT, "hi")
        account = await here.parts.lines.account("webchat", "demo")
        (entry,) = await here.parts.send(
            str(CHAT), Content("On its way."), Author("system"), key="order:shop:A-1:shipped",
            kind="notification", customer_id=chat.customer_id, data={"subject": "Order A-1"},
        )  # fmt: skip
        await here.parts.receive.keep(
            account, [Receipt(CHAT, "", "failed", "blocked", "They blocked us.", gone=True, outbound=entry.id)]
        )
        await here.leaves()
        (mail,) = here.server.mails
        assert b"Subject: Order A-1" in mail
        assert b"On its way." in mail
        known = await here.parts.stores.addresses.get(str(ANN))
        assert known is not None
        assert known.customer_id == chat.customer_id
