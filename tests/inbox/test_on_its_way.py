"""What a page asked for before it became something else is not put into what it is now."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect

from core.agents.agent import Agent
from core.interactions.interaction import Author
from switchboard.hub import Hub
from tests.browser import page_of
from tests.inbox.desk import agent_of, asks, says
from tests.inbox.pages import drag, sign_in
from tests.making import make_message

# Notes when the pane of one conversation shows words of another.
WATCH = """([shown, words]) => {
  const look = () => {
    if (document.getElementById("main").dataset.conversation !== shown) return;
    if (document.getElementById("main").textContent.includes(words)) window.mixed = true;
  };
  window.mixed = false;
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


class Late:
    """Answers to what the page asks of `pattern` for its parts: as old as the question, and given after `let_go`."""

    def __init__(self) -> None:
        self.asked, self._go, self._given = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._waiting = 0

    async def hold(self, page: Page, pattern: str) -> None:
        """From now on."""
        await page.route(pattern, self._handle)

    async def _handle(self, route: Route) -> None:
        if "x-regions" not in route.request.headers or self._go.is_set():
            await route.continue_()
            return
        self._waiting += 1
        answer = await route.fetch()
        self.asked.set()
        await self._go.wait()
        await route.fulfill(response=answer)
        self._waiting -= 1
        if not self._waiting:
            self._given.set()

    async def let_go(self) -> None:
        """Give them all; returns when the browser has them."""
        self._go.set()
        await self._given.wait()


@pytest.mark.parametrize("what", ["a new message", "earlier messages"])
async def test_no_conversation_is_shown_in_the_place_of_another(
    hub: Hub, browser: Browser, maria: Agent, what: str
) -> None:
    errors: list[str] = []
    ann, bob = await asks(hub, "ann", name="Ann"), await asks(hub, "bob", name="Bob")
    usual: dict[str, Any] = {"address": ann.address, "channel": "webchat", "account": "site"}
    usual |= {"author": Author("bot"), "direction": "out", "status": "sent", "conversation_id": ann.id}
    await hub.parts.stores.interactions.add([make_message(f"only for Ann {n}", **usual) for n in range(120)])
    _, page = await page_of(browser, errors)
    await sign_in(hub, page, maria)
    await page.locator(f"#c-{ann.id} a").click()
    await expect(page.locator("#thread")).to_contain_text("only for Ann 119")
    late = Late()
    async with asyncio.timeout(120):
        await late.hold(page, f"**/inbox/c/{ann.id}*")
        if what == "a new message":
            await says(hub, "only for Ann too", "ann", name="Ann")
        else:
            await page.get_by_role("link", name="Earlier messages").click()
        await late.asked.wait()
        await page.evaluate(WATCH, [bob.id, "only for Ann"])
        await page.locator(f"#c-{bob.id} a").click()
        await expect(page.locator("#main")).to_have_attribute("data-conversation", bob.id)
        await late.let_go()
        await says(hub, "and this from Bob", "bob", name="Bob")
        await expect(page.locator("#thread")).to_contain_text("and this from Bob")
    assert await page.evaluate("window.mixed") is False
    assert errors == []


async def test_an_order_made_by_hand_is_not_undone_by_what_was_asked_before(hub: Hub, browser: Browser) -> None:
    errors: list[str] = []
    late = Late()
    _, page = await page_of(browser, errors, viewport={"width": 1280, "height": 1400})
    await sign_in(hub, page, await agent_of(hub, "Ada", "admin"))
    rows = page.locator("#ordered > li")
    async with asyncio.timeout(120):
        await late.hold(page, "**/inbox/bot/questions")
        await page.goto(f"{hub.url}/inbox/bot/questions")
        await late.asked.wait()  # a page that was just opened looks once more
        await drag(page, page.locator("#q-follow-order .handle"), page.locator("#q-my-data"))
        await page.locator("#q-my-data .handle").focus()
        await page.keyboard.press("ArrowUp")
        async with page.expect_response(lambda answer: "x-regions" in answer.request.headers):
            await late.let_go()
        await expect(page.locator("#aloud")).to_contain_text("is now number 1 of 3")
        names = ["my-data", "change-delivery", "follow-order"]
        while [one.id for one in await hub.parts.stores.faq.all()] != names:
            await asyncio.sleep(0.05)
        assert await rows.evaluate_all("all => all.map((one) => one.id)") == [f"q-{name}" for name in names]
    assert errors == []
