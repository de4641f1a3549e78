"""Makes one web application of the rooms' routes: size limits, security headers, errors as answers, who is asking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from core.database import away, cannot_store
from core.errors import CannotStore, SwitchboardError
from core.meter import Labels
from core.trace import request as asked_for
from switchboard.asked import numbered, route_of

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# What a page gets that sets no policy of its own: nothing may be loaded, nothing may frame it.
DEFAULT_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


def application(
    routes: Iterable[web.AbstractRouteDef],
    *,
    middlewares: Sequence[Middleware],
    max_body: int,
    proxies: Sequence[IPv4Network | IPv6Network] = (),
    answers: Counter[Labels] | None = None,
) -> web.Application:
    """The application with these routes. `max_body` bounds what `request.read()` takes, in bytes; beyond it is 413.

    `proxies` are the networks that may name a request (`switchboard.asked`), `answers` counts by (route, status).
    """
    number = numbered(Visitors(proxies).is_proxy, Counter() if answers is None else answers)
    app = web.Application(client_max_size=max_body, middlewares=[number, secure, quiet, *middlewares])
    app.add_routes(routes)
    return app


@web.middleware
async def secure(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Security headers on every answer, also on refusals."""
    try:
        response = await handler(request)
    except web.HTTPException as refusal:
        _headers(refusal)
        raise
    if not response.prepared:
        _headers(response)
    return response


def _headers(response: web.StreamResponse) -> None:
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    headers.setdefault("Content-Security-Policy", DEFAULT_POLICY)
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")


@web.middleware
async def quiet(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What no room foresaw becomes a plain 500 with nothing inside; the log has the rest."""
    try:
        return await handler(request)
    except (web.HTTPException, ConnectionError):
        raise
    except CannotStore as error:
        return _later(error)
    except SwitchboardError as error:
        log.warning("web.unanswered", route=route_of(request), code=error.code)
        return web.Response(status=400, text=error.sentence)
    except Exception as error:
        if away(error):
            return _later(cannot_store(error))
        log.exception("web.failed", method=request.method, route=route_of(request))
        sorry = f"Something went wrong here. It was noted; please try again. [{asked_for()}]"
        return web.Response(status=500, text=sorry)


def _later(error: CannotStore) -> web.Response:
    text = f"{error.sentence} [{asked_for()}]"
    return web.Response(status=503, text=text, headers={"Retry-After": str(max(1, round(error.after)))})


class Visitors:
    """Tells who is asking: the address of the connection, or what trusted proxies in front of us say it was."""

    def __init__(self, trusted: Sequence[IPv4Network | IPv6Network]) -> None:
        self._trusted = trusted

    def __call__(self, request: web.Request) -> str:
        """The visitor's IP address. `X-Forwarded-For` is believed only from a trusted proxy, from the right."""
        address = request.remote or ""
        if not self._is_trusted(address):
            return address
        # Some proxies add a line of their own to those that are there: together they are one list (RFC 9110, 5.3).
        for hop in reversed(",".join(request.headers.getall("X-Forwarded-For", ())).split(",")):
            if not hop.strip():
                continue
            address = hop.strip()
            if not self._is_trusted(address):
                break
        return address

    def is_proxy(self, request: web.Request) -> bool:
        """Whether the request comes from a trusted proxy."""
        return self._is_trusted(request.remote or "")

    def _is_trusted(self, address: str) -> bool:
        try:
            ip = ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in self._trusted)
