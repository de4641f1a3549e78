"""`/go/NAME`: counts a person's visit, remembers what brought them, and leads to the company's page.

It leads nowhere but to the target of a link, on a site the company named. Scanners, previews and what a browser fetches
in advance are led on as well, but count for nothing and leave nothing behind.
"""

from __future__ import annotations

import re

import structlog
from aiohttp import web

from core import clock
from core.campaigns.link import NAME, UTM, Link, destination
from core.campaigns.personal import PARAMETER
from core.content import clean
from core.database import away
from core.recent import Recent
from portal.came import Came
from portal.limits import Places
from portal.needs import Needs
from portal.page import missing

log = structlog.get_logger(__name__)

# Programs that follow links say so in these words.
_PROGRAMS = re.compile(
    r"bot|crawl|spider|slurp|preview|scan|fetch|monitor|facebookexternalhit|whatsapp|telegram|skype|embedly|curl|wget|"
    r"python|java/|go-http|okhttp|libwww|headless-?check|proofpoint|mimecast|barracuda|safelinks|googleimageproxy|ptst",
    re.IGNORECASE,
)
_NOBODY_YET = ("Purpose", "Sec-Purpose", "X-Purpose", "X-Moz")
_HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


class Going:
    """The handler of `/go`."""

    def __init__(self, needs: Needs, came: Came) -> None:
        self._needs = needs
        self._came = came
        self._links = Recent(needs.campaigns.all)
        self._sites = Recent(needs.campaigns.sites)
        self._places = Places(burst=20, per_second=0.2)

    async def follow(self, request: web.Request) -> web.StreamResponse:
        """GET and HEAD /go/NAME."""
        name = request.match_info["name"]
        found = (
            next((link for link in await self._links() if link.name == name), None) if NAME.fullmatch(name) else None
        )
        asked = {key: clean(request.query[key]) for key in UTM if key in request.query}
        to = destination(found, asked, await self._sites()) if found else None
        if found is None or to is None:
            return missing(self._needs, request, "go")
        response = web.Response(status=302, headers={**_HEADERS, "Location": to})
        # Beyond what a person does, one place is still led on, and no longer counted.
        if a_person(request) and not self._places.take(self._needs.visitor_ip(request)):
            await self._count(request, found, response)
        return response

    async def _count(self, request: web.Request, link: Link, response: web.Response) -> None:
        try:
            known = await self._needs.clicks(link, request.query.get(PARAMETER, "")[:100], clock.now())
        except Exception as error:
            # The page they want is more important than our count of them.
            if not away(error):
                log.exception("go.not_counted", link=link.name)
            return
        if not known:
            self._came.remember(request, response, link)


def a_person(request: web.Request) -> bool:
    """Whether somebody follows a link with a browser, as far as the request tells."""
    headers = request.headers
    agent = headers.get("User-Agent", "")
    if request.method != "GET" or not agent or _PROGRAMS.search(agent[:500]):
        return False
    if any("pre" in headers.get(name, "").lower() for name in _NOBODY_YET):  # prefetch, prerender, preview
        return False
    return headers.get("Sec-Fetch-Dest", "document") == "document"
