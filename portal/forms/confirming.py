"""`/confirm/TOKEN`: double opt-in. Opening the page changes nothing, because mail scanners open every link."""

from __future__ import annotations

from aiohttp import web

from core.forms.confirm import Asked
from portal.needs import Needs
from portal.page import language_of, missing, page

_HEADERS = {"X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}


class Confirming:
    """The handlers of `/confirm`. They come without a sign-in and without cookies: the token is the only key."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs

    async def show(self, request: web.Request) -> web.Response:
        """GET /confirm/TOKEN: asks."""
        return self._page(request, await self._needs.confirm.look(request.match_info["token"]))

    async def receive(self, request: web.Request) -> web.Response:
        """POST /confirm/TOKEN: it is written down before the answer is yes."""
        return self._page(request, await self._needs.confirm.give(request.match_info["token"]))

    def _page(self, request: web.Request, asked: Asked | None) -> web.Response:
        if asked is None:
            return missing(self._needs, request, "confirm")
        chosen = asked.language if asked.language in self._needs.languages and "lang" not in request.query else None
        return page(
            self._needs,
            request,
            "confirm.html",
            "confirm",
            language=chosen or language_of(self._needs, request),
            status=410 if asked.state == "late" else 200,
            headers=_HEADERS,
            asked=asked,
        )
