"""What goes to a visitor's mail: answers they were not there to read, in one mail, and the talk they ask for."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from core.agents.agent import Agent
from core.channel import Account, Parses
from core.chat.site import Site
from core.chat.unread import page_of
from core.content import Content
from core.interactions import status
from switchboard.hub import Hub
from tests.making import until
from tests.portal.conftest import SHOP, Visitor
from tests.servers.smtp import FaultySmtp

_numbers = itertools.count()
AFTER = 0.02  # minutes, so a little more than a second


@pytest.fixture
async def post(hub: Hub) -> AsyncIterator[FaultySmtp]:
    """The company's mail server, and a chat whose unread answers go there soon."""
    async with FaultySmtp() as server:
        mail = {
            "address": "help@shop.example",
            "smtp_host": "127.0.0.1",
            "smtp_port": server.port,
            "smtp_security": "none",
            "plus_addressing": True,
        }
        await hub.parts.stores.accounts.save(Account("email", "help", "Help", mail))
        await site(hub)
        yield server


async def site(hub: Hub, **settings: object) -> None:
    """The chat's settings, once the hub goes by them."""
    wanted = {"origins": SHOP, "mail_after": AFTER, **settings}
    await hub.parts.stores.accounts.save(Account("webchat", "shop", "Shop", wanted))
    await until(lambda: _goes_by(hub, wanted))


async def _goes_by(hub: Hub, wanted: dict[str, object]) -> bool:
    return (await hub.parts.lines.account("webchat", "shop")).settings == wanted


async def talking(hub: Hub, visitor: Visitor, **hello: Any) -> tuple[Agent, str]:
    """The visitor has said something; the agent who will answer, and the conversation."""
    await visitor.hello(**hello)
    await visitor.say("Do you have it in green?")
    await visitor.next("ack")
    agent = await hub.parts.stores.agents.add("Olga P.", f"o{next(_numbers)}@shop.example", "long enough to be one")
    return agent, await until(lambda: _conversation(hub, visitor.address))


async def _conversation(hub: Hub, address: str) -> str:
    entries = await hub.parts.stores.interactions.page(address=address)
    return next((entry.conversation_id for entry in entries if entry.conversation_id), "")


async def answer(hub: Hub, agent: Agent, conversation: str, text: str) -> str:
    entry = await hub.parts.desk.reply(agent, conversation, Content(text), key=f"k{next(_numbers)}")
    return entry.id


async def mails(post: FaultySmtp, count: int = 1) -> list[EmailMessage]:
    async def came() -> bool:
        return len(post.mails) >= count

    await until(came)
    return [message_from_bytes(raw, policy=policy.default) for raw in post.mails]


async def settled(hub: Hub, address: str) -> None:
    """Wait until nothing waits at the visitor's address any more."""

    async def nothing() -> bool:
        return not await hub.parts.stores.interactions.waiting(address)

    await until(nothing)


def body(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


ABOUT = {"name": "Ann", "email": "Ann@Example.org"}


async def test_unread_answers_go_out_in_one_mail_and_the_reply_comes_back(
    hub: Hub, visit: Any, post: FaultySmtp
) -> None:
    async with visit(origin=SHOP) as visitor:
        agent, conversation = await talking(hub, visitor, about=ABOUT, page={"url": f"{SHOP}/bikes/1"})
    await answer(hub, agent, conversation, "Yes, in two sizes.")
    await answer(hub, agent, conversation, "Shall I keep one?")
    (mail,) = await mails(post)
    await settled(hub, visitor.address)
    text = body(mail)
    assert text.index("Yes, in two sizes.") < text.index("Shall I keep one?")
    assert f"{SHOP}/bikes/1" in text
    assert mail["To"] == "ann@example.org"
    assert "green" not in text, "what was typed into a browser goes to nobody's mailbox by itself"
    # The answer to it, as a mail program sends it.
    reply = EmailMessage()
    reply["From"], reply["To"], reply["Message-ID"] = "ann@example.org", mail["Reply-To"], "<1@mail.example>"
    reply["Subject"], reply["Date"] = f"Re: {mail['Subject']}", mail["Date"]
    reply.set_content("Please do!")
    account = await hub.parts.lines.account("email", "help")
    adapter = await hub.parts.lines.get("email", "help")
    assert isinstance(adapter, Parses)
    await hub.parts.receive.take(account, adapter, reply.as_bytes(), {})

    async def there() -> bool:
        page = await hub.parts.stores.interactions.page(conversation_id=conversation, limit=50)
        return any(entry.content.said.strip() == "Please do!" for entry in page)

    await until(there)
    # Who answers from a mailbox is not thereby the visitor: the mailbox's owner stays a record of their own.
    stores = hub.parts.stores
    visitor_address, mailbox = (
        await stores.addresses.get(visitor.address),
        await stores.addresses.get("email:help:ann@example.org"),
    )
    assert visitor_address is not None
    assert mailbox is not None
    assert visitor_address.customer_id != mailbox.customer_id
    # Later answers are mailed anew, and what was mailed before is not repeated.
    await answer(hub, agent, conversation, "It is yours until Friday.")
    _, second = await mails(post, 2)
    assert "until Friday" in body(second)
    assert "two sizes" not in body(second)


async def test_what_was_read_is_not_mailed_and_nobody_gets_a_mail_who_gave_none(
    hub: Hub, visit: Any, post: FaultySmtp
) -> None:
    async with visit(origin=SHOP) as visitor, visit(origin=SHOP) as nameless:
        agent, conversation = await talking(hub, visitor, about=ABOUT)
        _, other = await talking(hub, nameless)
        await answer(hub, agent, other, "Nobody can mail this.")
        await answer(hub, agent, conversation, "Read at once.")
        shown = await visitor.next("message", lambda frame: frame["text"] == "Read at once.")
        await visitor.send({"type": "read", "upto": shown["id"]})
        await until(lambda: _planned_is_done(hub, visitor.address))
        assert post.mails == []
        log = await hub.parts.stores.interactions.page(address=nameless.address)
        assert not [entry for entry in log if "unread" in entry.data]
        # Whoever gives their mail afterwards gets what they have not read.
        await nameless.send({"type": "mail", "id": "wish-0001", "email": "late@example.org"})
        await nameless.next("ack", lambda frame: frame["id"] == "wish-0001")
    (mail,) = await mails(post)
    assert mail["To"] == "late@example.org"
    assert "Nobody can mail this." in body(mail)


async def _planned_is_done(hub: Hub, address: str) -> bool:
    log = await hub.parts.stores.interactions.page(address=address)
    return any("unread" in entry.data and entry.status == status.SENT for entry in log)


async def test_carried_out_again_after_a_crash_it_is_still_one_mail(hub: Hub, visit: Any, post: FaultySmtp) -> None:
    async with visit(origin=SHOP) as visitor:
        agent, conversation = await talking(hub, visitor, about=ABOUT)
    await answer(hub, agent, conversation, "Once.")
    await mails(post)
    await settled(hub, visitor.address)
    log = await hub.parts.stores.interactions.page(address=visitor.address)
    (plan,) = [entry for entry in log if hub.parts.unread.is_plan(entry)]
    await asyncio.gather(*(hub.parts.unread.carry_out(plan) for _ in range(5)))
    mailed = [
        entry
        for entry in await hub.parts.stores.interactions.page(conversation_id=conversation)
        if entry.data.get("covers")
    ]
    assert len(mailed) == 1
    assert len(post.mails) == 1


async def test_whoever_keeps_writing_is_waited_for(hub: Hub, visit: Any, post: FaultySmtp) -> None:
    await site(hub, mail_after=60)
    async with visit(origin=SHOP) as visitor:
        agent, conversation = await talking(hub, visitor, about=ABOUT)
    first = await answer(hub, agent, conversation, "First.")
    await until(lambda: _is_out(hub, first))
    plan = await until(lambda: _plan(hub, visitor.address))
    due_at = await hub.parts.unread.carry_out(plan)
    assert due_at is not None
    assert timedelta(minutes=58) < due_at - datetime.now(UTC) < timedelta(minutes=61)
    assert post.mails == []


async def _is_out(hub: Hub, id: str) -> bool:
    entry = await hub.parts.stores.interactions.get(id)
    return entry is not None and entry.status in (status.SENT, status.DELIVERED)


async def _plan(hub: Hub, address: str) -> Any:
    return next((e for e in await hub.parts.stores.interactions.waiting(address) if hub.parts.unread.is_plan(e)), None)


async def test_the_conversation_is_mailed_as_it_was_seen_and_not_to_everybody(
    hub: Hub, visit: Any, post: FaultySmtp
) -> None:
    await site(hub, mail_after=0)
    async with visit(origin=SHOP) as visitor:
        await visitor.hello()
        ask = {"type": "transcript", "id": "wish-0000", "email": "ann@example.org"}
        await visitor.send(ask)
        assert (await visitor.next("error"))["code"] == "nothing_said"
        await visitor.say("Hello there")
        await visitor.next("message", lambda frame: frame["from"] == "bot")
        await visitor.send({**ask, "email": "nonsense"})
        assert (await visitor.next("error"))["code"] == "wrong_mail"
        for n in (1, 2):  # twice the same is one mail
            await visitor.send({**ask, "id": f"wish-000{n}"})
            await visitor.next("ack", lambda frame, n=n: frame["id"] == f"wish-000{n}")
        await visitor.send({**ask, "id": "wish-0003", "email": "another@example.org"})
        assert (await visitor.next("error"))["code"] == "too_often"
    (mail,) = await mails(post)
    assert mail["To"] == "ann@example.org"
    assert "Hello there" in body(mail)


def test_only_a_page_of_the_site_is_linked_to() -> None:
    site = Site("shop", origins=("https://shop.example",))
    for url, wanted in (
        ("https://shop.example/a?b", "https://shop.example/a?b"),
        ("https://shop.example.evil.example/", ""),
        ("https://shop.example@evil.example/", ""),
        ("javascript:alert(1)", ""),
        ("", ""),
    ):
        assert page_of({"now": {"url": url}}, site) == wanted
    assert page_of({}, site) == ""


async def test_the_link_to_telegram_belongs_to_this_conversation(hub: Hub, visit: Any) -> None:
    accounts = hub.parts.stores.accounts
    await site(hub, telegram="bot")
    async with visit(origin=SHOP) as visitor:
        await visitor.hello()
        await visitor.send({"type": "telegram", "id": "wish-0001"})
        assert (await visitor.next("error"))["code"] == "not_offered", "the line is not at work"
        await accounts.save(Account("telegram", "bot", enabled=False))
        await accounts.note("telegram", "bot", problem=None, facts={"username": "@shop_bot"})
        await visitor.send({"type": "telegram", "id": "wish-0002"})
        assert (await visitor.next("link"))["url"] == "https://t.me/shop_bot"
        await visitor.say("Hello")
        conversation = await until(lambda: _conversation(hub, visitor.address))
        await visitor.send({"type": "telegram", "id": "wish-0003"})
        url = (await visitor.next("link", lambda frame: frame["id"] == "wish-0003"))["url"]
    head, _, start = url.partition("?start=")
    assert head == "https://t.me/shop_bot"
    assert hub.parts.continuation.conversation(start, datetime.now(UTC)) == conversation
