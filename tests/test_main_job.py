"""The main job, end to end on real parts: MongoDB, a mail system, a Bot API server and a browser.

One customer arrives by chat, mail, Telegram and form; an agent answers from the inbox. What is asserted is what these
people and servers saw.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pymongo
import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from channels.orders import SIGNATURE_HEADER, signed
from core.accounts.secrets import Vault
from core.accounts.store import Accounts
from core.agents.store import Agents
from core.channel import Account
from core.database import Database
from core.forms.store import Forms
from switchboard.hub import Hub
from switchboard.sample import CONTACT_FORM
from tests.browser import browsing, page_of
from tests.running import KEY, Process, hub_process, running_hub
from tests.servers.botapi import Bot, bot_api
from tests.servers.mail import MailServer
from tests.servers.proxy import Proxy, proxy

SECRET = "the shop's secret"
PASSWORD = "correct horse battery"
ANN = "ann@example.test"
PHONE = "+380501234567"
HELP = "help@example.test"

SHOP_PAGE = """<!doctype html><html lang="en"><title>A shop</title><h1>A shop of somebody else</h1>
<script async src="http://127.0.0.1:{port}/chat/widget.js" data-site="demo"></script>"""


@dataclass
class World:
    """Everybody and everything that takes part."""

    hub: Hub
    line: Proxy
    shop: str
    mail: MailServer
    bot: Bot
    browser: Browser
    errors: list[str] = field(default_factory=list)

    async def page(self, url: str) -> Page:
        """A page at its own person's machine."""
        _, page = await page_of(self.browser, self.errors, viewport={"width": 1280, "height": 800}, locale="en-GB")
        await page.goto(url)
        return page


def event(status: str, id: str) -> bytes:
    customer = {"name": "Ann Black", "email": ANN, "phone": PHONE, "language": "en"}
    return json.dumps({"id": id, "status": status, "order": {"number": "A-77", "customer": customer}}).encode()


async def tell(url: str, body: bytes) -> int:
    """An order event, as the shop's webhook brings it."""
    headers = {SIGNATURE_HEADER: signed(SECRET, body, datetime.now(UTC))}
    post = f"{url}/webhooks/orders/shop"
    async with aiohttp.ClientSession() as session, session.post(post, data=body, headers=headers) as answer:
        return answer.status


async def furnish(database: Database, *, mail_port: int, imap_port: int = 0, telegram: Account | None = None) -> None:
    """The company's lines, form and agent."""
    accounts = Accounts(database, Vault(KEY))
    settings: dict[str, Any] = {"address": HELP, "display_name": "The shop", "smtp_host": "127.0.0.1"}
    settings |= {"smtp_port": mail_port, "smtp_security": "none"}
    if imap_port:
        settings |= {"imap_host": "127.0.0.1", "imap_port": imap_port, "imap_security": "none"}
    await accounts.save(Account("email", "help", "Mail", settings, {"password": "secret"} if imap_port else {}))
    await accounts.save(Account("orders", "shop", secrets={"secret": SECRET}))
    await accounts.save(Account("webform", "contact"))
    await Forms(database).save(CONTACT_FORM)
    await Agents(database).add("Maria", "maria@shop.example", PASSWORD, role="admin")
    if telegram:
        await accounts.save(telegram)


@asynccontextmanager
async def world(database: Database, uri: str, name: str, folder: Path) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        mail = await stack.enter_async_context(MailServer())
        api = await stack.enter_async_context(bot_api())
        bot = api.add_bot()
        telegram = Account("telegram", "bot", "Bot", {"api_url": api.url}, {"token": bot.token})
        await furnish(database, mail_port=mail.smtp_port, imap_port=mail.imap_port, telegram=telegram)
        hub = await stack.enter_async_context(running_hub(uri, name, data=folder, sample_data=False))
        line = await stack.enter_async_context(proxy(urlsplit(hub.url).port or 0))
        shop = await stack.enter_async_context(_somebody_elses_site(line.port))
        accounts = hub.parts.stores.accounts
        await accounts.save(Account("webchat", "demo", "The shop", {"origins": shop}))
        browser = await stack.enter_async_context(browsing())
        yield World(hub, line, shop, mail, bot, browser)


@asynccontextmanager
async def _somebody_elses_site(port: int) -> AsyncIterator[str]:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text=SHOP_PAGE.format(port=port), content_type="text/html")

    async def nothing(_: web.Request) -> web.Response:
        return web.Response(status=204)

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_get("/favicon.ico", nothing)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def everybody(database: Database, database_uri: str, database_name: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database, database_uri, database_name, tmp_path) as made:
        yield made


async def sign_in(page: Page) -> None:
    await page.get_by_label("Mail").fill("maria@shop.example")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("link", name="Customers", exact=True)).to_be_visible()


async def say(page: Page, text: str) -> None:
    """Write in the chat."""
    box = page.locator("switchboard-chat").get_by_role("textbox")
    await box.fill(text)
    await box.press("Enter")


def in_chat(page: Page, text: str | re.Pattern[str]) -> Any:
    return page.locator("switchboard-chat").locator(".entry").filter(has_text=text)


@pytest.mark.timeout(900)
async def test_the_main_job(everybody: World) -> None:
    it = everybody
    parts = it.hub.parts

    # The shop tells of an order; Ann is told by mail.
    assert await tell(it.hub.url, event("in_production", "e-1")) == 200
    told = await it.mail.wait_for(ANN, 1)
    assert b"A-77" in told[0]

    # An agent has the inbox open before anybody writes, and never reloads it.
    agent = await it.page(f"{it.hub.url}/inbox/")
    await sign_in(agent)

    # A visitor of somebody else's site asks the widget about the order.
    visitor = await it.page(it.shop)
    await visitor.locator("switchboard-chat").get_by_role("button").first.click()
    await say(visitor, "Where is my order A-77?")
    await expect(in_chat(visitor, re.compile("phone|mail", re.IGNORECASE)).last).to_be_visible()
    await say(visitor, "+380 50 123 45 67")
    await expect(in_chat(visitor, re.compile("A-77.*being made", re.IGNORECASE)).last).to_be_visible()
    await say(visitor, "I want to talk to a person")

    # The agent sees the conversation appear, opens it and replies.
    row = agent.get_by_role("link").filter(has_text="I want to talk to a person")
    await expect(row.first).to_be_visible()
    await row.first.click()
    await expect(agent.locator("#thread, .thread").first).to_contain_text("+380 50 123 45 67")
    await agent.locator("#text").fill("Good morning, this is Maria. How can I help?")
    await agent.locator("#text").press("Control+Enter")
    await expect(in_chat(visitor, "this is Maria").last).to_be_visible()

    # The line is cut in mid sentence. What is written meanwhile waits, and so does the agent's answer.
    it.line.cut()
    await say(visitor, "Can it be delivered on Friday?")
    await agent.locator("#text").fill("I am still here, take your time.")
    await agent.locator("#text").press("Control+Enter")
    await expect(agent.locator("#thread, .thread").first).to_contain_text("I am still here")
    it.line.mend()
    await expect(in_chat(visitor, "I am still here")).to_have_count(1, timeout=120_000)
    await expect(agent.locator("#thread, .thread").first).to_contain_text("Can it be delivered on Friday?")
    await expect(in_chat(visitor, "Can it be delivered on Friday?")).to_have_count(1)
    friday = [e async for e in _said(it, "Can it be delivered on Friday?")]
    assert len(friday) == 1, "one entry, however often it was sent"

    # Ann mails, and writes in Telegram after sharing her number: one customer, one timeline.
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = f"Ann Black <{ANN}>", HELP, "An invoice, please"
    letter["Message-ID"] = "<letter-1@example.test>"
    letter.set_content("Hello, could you send me the invoice for my order? Ann")
    await it.mail.deliver(HELP, letter.as_bytes(), sender=ANN)
    ann = it.bot.person("Ann")
    ann.says("hello")
    await it.bot.next_sent()
    ann.shares_contact(PHONE.lstrip("+"))
    await _until(lambda: _timeline(it), {"order", "email", "telegram"})
    owner = (await parts.stores.customers.by_keys([f"email:{ANN}"]))[0]
    assert f"phone:{PHONE}" in owner.keys

    # The agent sees one timeline over all channels.
    await agent.goto(f"{it.hub.url}/inbox/customers/{owner.id}")
    timeline = agent.locator("main")
    for words in ("could you send me the invoice", "hello", "A-77"):
        await expect(timeline.get_by_text(words).first).to_be_visible()

    # A form becomes a lead, which the agent answers by mail.
    await agent.goto(f"{it.hub.url}/inbox/")
    form = await it.page(f"{it.hub.url}/forms/contact")
    await form.get_by_label("Your name").fill("Leo")
    await form.get_by_label("Mail").fill("leo@example.test")
    await form.get_by_label("Message").fill("Two cargo bikes for our bakery, please.")
    await form.get_by_role("checkbox").check()
    await form.get_by_role("button", name="Send").click()
    await expect(form.get_by_text("Thank you")).to_be_visible()
    lead = agent.get_by_role("link").filter(has_text="Leo")
    await expect(lead.first).to_be_visible()
    await lead.first.click()
    await agent.locator("#text").fill("Dear Leo, gladly. Here is our offer.")
    await agent.locator("#text").press("Control+Enter")
    answer = await it.mail.wait_for("leo@example.test", 1)
    assert b"Here is our offer" in answer[0]
    assert it.errors == [] or all("WebSocket" in e or "net::" in e for e in it.errors), it.errors


async def _said(it: World, text: str) -> AsyncIterator[str]:
    for entry in (await it.hub.parts.stores.interactions.search(text, limit=50)).entries:
        if entry.direction == "in" and entry.content.text == text:
            yield entry.id


async def _timeline(it: World) -> set[str]:
    owners = await it.hub.parts.stores.customers.by_keys([f"email:{ANN}"])
    if len(owners) != 1:
        return set()
    entries = await it.hub.parts.stores.interactions.page(customer_id=owners[0].id, limit=100)
    kinds = {entry.channel for entry in entries if entry.direction == "in" and entry.kind == "message"}
    return kinds | {entry.kind for entry in entries if entry.kind == "order"}


async def _until(look: Any, wanted: set[str], within: float = 120) -> None:
    async with asyncio.timeout(within):
        while not wanted <= await look():
            await asyncio.sleep(0.05)


async def test_one_notification_from_three_processes(
    database: Database,
    database_uri: str,
    database_name: str,
    tmp_path: Path,
    mongo_client: pymongo.MongoClient[dict[str, Any]],
) -> None:
    async with MailServer() as mail, AsyncExitStack() as stack:
        await furnish(database, mail_port=mail.smtp_port)
        hubs: list[Process] = await asyncio.gather(
            *(
                stack.enter_async_context(
                    hub_process(
                        tmp_path,
                        "--mongodb-uri",
                        database_uri,
                        environment={"SWITCHBOARD_DATABASE": database_name},
                    )
                )
                for _ in range(3)
            )
        )
        body = event("shipped", "e-2")
        answers = await asyncio.gather(*(tell(hubs[n % 3].url, body) for n in range(5)))
        assert answers == [200] * 5
        await mail.wait_for(ANN, 1)
        # Another event right behind it is a mark that everything before it is through.
        assert await tell(hubs[0].url, event("delivered", "e-3")) == 200
        mails = await mail.wait_for(ANN, 2)
    log = mongo_client[database_name]["interactions"]
    assert len(mails) == 2
    assert log.count_documents({"kind": "order"}) == 2
    assert log.count_documents({"kind": "notification", "status": "sent"}) == 2
    assert mongo_client[database_name]["orders"].count_documents({}) == 1
