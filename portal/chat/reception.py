"""Who may come in: the site, its page, the visitor's token, and the site's word for a signed-in user."""

from __future__ import annotations

from collections import Counter

from aiohttp import web

from core import clock
from core.channel import Account, Address
from core.errors import Invalid, UnknownAccount
from portal.came import Came
from portal.chat.arrivals import Guest, noted
from portal.chat.frames import About, Hello
from portal.chat.identity import SignedIn, signed_in
from portal.chat.origin import allowed
from portal.chat.visitor import Visitor, Visitors
from portal.limits import Places
from portal.needs import Needs

MOST_PER_VISITOR = 20

# Close codes of our own (RFC 6455, 7.4.2); the widget comes back by itself after all but the 440x below 4408.
SIGNED_OUT, NOT_HERE, NO_SUCH_SITE, TOO_MANY = 4401, 4403, 4404, 4429
SIGNED_IN = "Signed in on the site"


class Refused(Exception):
    """Nobody comes in: a code of the texts, the close code, and after how many seconds it is worth another try."""

    def __init__(self, code: str, close: int, after: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.close = close
        self.after = after


class Reception:
    """Looks at the first frame of a socket."""

    def __init__(self, needs: Needs, visitors: Visitors, sockets: Counter[str], came: Came) -> None:
        self._needs = needs
        self._came = came
        self._visitors = visitors
        self._open = sockets
        self._strangers = Places(burst=60, per_second=0.5)

    async def welcome(self, hello: Hello, request: web.Request, place: str) -> tuple[Account, Guest, Visitor]:
        """The site, and who it is. Raises Refused."""
        needs = self._needs
        try:
            account = await needs.lines.account("webchat", hello.site)
        except UnknownAccount:
            raise Refused("no_such_site", NO_SUCH_SITE) from None
        if not allowed(account, request.headers.get("Origin"), request.host, needs.public_url):
            raise Refused("not_here", NOT_HERE)
        visitor = self._visitors.known(hello.site, hello.token)
        user: SignedIn | None = None
        if hello.user is not None:
            try:
                user = signed_in(account, hello.user, clock.now(), needs.country)
            except Invalid as error:
                raise Refused(error.code, SIGNED_OUT) from None
            before, visitor = visitor, self._visitors.user(hello.site, user, visitor)
            if before is not None and not before.expires:
                await self._joined(account, before, user)
        if visitor is None:
            if wait := self._strangers.take(place):
                raise Refused("too_many", TOO_MANY, after=wait)
            visitor = self._visitors.new(hello.site)
        address = Address("webchat", account.name, visitor.id)
        if self._open[str(address)] >= MOST_PER_VISITOR:
            raise Refused("too_many", TOO_MANY, after=30)
        guest = Guest(
            address,
            language=hello.language,
            page=await self._page(hello, request),
            about=hello.about or About(),
            name=user.name if user else "",
            proved=user.identities if user else (),
        )
        return account, guest, visitor

    async def _page(self, hello: Hello, request: web.Request) -> dict[str, str]:
        """Where they are, and what brought them: the page's own campaign, else the link they came by."""
        page = dict(hello.page)
        if not any(name.startswith("utm_") for name in page):
            page |= {name: value for name, value in (await self._came.told(request)).items() if name != "link"}
        return page

    async def _joined(self, account: Account, before: Visitor, user: SignedIn) -> None:
        """Write down, where they talked as a stranger, who they are: the records become one by what the site proved."""
        address = Address("webchat", account.name, before.id)
        if not user.identities or not await self._needs.interactions.page(address=str(address), limit=1):
            return
        guest = Guest(address, name=user.name, proved=user.identities)
        await self._needs.receive.keep(account, [noted(guest, f"user:{user.id}", SIGNED_IN, user.identities)])
