"""A real browser for tests: Debian's Chromium, driven by Playwright.

The shell without windows is taken where it is installed: it draws and runs the same, and starts in half the time.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # ships no types
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# A test waits for what must come; how long that takes is not what it asks.
PATIENCE = 120_000
expect.set_options(timeout=PATIENCE)


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """A headless browser, closed at the end."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    assert program, "no Chromium was found; tests/prepare.sh says what to install"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


async def page_of(browser: Browser, errors: list[str], **options: object) -> tuple[BrowserContext, Page]:
    """A page in a context of its own (a person at their own machine); what goes wrong in it is added to `errors`."""
    context = await browser.new_context(**options)  # type: ignore[arg-type]  # Playwright's own options
    page = await context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: errors.append(f"{page.url}: {error}"))
    page.on("console", lambda line: errors.append(f"{page.url}: {line.text}") if line.type == "error" else None)
    return context, page


SETTLED = """async () => {
  const running = [...document.getAnimations()];
  const look = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (!element.shadowRoot) continue;
      running.push(...element.shadowRoot.getAnimations());
      look(element.shadowRoot);
    }
  };
  look(document);
  const ending = running.filter((one) => one.effect.getComputedTiming().iterations !== Infinity);
  await Promise.allSettled(ending.map((one) => one.finished));
}"""


async def assert_accessible(page: Page, part: str | None = None) -> None:
    """Fails when axe finds anything on the page, or in the part of it that a selector names."""
    # What is just fading in is not what anybody reads.
    await page.evaluate(SETTLED)
    # Only what is wrong is written out: naming every element that is right takes most of its time.
    found = await Axe().run(page, {"include": [[part]]} if part else None, {"resultTypes": ["violations"]})
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
