"""Makes one web application of the rooms' routes: limits, security headers, errors as answers, who is asking."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

import structlog
from aiohttp import HttpVersion11, web
from aiohttp.typedefs import Middleware

from core.database import away, cannot_store
from core.errors import CannotStore, SwitchboardError
from core.meter import Labels
from core.trace import request as asked_for
from switchboard.asked import numbered, route_of

log = structlog.get_logger(__name__)

Networks = Sequence[IPv4Network | IPv6Network]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# What a page gets that sets no policy of its own: nothing may be loaded, nothing may frame it.
DEFAULT_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


# What a request must bring a second, so that a slow phone may and a drip may not (bytes).
LEAST_PACE = 4096


def application(
    routes: Iterable[web.AbstractRouteDef],
    *,
    middlewares: Sequence[Middleware],
    max_body: int,
    patience: float,
    proxies: Networks = (),
    answers: Counter[Labels] | None = None,
) -> web.Application:
    """The application with these routes. `max_body` bounds what `request.read()` takes, in bytes; beyond it is 413.

    A body that brings next to nothing within `patience` seconds is cut off with 408. `proxies` are the networks that
    may name a request (`switchboard.asked`), `answers` counts by (route, status).
    """
    number = numbered(Visitors(proxies).is_proxy, Counter() if answers is None else answers)
    app = web.Application(client_max_size=max_body, middlewares=[number, quiet, in_time(patience), *middlewares])
    app.on_response_prepare.append(secure)
    app.add_routes(map(_expecting, routes))
    return app


def _expecting(route: web.AbstractRouteDef) -> web.AbstractRouteDef:
    if not isinstance(route, web.RouteDef):
        return route
    return web.RouteDef(route.method, route.path, route.handler, {**route.kwargs, "expect_handler": expected})


async def expected(request: web.Request) -> None:
    """Called for a request that waits to be told to go on. What else it may expect we do not know, nor repeat.

    aiohttp's own answer repeats the header, and falls over bytes in it that are no text.
    """
    if request.version < HttpVersion11:
        return
    if request.headers.get("Expect", "").lower() != "100-continue":
        raise web.HTTPExpectationFailed(text="What this request expects is not known here.")
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # the answer itself has not begun


async def secure(_: web.Request, response: web.StreamResponse) -> None:
    """Security headers on every answer, also on refusals and on streams."""
    headers = response.headers
    headers["Server"] = "Switchboard"  # and not which versions of what it is made of
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    headers.setdefault("Content-Security-Policy", DEFAULT_POLICY)
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")


def in_time(patience: float) -> Middleware:
    """A request that drips is cut, so that it holds no door and no memory; what came with its header costs nothing."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.can_read_body or request.content.is_eof():
            return await handler(request)
        clock = _Clock(request, patience)
        try:
            return await handler(request)
        finally:
            clock.stop()

    return middleware


class _Clock:
    """Looks at one body every `patience` seconds and cuts it off when it hardly grew."""

    def __init__(self, request: web.Request, patience: float) -> None:
        self._request = request
        self._patience = patience
        self._came = 0
        self._next = asyncio.get_running_loop().call_later(patience, self._look)

    def _look(self) -> None:
        body = self._request.content
        if body.is_eof():
            return
        if body.total_bytes - self._came < LEAST_PACE * self._patience:
            refusal = web.HTTPRequestTimeout(text="The request did not come within the time there is for it.")
            refusal.force_close()
            body.set_exception(refusal)
            return
        self._came = body.total_bytes
        self._next = asyncio.get_running_loop().call_later(self._patience, self._look)

    def stop(self) -> None:
        self._next.cancel()


@web.middleware
async def quiet(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What no room foresaw becomes a plain 500 with nothing inside; the log has the rest."""
    try:
        return await handler(request)
    except (web.HTTPException, ConnectionError):
        raise
    except CannotStore as error:
        return _later(error)
    except web.RequestPayloadError:
        return web.Response(status=400, text="The request broke off or was not encoded as its headers say.")
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

    def __init__(self, trusted: Networks) -> None:
        self._trusted = trusted

    def __call__(self, request: web.Request) -> str:
        """The visitor's IP address. `X-Forwarded-For` is believed only from a trusted proxy, from the right."""
        address = request.remote or ""
        if not within(address, self._trusted):
            return address
        # Some proxies add a line of their own to those that are there: together they are one list (RFC 9110, 5.3).
        for hop in reversed(",".join(request.headers.getall("X-Forwarded-For", ())).split(",")):
            if not hop.strip():
                continue
            address = _address(hop)
            if not within(address, self._trusted):
                break
        return address

    def place(self, request: web.Request) -> str:
        """Where it comes from, to count by: the address, or its network, since who has one of IPv6 has 2^64 (a /64)."""
        address = self(request)
        try:
            ip = IPv6Address(address.partition("%")[0])
        except ValueError:
            return address
        return address if ip.is_loopback else str(IPv6Network((int(ip) >> 64 << 64, 64)))

    def is_proxy(self, request: web.Request) -> bool:
        """Whether the request comes from a trusted proxy."""
        return within(request.remote or "", self._trusted)

    def near(self, request: web.Request, networks: Networks) -> bool:
        """Whether it comes from `networks`. What an unknown proxy hands on comes from anywhere."""
        handed_on = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
        known = not handed_on or within(request.remote or "", self._trusted)
        return known and within(self(request), networks)


_WITH_PORT = re.compile(r"\[([^\[\]]{2,60})\](?::\d{1,5})?|(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}", re.ASCII)
UNKNOWN = "unknown"  # RFC 7239's word; all who are called nothing that is an address are one place


def _address(hop: str) -> str:
    """The address a proxy names, in one spelling, without the port that some add: each connection has another."""
    words = hop.strip().strip('"')
    if found := _WITH_PORT.fullmatch(words):
        words = found[1] or found[2]
    try:
        ip = ip_address(words.partition("%")[0])
    except ValueError:
        return UNKNOWN
    return str(getattr(ip, "ipv4_mapped", None) or ip)


def within(address: str, networks: Networks) -> bool:
    """Whether `address` is in one of `networks`; an IPv4 address may be written as IPv6 has it."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return any(ip in network for network in networks)
