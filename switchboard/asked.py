"""Gives every request an id, under which its lines are logged and its errors can be reported.

A proxy in front of the hub may name it (`X-Request-ID`, or W3C `traceparent`): then what comes of the request is
followed under that name all the way to its delivery. Strangers may not, lest they write into our log.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from core.ids import new_id
from core.meter import Labels
from core.trace import asked

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger(__name__)

HEADER = "X-Request-ID"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
# https://www.w3.org/TR/trace-context/#traceparent-header: version, trace, parent, flags.
_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


def named(request: web.Request) -> str:
    """The name that the request's headers give it; empty when none is well-formed."""
    headers = request.headers
    if (name := headers.get(HEADER)) and _NAME.fullmatch(name):
        return name
    if (parent := headers.get("traceparent")) and (found := _PARENT.fullmatch(parent)) and set(found[1]) != {"0"}:
        return found[1]
    return ""


def numbered(trusted: Callable[[web.Request], bool], answers: Counter[Labels]) -> Middleware:
    """The middleware that begins every request; `trusted` says whether it comes from a proxy of ours.

    `answers` counts by (route, status).
    """

    def ended(request: web.Request, response: web.StreamResponse, id: str) -> None:
        """An answer that says sorry tells under which id, and the log has a line with it."""
        route = route_of(request)
        answers[route, str(response.status)] += 1
        if response.status >= 500:
            log.info("web.sorry", status=response.status, method=request.method, route=route)
            if not response.prepared:
                response.headers[HEADER] = id

    @web.middleware
    async def number(request: web.Request, handler: Handler) -> web.StreamResponse:
        headers = request.headers
        given = ""
        if (HEADER in headers or "traceparent" in headers) and trusted(request):
            given = named(request)
        id = given or new_id()
        # A socket lives on and carries many messages: each is followed under its own id.
        asked(id, "" if "Upgrade" in headers else given)
        try:
            response = await handler(request)
        except web.HTTPException as refusal:
            ended(request, refusal, id)
            raise
        ended(request, response, id)
        return response

    return number


def route_of(request: web.Request) -> str:
    """The route's pattern, never the path: paths may hold tokens."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "?"
