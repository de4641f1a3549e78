"""Who asks: the session behind a request, its token against forged posts, and the permission its URL needs."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Any, Literal

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage
from multidict import MultiDict, MultiDictProxy

from core import clock
from core.agents.agent import Agent
from core.content import clean
from core.errors import Invalid, NotAllowed, TooLarge
from core.origin import place_of
from core.signing import genuine as genuine_seal
from inbox.needs import Needs
from inbox.speech import translated

BOUNDED = web.RequestKey("bounded", web.Request)
Permission = Literal["anybody", "agent", "admin"]
# What aiohttp makes of a body that is not encoded or not divided as its headers say.
_BROKEN = (web.RequestPayloadError, BadHttpMessage)
REGIONS = ("nav", "list", "main", "head", "thread", "side", "page")


@dataclass(frozen=True)
class Visit:
    """One request of a signed-in agent."""

    needs: Needs
    request: web.Request
    agent: Agent
    token: str
    now: datetime

    @cached_property
    def csrf(self) -> str:
        """What every form and script of this session sends along."""
        return csrf_of(self.needs, self.token)

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """The parts of the page a script asks for; all of them for a whole page."""
        asked = self.request.headers.get("X-Regions")
        return REGIONS if asked is None else tuple(name for name in REGIONS if name in asked.split(","))

    @property
    def partial(self) -> bool:
        """Whether only some regions are asked for."""
        return "X-Regions" in self.request.headers

    def wants(self, *regions: str) -> bool:
        """Whether any of `regions` is asked for."""
        return any(region in self.regions for region in regions)

    @property
    def scripted(self) -> bool:
        """Whether a script posted, which shows the answer itself."""
        return "X-CSRF" in self.request.headers

    def query(self, name: str, longest: int = 200) -> str:
        """A parameter of the URL, clean and not too long."""
        return clean(self.request.query.get(name, ""))[:longest].strip()

    async def form(self) -> MultiDictProxy[Any]:
        """The posted fields."""
        return await posted(self.request)

    def translate(self, text: str) -> str:
        """`text` in the agent's language."""
        return translated(self.needs.templates, self.agent.language, text)


Handler = Callable[[Visit], Awaitable[web.StreamResponse]]


def text_field(form: MultiDictProxy[Any], name: str, longest: int = 1000) -> str:
    """A posted text field, clean; empty when it is missing or a file."""
    value = form.get(name, "")
    return clean(value).replace("\r\n", "\n")[:longest] if isinstance(value, str) else ""


# A form without files holds words only; taking apart more of them stalls everybody else.
MAX_WORDS = 2 * 1024**2


async def posted(request: web.Request, most: int = MAX_WORDS) -> MultiDictProxy[Any]:
    """The form in the body; without files it has at most `most` bytes, with files as many as the hub accepts.

    Raises Invalid when it is none, TooLarge beyond that.
    """
    if request.content_type != "multipart/form-data" or most < MAX_WORDS:
        request = _bounded(request, most)
    try:
        return await request.post()
    except web.HTTPRequestEntityTooLarge as error:
        raise TooLarge("This is larger than the hub accepts. Send smaller files, or fewer at once.") from error
    except (*_BROKEN, ValueError, LookupError, RuntimeError) as error:  # unknown charset, not UTF-8, no such encoding
        raise Invalid("This form could not be read. Go back and send it once more.") from error


def _bounded(request: web.Request, most: int) -> web.Request:
    """The same request, once: what was read of it stays read."""
    known = request.get(BOUNDED)
    if known is None:
        known = request[BOUNDED] = request.clone(client_max_size=most)
    return known


def cookie_name(needs: Needs) -> str:
    """The session cookie; with TLS its name binds it to this very host (RFC 6265bis, 4.1.3.2)."""
    return "__Host-session" if needs.secure_cookies else "session"


def csrf_of(needs: Needs, token: str) -> str:
    """The token against forged posts that belongs to a session."""
    return _csrf(token, needs.signing_key)


def _csrf(token: str, key: str) -> str:
    return hmac.new(key.encode(), b"csrf " + token.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


async def visit_of(needs: Needs, request: web.Request) -> Visit | None:
    """The visit, or None when nobody is signed in."""
    token = request.cookies.get(cookie_name(needs), "")
    now = clock.now()
    agent = await needs.agents.of_session(token, now) if 20 < len(token) < 100 else None
    return Visit(needs, request, agent, token, now) if agent else None


def from_our_page(needs: Needs, request: web.Request) -> None:
    """Raises NotAllowed for a post that another site's page made (Fetch Metadata, and Origin where it is older)."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin")
    # `Origin: null` (a sandboxed frame, a local file) has no host, and must not equal an unset public address.
    hosts = {request.host.lower(), place_of(needs.public_url or "")} - {""}
    if site not in ("same-origin", "none") or (origin is not None and place_of(origin) not in hosts):
        raise NotAllowed("This did not come from the inbox itself, so nothing was done.", code="foreign_post")


async def genuine(visit: Visit) -> None:
    """Raises NotAllowed unless the session's own page made this post."""
    from_our_page(visit.needs, visit.request)
    given = visit.request.headers.get("X-CSRF")
    if given is None:
        given = text_field(await visit.form(), "_csrf")
    if not genuine_seal(visit.needs.signing_key, given, partial(_csrf, visit.token)):
        raise NotAllowed("This page is from an earlier session. Load it again and repeat.", code="csrf")


def permitted(visit: Visit, permission: Permission) -> None:
    """Raises NotAllowed unless the agent may use a URL that needs `permission`."""
    if permission == "admin" and visit.agent.role != "admin":
        raise NotAllowed("Only administrators may do this. Ask one of them.")


EMPTY: MultiDictProxy[Any] = MultiDictProxy(MultiDict())
