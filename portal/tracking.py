"""`/track/TOKEN`: one order, live. The token is the only key; whoever has it may look, and nobody can guess it."""

from __future__ import annotations

import asyncio
import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web
from babel.dates import format_date

from core.hang_up import hang_up
from core.orders.order import Order
from portal.needs import Needs
from portal.page import language_of, missing, page, rendered, zone_of

PATH = ("created", "paid", "in_production", "shipped", "delivered")
ENDED = ("cancelled", "refunded")
QUIET = 25  # seconds after which a comment keeps proxies from closing a silent stream
_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,200}")
_HEADERS = {"X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}


@dataclass(frozen=True, slots=True)
class Stage:
    """One step as the page shows it. `state` is done, now, ahead or ended; `at` is when it was reached, if known."""

    name: str
    state: str
    at: datetime | None = None


def stages(order: Order) -> list[Stage]:
    """The steps of `order` from the first to the last, also those the shop skipped or that will not come any more."""
    reached = {step.status: step.at for step in order.history}
    if order.status in ENDED:
        went = [Stage(name, "done", reached[name]) for name in PATH if name in reached]
        over = [Stage(name, "ended", reached.get(name)) for name in ENDED if name in reached or name == order.status]
        return went + over
    at = PATH.index(order.status) if order.status in PATH else 0
    last = len(PATH) - 1
    return [
        Stage(
            name,
            "ahead" if n > at else "now" if n == at and at < last else "done",
            reached.get(name) if n <= at else None,
        )
        for n, name in enumerate(PATH)
    ]


class Tracking:
    """The handlers of `/track`."""

    def __init__(self, needs: Needs) -> None:
        self.needs = needs

    async def _order(self, request: web.Request) -> Order | None:
        token = request.match_info["token"]
        return await self.needs.orders.by_token(token) if _TOKEN.fullmatch(token) else None

    async def show(self, request: web.Request) -> web.Response:
        """GET /track/TOKEN."""
        order = await self._order(request)
        if order is None:
            return missing(self.needs, request, "track")
        language = language_of(self.needs, request)
        live = _live(order, language)
        return page(self.needs, request, "track.html", "track", language=language, headers=_HEADERS, **live)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """GET /track/TOKEN/events: the order as HTML whenever it changes (server-sent events, WHATWG HTML)."""
        order = await self._order(request)
        if order is None:
            return web.Response(status=404)
        language = language_of(self.needs, request)
        answer = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        answer.force_close()
        await answer.prepare(request)

        async def write(data: bytes) -> None:
            async with asyncio.timeout(self.needs.slow_seconds):
                await answer.write(data)

        known = request.headers.get("Last-Event-ID") or request.query.get("known", "")
        gone = (ConnectionError, TimeoutError, asyncio.CancelledError)
        with self.needs.streams.page(), suppress(*gone):
            # Follow first, then read: what changes in between comes once more.
            async with self.needs.feed.subscribe(f"order:{order.id}") as changes:
                await write(b"retry: 2000\n\n")
                while True:
                    order = await self._order(request)
                    if order is None:
                        break
                    if (now := version(order)) != known:
                        live = _live(order, language)
                        html = rendered(self.needs, "order.html", language, "track", zone=zone_of(request), **live)
                        data = "".join(f"data: {line}\n" for line in html.splitlines())
                        await write(f"id: {now}\n{data}\n".encode())
                        known = now
                    while not await changes.next(timeout=QUIET):
                        await write(b": still here\n\n")
        hang_up(request.transport)
        return answer


def _live(order: Order, language: str) -> dict[str, Any]:
    """What `order.html` shows. The promised date is a date, the same wherever it is read."""
    day = order.promised.date() if order.promised else None
    promised = (day.isoformat(), format_date(day, "long", locale=language)) if day else None
    return {"order": order, "stages": stages(order), "promised": promised}


def version(order: Order) -> str:
    """The same while the page would look the same."""
    shown = (order.status, order.promised, order.tracking_url, order.lines, order.total, order.history)
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]
