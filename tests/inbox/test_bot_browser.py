"""The bot's pages in a real browser: previews follow, lists are put in order, a trial is talked to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser, Page, expect

from core.hours.hours import Hours
from core.hours.written import read_week
from switchboard.hub import Hub
from tests.browser import assert_accessible, page_of
from tests.inbox.desk import agent_of
from tests.inbox.pages import drag, fits, sign_in
from tests.inbox.test_bot import history_of_runs, planned_call

PAGES = (
    *("/inbox/calls", "/inbox/bot/report", "/inbox/bot/try", "/inbox/bot/texts", "/inbox/bot/texts/order.one"),
    *("/inbox/bot/menu", "/inbox/bot/questions", "/inbox/bot/questions/my-data", "/inbox/bot/hours"),
)


async def admin_at(hub: Hub, browser: Browser, errors: list[str], language: str = "en", **options: object) -> Page:
    _, page = await page_of(browser, errors, timezone_id="Europe/Kyiv", **options)
    await sign_in(hub, page, await agent_of(hub, "Ada", "admin", language))
    return page


@pytest.mark.parametrize(("language", "theme", "width"), [("en", "light", 1280), ("ru", "dark", 390)])
async def test_every_page_of_the_bot_fits_and_can_be_used_by_everybody(
    hub: Hub, browser: Browser, language: str, theme: str, width: int
) -> None:
    errors: list[str] = []
    await history_of_runs(hub)
    await planned_call(hub)
    week = read_week("mon-fri 9:00-13:00 14:00-18:00")
    await hub.parts.stores.hours.save(Hours("Europe/Kyiv", week, {"12-25": ()}), by="x", now=datetime.now(UTC))
    page = await admin_at(hub, browser, errors, language, viewport={"width": width, "height": 844}, color_scheme=theme)
    for path in PAGES:
        await page.goto(hub.url + path)
        await expect(page.locator("main h1")).to_be_visible()
        await assert_accessible(page)
        await fits(page)
    assert errors == []


async def test_the_preview_follows_what_is_typed_on_the_channel_that_is_chosen(hub: Hub, browser: Browser) -> None:
    errors: list[str] = []
    page = await admin_at(hub, browser, errors)
    await page.goto(f"{hub.url}/inbox/bot/texts/order.one")
    await page.locator("#f-text-en").fill("Your {number} is {status} <b>")
    await expect(page.locator("#seen-en .said")).to_have_text("Your A-1042 is on its way to you <b>")
    await page.locator("#f-text-en").fill("Your {nummer}")
    await expect(page.locator("#w-en .wrong")).to_contain_text("{nummer} is not known here")
    await page.get_by_text("Email").click()
    await expect(page.locator("#seen-en .letter")).to_have_text("Your {nummer}")
    await page.locator("#f-text-en").fill("Your {number}: {status}")
    await expect(page.locator("#w-en .wrong")).to_have_count(0)
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#toasts")).to_contain_text("Saved")
    assert (await hub.parts.stores.persona.get()).texts["en"]["order.one"] == "Your {number}: {status}"

    await page.goto(f"{hub.url}/inbox/bot/hours")
    for day in range(7):
        await page.locator(f"#f-week-{day}").fill("24h")
    await expect(page.locator("#present")).to_contain_text("Open now")
    await page.locator("#f-week-3").fill("all day")
    await expect(page.locator("#present")).to_contain_text("cannot be read")
    assert errors == []


async def test_the_menu_and_the_questions_are_put_in_order_by_drag_and_by_keyboard(hub: Hub, browser: Browser) -> None:
    errors: list[str] = []
    page = await admin_at(hub, browser, errors, viewport={"width": 1280, "height": 1400})
    await page.goto(f"{hub.url}/inbox/bot/menu")
    rows = page.locator("#ordered > li")
    await page.locator("#l-order_status .handle").focus()
    await page.keyboard.press("ArrowDown")
    await expect(rows.first).to_have_id("l-callback")
    await expect(page.locator("#aloud")).to_have_text("Where is my order? is now number 2 of 10")
    await drag(page, page.locator("#l-callback .handle"), page.locator("#l-faq"))
    await expect(rows.nth(2)).to_have_id("l-callback")
    await page.locator("#l-person [name=on]").uncheck()
    lines = page.locator("#seen-en .said-buttons li")
    await expect(lines).to_have_text(["Where is my order?", "Questions and answers", "Call me back", "Язык / Мова"])
    await page.locator("#l-faq").locator("button[value^=up]").click()
    await expect(rows.first).to_have_id("l-faq")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#toasts")).to_contain_text("Saved")
    assert (await hub.parts.stores.persona.get()).menu == ("faq", "order_status", "callback", "language")

    await page.goto(f"{hub.url}/inbox/bot/questions")
    names = ["follow-order", "change-delivery", "my-data"]
    assert [one.id for one in await hub.parts.stores.faq.all()] == names
    async with page.expect_response(lambda answer: answer.request.method == "POST"):
        await drag(page, page.locator("#q-follow-order .handle"), page.locator("#q-my-data"))
    await expect(rows.last).to_have_id("q-follow-order")
    await page.locator("#q-my-data").get_by_role("button", name="Remove").click()
    await expect(rows).to_have_count(2)
    await page.locator("#toasts").get_by_role("button", name="Undo").click()
    await expect(rows).to_have_count(3)
    assert [one.id for one in await hub.parts.stores.faq.all()] == ["change-delivery", "my-data", "follow-order"]
    assert errors == []


async def test_a_trial_is_talked_to_with_words_and_buttons_and_begun_anew(hub: Hub, browser: Browser) -> None:
    errors: list[str] = []
    page = await admin_at(hub, browser, errors)
    await page.goto(f"{hub.url}/inbox/bot/try")
    await page.evaluate("window.stayed = true")
    await page.locator("#f-text").fill("hello")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Call me back").click()
    await expect(page.locator(".talk-line.mine").last).to_have_text("Call me back")
    await expect(page.locator("#talk")).to_contain_text("Which number shall we call?")
    await expect(page.locator("#aloud")).to_contain_text("Which number shall we call?")
    await expect(page.locator("#f-text")).to_be_focused()
    await page.get_by_text("Email").click()
    await page.locator("#f-text").fill("+380 50 111 22 33")
    await page.keyboard.press("Enter")
    await expect(page.locator("#talk .letter").last).to_contain_text("+380 50 111 2233")
    await expect(page.locator("#f-text")).to_have_value("")
    await page.get_by_role("button", name="Begin anew").click()
    await expect(page.locator(".talk-line")).to_have_count(0)
    assert await page.evaluate("window.stayed") is True
    assert await hub.parts.stores.interactions.tasks() == []
    assert errors == []


async def test_a_call_is_done_from_its_conversation(hub: Hub, browser: Browser) -> None:
    errors: list[str] = []
    call = await planned_call(hub)
    page = await admin_at(hub, browser, errors)
    await page.goto(f"{hub.url}/inbox/c/{call.conversation_id}")
    await expect(page.get_by_role("link", name="Calls 1")).to_be_visible()
    entry = page.locator(f"#e-{call.id}")
    await entry.get_by_role("button", name="Done").click()
    await expect(page.locator("#toasts")).to_contain_text("The call is done")
    await expect(entry.get_by_role("button")).to_have_count(0)
    await expect(entry.locator(".chip.good")).to_have_text("Done")
    await expect(page.get_by_role("link", name="Calls", exact=True)).to_be_visible()
    assert errors == []
