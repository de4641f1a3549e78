"""Forms in a real browser: on somebody's strict site, on a phone, by keyboard, with and without scripts."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, FilePayload, Page, expect

from core.forms.field import FormField, Option
from core.forms.form import Form
from core.forms.judge import QUICK_SECONDS
from switchboard.hub import Hub
from tests.browser import assert_accessible
from tests.making import a_png
from tests.portal.browsing import browser
from tests.portal.test_forms import submissions

RIDE = Form(
    "ride",
    "site",
    title={"en": "A test ride", "ru": "Пробная поездка"},
    fields=(
        FormField("name", label={"en": "Your name", "ru": "Имя"}, required=True, autocomplete="name"),
        FormField("email", "email", {"en": "Mail"}, required=True),
        FormField("bike", "choice", {"en": "Bike"}, options=(Option("fjord", {"en": "Fjord"}),)),
        FormField(
            "extras",
            "choices",
            {"en": "Extras"},
            options=(
                Option("lock", {"en": "A lock"}),
                Option("bag", {"en": "A bag"}),
                Option("bell", {"en": "A bell"}),
            ),
            most="2",
        ),
        FormField("day", "date", {"en": "Day"}, least="today"),
        FormField("height", "number", {"en": "Height"}, least="100", most="220"),
        FormField("order", "text", {"en": "Order"}, pattern="A-9999[9]", wrong={"en": "Like A-1042, please."}),
        FormField("photo", "file", {"en": "Photo"}, megabytes=1),
        FormField("ok", "consent", {"en": "You may answer me."}, required=True),
    ),
)


@pytest.fixture
async def opened(hub: Hub) -> AsyncIterator[Browser]:
    await hub.parts.stores.forms.save(RIDE)
    async with browser() as found:
        yield found


@asynccontextmanager
async def a_site(hub: str, form: str) -> AsyncIterator[str]:
    """Somebody's page elsewhere, whose policy lets in the hub's script and frame and nothing else."""
    policy = (
        f"default-src 'none'; script-src {hub}; frame-src {hub}; style-src 'self'; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'"
    )
    html = (
        '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Shop</title>'
        f'<main><h1>A shop</h1><script async src="{hub}/forms/embed.js" data-form="{form}" data-title="A ride">'
        "</script></main>"
    )

    async def show(_: web.Request) -> web.Response:
        return web.Response(text=html, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def thanks(_: web.Request) -> web.Response:
        return web.Response(text="<h1>Thanks from the shop</h1>", content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/", show), web.get("/thanks", thanks)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def tall(page: Page, enough: Callable[[float], bool]) -> None:
    """Wait until the frame is as tall as it should be. The page's policy lets Playwright evaluate nothing by itself."""
    async with asyncio.timeout(120):
        while not enough((await page.locator("iframe").bounding_box() or {"height": 0})["height"]):
            await asyncio.sleep(0.05)


async def fill(page: Any) -> None:
    await page.get_by_label("Your name").fill("Anna")
    await page.get_by_label("Mail").fill("anna@example.org")
    await page.get_by_label("You may answer me.").check()


async def test_on_a_site_with_a_strict_policy(hub: Hub, opened: Browser) -> None:
    async with a_site(hub.url, "ride") as site:
        await hub.parts.stores.forms.save(replace(RIDE, origins=(site,)))
        page = await opened.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        await page.goto(f"{site}/?utm_source=mail&utm_campaign=spring&secret=1")
        frame = page.frame_locator("iframe[title='A ride']")
        await expect(frame.get_by_role("heading", name="A test ride")).to_be_visible()
        # As tall as what is in it: nothing scrolls inside.
        await tall(page, lambda height: height > 700)
        assert said == []
        await assert_accessible(page)
        said.clear()  # axe asks every frame whether it is there too, and is told that ours is another site's
        await fill(frame)
        await frame.get_by_role("button", name="Send").click()
        await expect(frame.get_by_role("heading", name="Sent")).to_be_visible()
        await tall(page, lambda height: height < 700)
        assert said == []
        [entry] = await submissions(hub)
        assert entry.data["page"] == f"{site}/"
        assert entry.data["utm"] == {"utm_source": "mail", "utm_campaign": "spring"}
        assert "suspected" not in entry.data or "work" not in entry.data["suspected"]


async def test_a_site_that_is_not_allowed_shows_nothing(hub: Hub, opened: Browser) -> None:
    async with a_site(hub.url, "ride") as site:
        await hub.parts.stores.forms.save(replace(RIDE, origins=("https://shop.example",)))
        page = await opened.new_page()
        refused: list[str] = []
        page.on("console", lambda message: refused.append(message.text) if "frame-ancestors" in message.text else None)
        await page.goto(site)
        async with asyncio.timeout(120):
            while not refused:
                await page.wait_for_timeout(50)
        await expect(page.frame_locator("iframe").get_by_role("heading", name="A test ride")).to_have_count(0)


async def wrong(page: Page, name: str) -> str:
    return await page.locator(f"#f-ride-{name}-wrong").inner_text()


async def test_what_is_wrong_is_said_before_anything_is_sent(hub: Hub, opened: Browser) -> None:
    context = await opened.new_context(viewport={"width": 390, "height": 800})
    page = await context.new_page()
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    await page.goto(f"{hub.url}/forms/ride")
    await page.get_by_label("Mail").fill("no mail")
    await page.get_by_label("Height").fill("7")
    await page.get_by_label("Order").fill("B-12")
    await page.get_by_label("Day").fill("2020-01-01")
    for name in ("A lock", "A bag", "A bell"):
        await page.get_by_label(name).check()
    big: FilePayload = {"name": "big.png", "mimeType": "image/png", "buffer": b"x" * 1024 * 1024 * 2}
    await page.get_by_label("Photo").set_input_files(big)
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("alert")).to_contain_text("marked fields")
    await expect(page.get_by_label("Your name")).to_be_focused()
    await expect(page.get_by_label("Your name")).to_have_accessible_description("Please fill this in.")
    await expect(page.get_by_label("Order")).to_have_accessible_description("Like A-1042, please.")
    assert await wrong(page, "email") == "An e-mail looks like anna@example.org."
    assert await wrong(page, "height") == "Please write a number from 100 up."
    assert "Please choose a day from" in await wrong(page, "day")
    assert await wrong(page, "extras") == "Please choose at most 2."
    assert "up to 1 MB" in await wrong(page, "photo")
    assert await wrong(page, "ok") == "Please tick this box."
    await assert_accessible(page)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # It goes away as it is mended, and not before.
    await page.get_by_label("Order").fill("a-1042")
    await expect(page.locator("#f-ride-order-wrong")).to_be_hidden()
    assert posts == []


async def test_by_keyboard_alone_and_back_and_sent_again_is_one(hub: Hub, opened: Browser) -> None:
    page = await opened.new_page()
    await page.goto(f"{hub.url}/forms/ride?lang=en")
    await page.keyboard.press("Tab")
    await page.keyboard.type("Anna")
    await page.keyboard.press("Tab")
    await page.keyboard.type("anna@example.org")
    for _ in range(20):
        if await page.evaluate("document.activeElement.name") == "ok":
            break
        await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")  # a second one is no second form
    await expect(page.get_by_role("heading", name="Sent")).to_be_visible()
    [entry] = await submissions(hub)
    assert entry.data.get("suspected", {}).keys() <= {"quick"}  # the work was done; this robot is fast
    await page.reload()
    await page.go_back()
    await expect(page.get_by_role("button", name="Send")).to_be_visible()
    if await page.get_by_label("Your name").input_value() == "":  # browsers differ in what they bring back
        await fill(page)
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("heading", name="Sent")).to_be_visible()
    assert [one.id for one in await submissions(hub)] == [entry.id]


async def test_without_scripts_a_file_and_every_word_survive_an_error(hub: Hub, opened: Browser) -> None:
    page = await (await opened.new_context(java_script_enabled=False)).new_page()
    await page.goto(f"{hub.url}/forms/ride")
    await fill(page)
    await page.get_by_label("Order").fill("nonsense")
    await page.get_by_label("A bag").check()
    png: FilePayload = {"name": "me.png", "mimeType": "image/png", "buffer": a_png()}
    await page.get_by_label("Photo").set_input_files(png)
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_label("Order")).to_have_accessible_description("Like A-1042, please.")
    await expect(page.get_by_label("Your name")).to_have_value("Anna")
    await expect(page.get_by_label("A bag")).to_be_checked()
    await expect(page.get_by_label(re.compile("me.png"))).to_be_checked()
    await page.get_by_label("Order").fill("A-1042")
    await asyncio.sleep(QUICK_SECONDS)  # nobody writes faster, and without scripts that is one of few signs
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("heading", name="Sent")).to_be_visible()
    [entry] = await submissions(hub)
    assert [file.name for file in entry.content.files] == ["me.png"]
    assert entry.data["fields"]["extras"] == "bag"


async def test_the_browsers_hash_is_the_hash(hub: Hub, opened: Browser) -> None:
    """Our own SHA-256 and our own masks agree with the server's."""
    page = await opened.new_page(bypass_csp=True)  # what a test brings in has no nonce
    await page.goto(f"{hub.url}/forms/ride")
    ours = await page.evaluate(
        """async () => {
            const form = document.getElementById("form");
            const { head } = await import(form.dataset.worker);
            const { matches } = await import(form.dataset.worker.replace("work.js", "mask.js"));
            const texts = ["", "abc", "x".repeat(55)];
            const wanted = await Promise.all(texts.map(async (text) =>
                new DataView(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).getUint32(0)));
            const number = "A-9999[9]|9999";
            const masks = [[number, "a-10423"], [number, "1042"], ["[9][9]9", "12a"], ["\\\\A", "b"]];
            return [texts.map(head), wanted, masks.map(([mask, text]) => matches(mask, text))];
        }"""
    )
    assert ours[0] == ours[1]
    assert ours[2] == [True, True, False, False]
