"""How often one place may knock at a door that asks for no sign-in: enough for whole offices, too little to guess."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

from aiohttp import web

from portal.limits import Places
from portal.needs import Needs
from portal.page import page

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def knocking(needs: Needs, places: Places, handler: Handler) -> Handler:
    """`handler`, for as many requests of one place as `places` lets through; the rest gets 429 and when to come."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if wait := places.take(needs.visitor_ip(request)):
            headers = {"Retry-After": str(max(1, math.ceil(wait))), "X-Robots-Tag": "noindex"}
            return page(needs, request, "busy.html", "page", status=429, headers=headers)
        return await handler(request)

    return answer
