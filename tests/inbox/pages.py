"""The inbox's pages in a browser: signing in, dragging, and whether they fit."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect

from core.agents.agent import Agent
from switchboard.hub import Hub
from tests.inbox.desk import PASSWORD


async def sign_in(hub: Hub, page: Page, agent: Agent) -> None:
    """Through the sign-in page."""
    await page.goto(f"{hub.url}/inbox/")
    await page.locator("[name=email]").fill(agent.email)
    await page.locator("[name=password]").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/inbox/")


async def fits(page: Page) -> None:
    """Nothing sticks out sideways."""
    wide = await page.evaluate(
        """() => document.documentElement.scrollWidth <= window.innerWidth ? [] :
            [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
                .map((e) => e.outerHTML.slice(0, 100))"""
    )
    assert wide == [], page.url


async def drag(page: Page, handle: Locator, to: Locator) -> None:
    """Take `handle` to the far end of `to`."""
    await handle.hover()  # which waits until nothing moves any more
    end = await to.bounding_box()
    assert end
    await page.mouse.down()
    await expect(page.locator(".moving")).to_have_count(1)
    await page.mouse.move(end["x"] + 40, end["y"] + end["height"] * 0.6, steps=4)
    await page.mouse.move(end["x"] + 40, end["y"] + end["height"] * 0.9, steps=4)
    await page.mouse.up()
