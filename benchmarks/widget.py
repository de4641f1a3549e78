"""The widget in a real browser: how large it is, how soon its launcher is there, and how soon the chat is open."""

from __future__ import annotations

from collections.abc import AsyncIterator

from playwright.async_api import Browser

from benchmarks.figures import Figure, limited
from benchmarks.stage import Stage
from benchmarks.visitor import SITE
from core.channel import Account
from portal.chat.script import Script
from tests.browser import browsing
from tests.portal.browsing import foreign_site

LIMIT_KB = 30
LIMIT_MS = 500

# Until the composer has the focus, and until the hub has welcomed the visitor.
OPEN = """() => new Promise((done) => {
  const root = document.querySelector("switchboard-chat").shadowRoot;
  const began = performance.now();
  root.querySelector(".launcher").click();
  const shown = performance.now() - began;
  const look = () => root.querySelector(".duty").textContent && root.querySelector("[role=log]").ariaLive === "polite"
    ? done([shown, performance.now() - began]) : setTimeout(look, 1);
  look();
})"""
# From the start of the page until the launcher is in it, by the browser's own clock.
LAUNCHER = """() => new Promise((done) => {
  const look = () => document.querySelector("switchboard-chat")?.shadowRoot?.querySelector(".launcher")
    ? done(performance.now()) : setTimeout(look, 1);
  look();
})"""


async def run(stage: Stage) -> AsyncIterator[Figure | str]:
    """A new browser profile each round, so nothing is there already."""
    yield limited("the widget, compressed", "KB", [len(Script().packed) / 1024], LIMIT_KB)
    async with (
        stage.stores(database := stage.database()) as stores,
        stage.hub(database) as hub,
        foreign_site(hub.url, f'data-site="{SITE}"') as site,
        browsing() as browser,
    ):
        await stores.accounts.save(Account("webchat", SITE, "Bench", {"origins": site}))
        await _once(browser, site)
        rounds = [await _once(browser, site) for _ in range(stage.rounds(7))]
    yield limited("page to launcher, nothing cached", "ms", [launcher for launcher, _, _ in rounds], LIMIT_MS)
    yield Figure("click to the open panel", "ms", [shown for _, shown, _ in rounds])
    yield limited("click to the visitor's welcome", "ms", [welcome for _, _, welcome in rounds], LIMIT_MS)


async def _once(browser: Browser, site: str) -> tuple[float, float, float]:
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(site, wait_until="commit")
    launcher = float(await page.evaluate(LAUNCHER))
    shown, welcome = await page.evaluate(OPEN)
    await context.close()
    return launcher, float(shown), float(welcome)
