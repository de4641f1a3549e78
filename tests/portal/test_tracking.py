"""The tracking page and the sample shop, over HTTP and live in a browser."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import psutil
import pytest
from playwright.async_api import expect

from core.feed import order_changed
from core.orders.order import Order, OrderLine, Step
from portal.tracking import stages
from switchboard.hub import Hub
from tests.browser import assert_accessible
from tests.making import until
from tests.portal.browsing import browser, complaints
from tests.running import deaf, running_hub

MB = 1024 * 1024
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
async def demo(database_uri: str, database_name: str) -> AsyncIterator[Hub]:
    async with running_hub(database_uri, database_name, sample_data=True) as hub:

        async def settled() -> bool:
            return await hub.parts.stores.interactions.calling("", 1) == ([], False)

        await until(settled)  # the sample shop's own events, so that they change no order behind a test's back
        yield hub


def order(*statuses: str, **fields: Any) -> Order:
    steps = tuple(Step(status, NOW + timedelta(hours=n)) for n, status in enumerate(statuses))
    last = next((status for status in reversed(statuses) if status != "delayed"), "created")
    return Order("id", "A-1", "shop", "token", status=last, history=steps, **fields)


@pytest.mark.parametrize(
    ("statuses", "shown"),
    [
        (("created",), "now ahead ahead ahead ahead"),
        (("created", "paid"), "done now ahead ahead ahead"),
        (("created", "shipped"), "done done done now ahead"),  # a shop that does not tell every step
        (("created", "delayed"), "now ahead ahead ahead ahead"),
        (("created", "paid", "in_production", "shipped", "delivered"), "done done done done done"),
        (("created", "paid", "cancelled"), "done done ended"),
        (("created", "paid", "cancelled", "refunded"), "done done ended ended"),
        (("refunded",), "ended"),
    ],
)
def test_the_steps_of_an_order(statuses: tuple[str, ...], shown: str) -> None:
    assert " ".join(stage.state for stage in stages(order(*statuses))) == shown


async def test_the_page_is_live_from_the_shop_to_the_customer(demo: Hub) -> None:
    async with browser() as opened:
        context = await opened.new_context(locale="en-GB")
        shop, tracking = await context.new_page(), await context.new_page()
        found = [complaints(page) for page in (shop, tracking)]
        await shop.goto(f"{demo.url}/")
        assert shop.url == f"{demo.url}/demo"
        await shop.get_by_role("button", name="New order").click()
        link = shop.locator("demo-orders .result a")
        await expect(link).to_be_visible()
        await tracking.goto(demo.url + str(await link.get_attribute("href")))
        await expect(tracking.locator("[aria-current=step]")).to_contain_text("Order received")
        await expect(tracking.get_by_text("This page is live")).to_be_visible()
        await shop.get_by_role("button", name="paid").click()
        await expect(tracking.locator("[aria-current=step]")).to_contain_text("Paid")
        await expect(tracking.locator("#said")).to_have_text(re.compile("Thank you for your payment"))
        await shop.get_by_role("button", name="shipped").click()
        await expect(tracking.get_by_role("link", name="Follow the parcel")).to_be_visible()
        await shop.get_by_role("button", name="cancelled").click()
        await expect(tracking.locator(".ended")).to_contain_text("Cancelled")
        for page in (shop, tracking):
            await assert_accessible(page)
        assert found == [[], []]


async def test_an_unknown_token_is_a_friendly_404(demo: Hub) -> None:
    known = await demo.parts.stores.orders.numbered("demo", "A-1042")
    assert known is not None
    async with aiohttp.ClientSession() as client:
        for token in (known.token[:-1], known.token + "x", "nobody-knows-this", "a" * 5000, "%00%ff", known.id):
            async with client.get(f"{demo.url}/track/{token}?lang=ru") as answer:
                assert answer.status == 404
                assert "Такого заказа мы не нашли" in await answer.text()
            async with client.get(f"{demo.url}/track/{token}/events") as answer:
                assert answer.status == 404
        async with client.get(f"{demo.url}/track/{known.token}?lang=ru") as answer:
            html = await answer.text()
            assert answer.headers["X-Robots-Tag"] == "noindex"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Заказ A-1042" in html
    assert known.contact.email not in html
    assert known.contact.phone not in html


async def test_what_a_shop_writes_is_text(demo: Hub) -> None:
    orders = demo.parts.stores.orders
    known = await orders.numbered("demo", "A-1042")
    assert known is not None
    evil = replace(
        known,
        lines=(OrderLine("<img src=x onerror=alert(1)>", "2", "not a price"),),
        total="",
        status="shipped",
        tracking_url="javascript:alert(1)",
    )
    assert await orders.save(evil)
    async with aiohttp.ClientSession() as client, client.get(f"{demo.url}/track/{known.token}") as answer:
        html = await answer.text()
        assert answer.status == 200
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert "javascript:" not in html


async def test_the_demo_takes_nothing_else(demo: Hub) -> None:
    wrong = (
        "",
        "[]",
        '{"status": "stolen"}',
        '{"status": "paid", "number": {"$gt": ""}}',
        '{"status": "paid", "number": "1; drop"}',
        "[" * 50_000,
    )
    url = f"{demo.url}/demo/orders"
    async with aiohttp.ClientSession() as client:
        for body in wrong:
            async with client.post(url, data=body, headers={"Content-Type": "application/json"}) as answer:
                assert answer.status == 400, body[:50]
        async with client.post(url, data={"status": "paid"}) as answer:
            assert answer.status == 415  # another site's form cannot move anything


async def test_without_sample_data_there_is_no_demo(database_uri: str, database_name: str) -> None:
    async with (
        running_hub(database_uri, database_name, sample_data=False) as hub,
        aiohttp.ClientSession() as client,
    ):
        async with client.get(f"{hub.url}/", allow_redirects=False) as answer:
            assert answer.headers["Location"] == "/inbox/"
        async with client.get(f"{hub.url}/demo") as answer:
            assert answer.status == 404
        async with client.post(f"{hub.url}/demo/orders", json={"status": "paid"}) as answer:
            assert answer.status == 404


async def test_a_page_that_takes_nothing_is_let_go_and_catches_up(database_uri: str, database_name: str) -> None:
    settings: dict[str, Any] = {"sample_data": False, "slow_seconds": 1}
    async with running_hub(database_uri, database_name, **settings) as hub:
        orders, feed = hub.parts.stores.orders, hub.parts.feed
        order = await orders.begin("shop", "A-1", NOW)
        topic = f"order:{order.id}"

        async def followed() -> bool:
            return any(topic in each.topics for each in feed.subscribers())

        async def changed(price: str) -> Order:
            known = await orders.by_token(order.token)
            assert known is not None
            saved = await orders.save(replace(known, lines=(OrderLine("a bike " * 4000, "1", price),)))
            assert saved is not None
            feed.announce(order_changed(saved))
            return saved

        with await deaf(hub.url, f"/track/{order.token}/events"):
            await until(followed)
            memory, before = psutil.Process().memory_info, psutil.Process().memory_info().rss
            rounds = 0
            while await followed():
                rounds += 1
                await changed(str(rounds))
                await asyncio.sleep(0)
            assert memory().rss - before < 30 * MB, f"{rounds} changes were to be told"
        await changed("the last price")
        async with aiohttp.ClientSession() as client, client.get(f"{hub.url}/track/{order.token}/events") as answer:
            told = b""
            while b"the last price" not in told:
                told += await answer.content.readany()
            assert b"a bike" in told
