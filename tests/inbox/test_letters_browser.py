"""Writing letters in a real browser: copies by one press, pasted pictures, keys, screen readers, a phone."""

from __future__ import annotations

import email
import email.policy
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from core.agents.agent import Agent
from switchboard.hub import Hub
from tests.browser import assert_accessible, page_of
from tests.inbox.desk import agent_of, asks
from tests.inbox.letters import arrives, mail_line, sent, thread_about, written
from tests.inbox.pages import fits, sign_in
from tests.servers.smtp import FaultySmtp

PASTES = """() => {
    const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([bytes], "image.png", { type: "image/png" }));
    document.getElementById("text").dispatchEvent(
        new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
async def post(hub: Hub) -> AsyncIterator[FaultySmtp]:
    async with FaultySmtp() as server:
        await mail_line(hub, server, signature="The shop")
        yield server


async def test_an_agent_answers_everybody_with_a_picture_and_writes_to_somebody_first(
    hub: Hub, browser: Browser, maria: Agent, post: FaultySmtp
) -> None:
    errors: list[str] = []
    html = '<p>A quote, please.</p><img src="https://tracker.example/p.png">'
    cc = "Ivan <ivan@firm.example>, boss@firm.example"
    await arrives(hub, written("Ann <ann@firm.example>", "A quote", "A quote, please.", html=html, Cc=cc))
    conversation = await thread_about(hub, "A quote")
    context, page = await page_of(browser, errors)
    await sign_in(hub, page, maria)
    await page.goto(f"{hub.url}/inbox/c/{conversation.id}")
    await page.get_by_role("button", name="Copy to all").click()
    await expect(page.locator("#cc")).to_have_value("ivan@firm.example, boss@firm.example")
    await expect(page.locator(".others")).to_be_hidden()
    await page.keyboard.type("Here: ")
    await page.evaluate(PASTES)
    await page.evaluate(PASTES)
    await expect(page.locator("#text")).to_have_value("Here: [image.png][image-2.png]")
    await page.locator("#chosen button").first.click()
    await expect(page.locator("#text")).to_have_value("Here: [image-2.png]")
    # What is not sent yet survives a reload, but for files, which no page may keep.
    await page.reload()
    await expect(page.locator("#cc")).to_have_value("ivan@firm.example, boss@firm.example")
    await page.locator("#text").fill("Here: ")
    await page.evaluate(PASTES)
    await page.locator("#text").press("Control+Enter")
    bubble = page.locator(".entry.ours").filter(has_text="Here:")
    await expect(bubble).to_contain_text("Cc: ivan@firm.example, boss@firm.example")
    await expect(bubble).to_contain_text("Sent")
    await expect(bubble).to_have_count(1)
    await expect(page.locator("#chosen")).to_be_hidden()
    mail = email.message_from_bytes((await sent(post))[0], policy=email.policy.default)
    assert any(part["Content-ID"] for part in mail.walk())

    # A note has nobody in copy, and the picture from outside is not loaded before it is asked for.
    await page.locator("#thread").click()
    await page.keyboard.press("n")
    await expect(page.locator("#cc")).to_be_hidden()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.route("https://tracker.example/**", lambda route: route.abort())
    await page.locator(".entry.theirs .as-sent summary").click()
    await expect(page.frame_locator(".entry.theirs iframe").get_by_text("A quote, please.")).to_be_visible()
    assert not [url for url in asked if "tracker" in url]
    async with page.expect_request("https://tracker.example/p.png"):
        await page.get_by_role("link", name="Show them").click()
    errors = [error for error in errors if "tracker" not in error and "ERR_FAILED" not in error]

    # With the keyboard alone: a first letter.
    await page.goto(f"{hub.url}/inbox/")
    await page.keyboard.press("c")
    await page.wait_for_url("**/inbox/new")
    await page.get_by_label("Mail address").fill("new@firm.example")
    await page.get_by_label("Subject").fill("Your repair")
    await page.get_by_label("Your words").fill("It is done.")
    # Nothing is lost when the network is.
    await context.set_offline(True)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast.bad")).to_be_visible()
    await expect(page.get_by_label("Your words")).to_have_value("It is done.")
    await context.set_offline(False)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".entry.ours")).to_contain_text("It is done.")
    await expect(page.locator("#head")).to_contain_text("Your repair")
    assert [error for error in errors if "ERR_INTERNET_DISCONNECTED" not in error] == []


@pytest.mark.parametrize(("scheme", "width", "language"), [("light", 1360, "en"), ("dark", 390, "uk")])
async def test_letters_are_for_everybody(
    hub: Hub, browser: Browser, post: FaultySmtp, scheme: str, width: int, language: str
) -> None:
    ada = await agent_of(hub, "Ada", "admin", language)
    cc = ", ".join(f"a-rather-long-name-{n}@department.firm.example" for n in range(6))
    raw = written("Bank <bank@bank.example>", "Urgent", "Your password, please", vouched=False, Cc=cc)
    await arrives(hub, raw)
    letter = await thread_about(hub, "Urgent")
    data = {"consents": [{"field": "marketing", "words": "Offers by mail."}]}
    chat = await asks(hub, kind="form", data=data)
    await hub.parts.stores.addresses.learn(chat.address, reachable=False, gone="The customer blocked this line.")
    size = {"width": width, "height": 800}
    _, page = await page_of(browser, [], viewport=size, color_scheme=scheme, reduced_motion="reduce")
    await sign_in(hub, page, ada)
    for path in (
        f"/inbox/c/{letter.id}",
        f"/inbox/c/{chat.id}#side",
        f"/inbox/customers/{chat.customer_id}#side",
        "/inbox/new",
        f"/inbox/new?customer={letter.customer_id}",
        "/inbox/me",
    ):
        await page.goto(hub.url + path)
        await page.evaluate("document.querySelectorAll('details:not(.menu)').forEach((one) => (one.open = true))")
        await assert_accessible(page)
        await fits(page)
