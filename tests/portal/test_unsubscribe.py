"""The page behind "no more news": opening changes nothing, the button and a mail program's one click do."""

from __future__ import annotations

import aiohttp
import pytest
from playwright.async_api import expect

from core.content import Content
from core.customers.customer import Customer
from core.interactions.interaction import Author, Interaction
from core.unsubscribe import Unsubscribe
from switchboard.hub import Hub
from switchboard.wiring import unsubscribe_links
from tests.browser import assert_accessible
from tests.making import now, until
from tests.portal.browsing import browser, complaints

ADDRESS = "webchat:shop:ann"


@pytest.fixture
async def customer(hub: Hub) -> Customer:
    stores = hub.parts.stores
    made = await stores.customers.add(Customer("customer-of-the-test", "Ann", created_at=now()))
    assert made is not None
    await stores.addresses.adopt(ADDRESS, made.id)
    return made


async def link(hub: Hub, customer: Customer) -> str:
    """Where a marketing message to the customer leads."""
    (entry,) = await hub.parts.send(
        ADDRESS,
        Content("News!"),
        Author("system"),
        key="news",
        kind="notification",
        customer_id=customer.id,
        data={"purpose": "marketing"},
    )
    page = unsubscribe_links(hub.parts.stores, hub.parts.settings).link(entry.id)
    return hub.url + page.partition("/unsubscribe/")[1] + page.partition("/unsubscribe/")[2]


async def declined(hub: Hub, customer: Customer) -> bool:
    found = await hub.parts.stores.customers.get(customer.id)
    return found is not None and found.declined("marketing")


async def log(hub: Hub) -> list[Interaction]:
    return [e for e in await hub.parts.stores.interactions.page(address=ADDRESS) if e.direction == "in"]


async def test_one_click_of_a_mail_program(hub: Hub, client: aiohttp.ClientSession, customer: Customer) -> None:
    url = await link(hub, customer)
    for _ in range(2):
        async with client.post(url, data={"List-Unsubscribe": "One-Click"}, headers={"Cookie": ""}) as answer:
            assert answer.status == 200
    await until(lambda: declined(hub, customer))
    assert [entry.data["withdrawal"]["how"] for entry in await log(hub)] == ["unsubscribe"]


async def test_a_scanner_that_opens_every_link_changes_nothing(
    hub: Hub, client: aiohttp.ClientSession, customer: Customer
) -> None:
    url = await link(hub, customer)
    async with client.get(url) as answer:
        assert answer.status == 200
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
    async with client.head(url) as answer:
        assert answer.status in (200, 405)
    assert await log(hub) == []
    assert not await declined(hub, customer)


async def test_a_made_up_link_opens_nothing(hub: Hub, client: aiohttp.ClientSession, customer: Customer) -> None:
    url = await link(hub, customer)
    broken = [url[:-1] + ("0" if url[-1] != "0" else "1"), url[:-5], f"{hub.url}/unsubscribe/{'0' * 44}", url.upper()]
    strange = Unsubscribe("another key", hub.url).link(url.rpartition("/")[2][:20])
    for wrong in (*broken, strange, f"{hub.url}/unsubscribe/%00"):
        async with client.post(wrong) as answer:
            assert answer.status == 404
    assert await log(hub) == []


async def test_a_person_presses_the_button(hub: Hub, customer: Customer) -> None:
    url = await link(hub, customer)
    async with browser() as opened:
        context = await opened.new_context(locale="uk-UA", viewport={"width": 390, "height": 800})
        page = await context.new_page()
        found = complaints(page)
        await page.goto(url)
        await expect(page.get_by_role("heading", level=1)).to_have_text("Більше не надсилати новини?")
        await assert_accessible(page)
        await page.get_by_role("button").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Готово")
        await assert_accessible(page)
        assert found == []
    await until(lambda: declined(hub, customer))
