"""The widget in a real browser, on somebody else's site."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from playwright.async_api import FilePayload, Page, expect

from core.channel import Account
from switchboard.hub import Hub
from tests.browser import assert_accessible
from tests.portal.browsing import browser, complaints, foreign_site
from tests.portal.conftest import put, said_at
from tests.portal.wire import Wire, wire_to

DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
TEXTS = "switchboard-chat .text"


def dot(name: str) -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": DOT}


@asynccontextmanager
async def shop(hub: Hub, **context: Any) -> AsyncIterator[tuple[Page, Wire, list[str]]]:
    """A shop's page with the chat, whose line to the hub can be cut."""
    async with wire_to(hub.url) as wire, foreign_site(wire.url) as site, browser() as opened:
        await allow(hub, site)
        page = await (await opened.new_context(**context)).new_page()
        found = complaints(page)
        await page.goto(site)
        yield page, wire, found


async def allow(hub: Hub, site: str) -> None:
    await hub.parts.stores.accounts.save(Account("webchat", "shop", "Shop", {"origins": site}))
    while (await hub.parts.lines.account("webchat", "shop")).settings["origins"] != site:
        await asyncio.sleep(0.05)  # the hub may have looked a moment ago, and looks again after a second


async def say(page: Page, text: str) -> None:
    box = page.get_by_label("Your message")
    await box.fill(text)
    await box.press("Enter")


async def address_of(page: Page) -> str:
    kept: dict[str, str] = await page.evaluate("() => ({...localStorage})")
    token = next(value for key, value in kept.items() if key.endswith(":token"))
    return f"webchat:{token.rsplit('.', 2)[0]}"


async def mine(page: Page) -> list[str]:
    return await page.locator("switchboard-chat .you .text").all_inner_texts()


async def test_a_conversation_on_a_foreign_site_with_a_strict_policy(hub: Hub) -> None:
    async with shop(hub) as (page, _, found):
        launcher = page.get_by_role("button", name="Open the chat")
        await expect(launcher).to_be_visible()  # the site hides its own buttons
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Your message")).to_be_focused()
        await say(page, "Hello <b>there</b> https://example.org/a?b=1.")
        await expect(page.locator(TEXTS).first).to_have_text("Hello <b>there</b> https://example.org/a?b=1.")
        link = page.locator("switchboard-chat .you a")
        await expect(link).to_have_attribute("href", "https://example.org/a?b=1")
        await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
        await page.locator("switchboard-chat .choices button").first.click()  # one of the bot's
        await expect(page.locator("switchboard-chat .you")).to_have_count(2)
        await assert_accessible(page, "switchboard-chat")
        size = await page.locator("switchboard-chat .text").first.evaluate("e => getComputedStyle(e).fontSize")
        assert size == "15px"  # the site's style does not reach in
        await page.keyboard.press("Escape")
        await expect(page.get_by_label("Your message")).to_be_hidden()
        await put(hub, await address_of(page), "An answer while it was closed")
        await expect(page.get_by_role("button", name=re.compile("New messages: [12]"))).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(page.locator(TEXTS).last).to_have_text("An answer while it was closed")
        assert found == []


async def test_a_dropped_line_loses_nothing_and_doubles_nothing(hub: Hub) -> None:
    async with shop(hub) as (page, wire, _):
        await page.get_by_role("button", name="Open the chat").click()
        await say(page, "one")
        await expect(page.locator("switchboard-chat .them").first).to_be_visible()
        address = await address_of(page)
        wire.cut(down=True)
        await expect(page.get_by_text("No connection.")).to_be_visible()
        await say(page, "two")
        await say(page, "three")
        await put(hub, address, "said meanwhile")
        await expect(page.locator("switchboard-chat .pending")).to_have_count(2)
        await page.get_by_label("Your message").fill("half a sent")
        wire.mend()
        await expect(page.locator("switchboard-chat .pending")).to_have_count(0, timeout=120_000)
        await expect(page.get_by_text("said meanwhile")).to_have_count(1)
        for n in range(3):  # the line breaks right after each of these was sent
            await say(page, f"cut {n}")
            wire.cut()
        await expect(page.locator("switchboard-chat .pending")).to_have_count(0, timeout=120_000)
        wanted = ["one", "two", "three", "cut 0", "cut 1", "cut 2"]
        assert [e.content.text for e in await said_at(hub, address)] == wanted
        assert await mine(page) == wanted
        assert await address_of(page) == address


async def test_unsent_words_outlive_the_page_and_two_tabs_show_the_same(hub: Hub) -> None:
    async with shop(hub) as (page, wire, _):
        await page.get_by_role("button", name="Open the chat").click()
        await say(page, "first")
        await expect(page.locator("switchboard-chat .them").first).to_be_visible()
        other = await page.context.new_page()
        await other.goto(page.url)
        await other.get_by_role("button", name=re.compile("Open the chat")).click()
        await expect(other.get_by_text("first", exact=True)).to_have_count(1)
        await say(other, "from the second tab")
        await expect(page.get_by_text("from the second tab")).to_have_count(1)
        wire.cut(down=True)
        await expect(page.get_by_text("No connection.")).to_be_visible()
        await say(page, "written offline")
        await page.get_by_label("Your message").fill("a draft")
        await page.reload()
        await expect(other.locator("switchboard-chat .pending").last).to_have_text(re.compile("written offline"))
        wire.mend()
        await page.get_by_role("button", name=re.compile("Open the chat")).click()
        await expect(page.get_by_label("Your message")).to_have_value("a draft")
        for tab in (page, other):
            await expect(tab.locator("switchboard-chat .pending")).to_have_count(0, timeout=120_000)
            await expect(tab.locator("switchboard-chat .you .text")).to_have_count(3)
            assert await mine(tab) == ["first", "from the second tab", "written offline"]
        texts = [e.content.text for e in await said_at(hub, await address_of(page))]
        assert texts == ["first", "from the second tab", "written offline"]


async def test_on_a_phone_it_fills_the_screen(hub: Hub) -> None:
    async with shop(
        hub,
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        color_scheme="dark",
        reduced_motion="reduce",
    ) as (page, _, found):
        await page.get_by_role("button", name="Open the chat").tap()
        box = await page.locator("switchboard-chat .panel").bounding_box()
        assert box is not None
        assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 844)
        await expect(page.locator("switchboard-chat .launcher")).to_be_hidden()
        await say(page, "a\nword-that-is-" + "very-" * 60 + "long")
        await expect(page.locator("switchboard-chat .you .text")).to_be_visible()
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390
        for target in await page.locator("switchboard-chat .panel button:visible").all():
            edge = await target.bounding_box()
            assert edge is not None
            assert edge["height"] >= 44, await target.inner_text()
        await assert_accessible(page, "switchboard-chat")
        await page.get_by_role("button", name="Close the chat").tap()
        await expect(page.locator("switchboard-chat .launcher")).to_be_visible()
        assert found == []


async def test_a_message_that_cannot_be_sent_says_why_and_can_be_mended(hub: Hub) -> None:
    async with shop(hub) as (page, _, _found):
        await page.get_by_role("button", name="Open the chat").click()
        await page.get_by_label("Your message").fill("x" * 8001)
        await expect(page.get_by_text("8,001 of 8,000 characters")).to_be_visible()
        await page.get_by_label("Your message").press("Enter")
        assert await mine(page) == []
        await page.get_by_label("Your message").fill("x" * 8000)
        await page.get_by_label("Your message").press("Enter")
        await expect(page.locator("switchboard-chat .pending")).to_have_count(0)
        assert await mine(page) == ["x" * 8000]


async def test_a_picture_goes_up_also_over_a_line_that_breaks(hub: Hub) -> None:
    async with shop(hub) as (page, wire, found):
        await page.get_by_role("button", name="Open the chat").click()
        await page.locator("switchboard-chat input[type=file]").set_input_files(dot("dot.png"))
        shown = page.locator("switchboard-chat .you img")
        await expect(shown).to_have_attribute("alt", "dot.png")
        assert await shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1
        assert found == []
        wire.cut(down=True)
        await expect(page.get_by_text("No connection.")).to_be_visible()
        await page.locator("switchboard-chat input[type=file]").set_input_files(dot("second.png"))
        await expect(page.locator("switchboard-chat .pending")).to_contain_text("second.png")
        wire.mend()
        await expect(shown).to_have_count(2, timeout=120_000)
        files = [file.name for e in await said_at(hub, await address_of(page)) for file in e.content.files]
        assert files == ["dot.png", "second.png"]


async def test_it_is_small_and_asked_for_once(hub: Hub, client: aiohttp.ClientSession) -> None:
    async with client.get(f"{hub.url}/chat/widget.js") as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert int(answer.headers["Content-Length"]) < 30_000
        assert b"switchboard-chat" in await answer.read()
        etag = answer.headers["ETag"]
    async with client.get(f"{hub.url}/chat/widget.js", headers={"If-None-Match": etag}) as answer:
        assert answer.status == 304
        assert await answer.read() == b""
