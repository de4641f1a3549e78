"""A message to a dead address is sent to another one of the customer with one press; an invitation is a meeting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from playwright.async_api import expect

from channels.email.adapter import Email
from core.agents.agent import Agent
from core.channel import Account, Address, Identity
from core.content import Content
from switchboard.hub import Hub
from tests.browser import assert_accessible, browsing, page_of
from tests.inbox.desk import asks, conversation_of
from tests.inbox.pages import fits, sign_in
from tests.making import until
from tests.servers.smtp import FaultySmtp

ANN = "ann@example.org"
KNOWN = (Identity("email", ANN, verified=True),)
INVITATION = b"""From: Ann Example <ann@example.org>
To: help@shop.test
Message-ID: <i1@example.org>
Subject: Let us meet
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain

I want to talk to a person
--b
Content-Type: text/calendar; method=REQUEST

BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
SUMMARY:About the blender
DTSTART:20261124T080000Z
DTEND:20261124T090000Z
LOCATION:Room <5>
ORGANIZER;CN=Ann Example:mailto:ann@example.org
END:VEVENT
END:VCALENDAR
--b--
"""


@pytest.fixture
async def line(hub: Hub) -> AsyncIterator[Account]:
    """A mail line whose server knows nobody."""
    async with FaultySmtp({"RCPT": "550 5.1.1 No such user"}) as server:
        settings = {"address": "help@shop.test", "smtp_host": "127.0.0.1", "smtp_port": server.port}
        account = Account("email", "help", "Help", {**settings, "smtp_security": "none", "bot": False})
        yield await hub.parts.stores.accounts.save(account)


async def test_one_press_sends_it_to_the_other_address(hub: Hub, maria: Agent, line: Account) -> None:
    await asks(hub, "ann-in-the-chat", name="Ann Example", identities=KNOWN)
    await hub.parts.receive.take(line, Email(line), INVITATION, {})
    conversation = await conversation_of(hub, f"email:help:{ANN}")
    address = Address("webchat", "site", "ann-in-the-chat")
    await hub.parts.stores.addresses.learn(
        str(address), customer_id=conversation.customer_id, last_in=datetime.now(UTC), reachable=True
    )
    reply = await hub.parts.desk.reply(maria, conversation.id, Content("The answer"), key="r1")

    async def failed() -> bool:
        entry = await hub.parts.stores.interactions.get(reply.id)
        return entry is not None and entry.status == "failed"

    await until(failed)
    errors: list[str] = []
    async with browsing() as browser:
        _, page = await page_of(browser, errors, viewport={"width": 390, "height": 844})
        await sign_in(hub, page, maria)
        await page.goto(f"{hub.url}/inbox/c/{conversation.id}")
        thread = page.locator("#thread")
        await expect(thread).to_contain_text("About the blender")
        await expect(thread).to_contain_text("Room <5>")
        await expect(thread).to_contain_text("The customer can also be reached here: webchat ann-in-the-chat")
        await fits(page)
        await assert_accessible(page)
        await page.goto(f"{hub.url}/inbox/problems")
        await expect(page.get_by_role("button", name="ann-in-the-chat")).to_be_visible()
        await page.goto(f"{hub.url}/inbox/c/{conversation.id}")
        await thread.get_by_role("button", name="ann-in-the-chat").click()
        await expect(thread).to_contain_text("Sent elsewhere instead")
        await expect(thread).to_contain_text("Web chat")
    assert errors == []
    sent = [one for one in await hub.parts.stores.interactions.page(address=str(address)) if one.direction == "out"]
    assert [one.content.text for one in sent if one.author.id == maria.id] == ["The answer"]
