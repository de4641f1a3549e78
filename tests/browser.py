"""A real browser for tests: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

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
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """A headless browser, closed at the end."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
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
