"""A real browser, and a company's site on an origin of its own whose policy allows the hub and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from playwright.async_api import Page

from tests.browser import browsing as browser

__all__ = ["browser", "complaints", "foreign_site"]


@asynccontextmanager
async def foreign_site(hub: str, attributes: str = 'data-site="shop"') -> AsyncIterator[str]:
    """The URL of a page elsewhere that shows the chat of `hub`, with a policy as strict as it can be.

    Its own style sheet tries to reach into the widget.
    """
    socket = hub.replace("http", "ws", 1)
    policy = (
        f"default-src 'none'; script-src {hub}; connect-src {socket} {hub}; img-src {hub}; style-src 'self'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )
    html = (
        '<!doctype html><html lang="en">'
        '<meta name="viewport" content="width=device-width"><title>Shop</title><link rel="stylesheet" href="/site.css">'
        f'<h1>A shop</h1><button>Its button</button><script async src="{hub}/chat/widget.js" {attributes}></script>'
    )
    css = "* { color: red !important; font-size: 40px !important } button { display: none !important }"

    async def show(_: web.Request) -> web.Response:
        return web.Response(text=html, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def style(_: web.Request) -> web.Response:
        return web.Response(text=css, content_type="text/css")

    app = web.Application()
    app.add_routes([web.get("/", show), web.get("/site.css", style)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def complaints(page: Page) -> list[str]:
    """Collects what the page's console has to complain about, but for the connections a test cuts."""
    found: list[str] = []

    def heard(text: str) -> None:
        if "WebSocket connection" not in text and "ERR_INTERNET_DISCONNECTED" not in text:
            found.append(text)

    page.on("console", lambda message: heard(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found
