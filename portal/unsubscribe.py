"""`/unsubscribe/TOKEN`: no more messages of one kind. A page with a button, and one click of a mail program (RFC 8058).

Opening the page changes nothing, because mail scanners open every link; only the button does, or the mail program's
POST with `List-Unsubscribe=One-Click`. Both come without a sign-in and without cookies: the token is the only key.
"""

from __future__ import annotations

from aiohttp import web

from core import clock
from core.channel import Account, Address, Withdrawal
from core.interactions.interaction import Interaction
from portal.needs import Needs
from portal.page import missing, page

_HEADERS = {"X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}


class Unsubscribing:
    """The handlers of `/unsubscribe`."""

    def __init__(self, needs: Needs) -> None:
        self.needs = needs

    async def _message(self, request: web.Request) -> Interaction | None:
        id = self.needs.unsubscribe.message(request.match_info["token"])
        return await self.needs.interactions.get(id) if id else None

    async def show(self, request: web.Request) -> web.Response:
        """GET /unsubscribe/TOKEN: asks."""
        message = await self._message(request)
        if message is None:
            return missing(self.needs, request, "unsubscribe")
        return page(self.needs, request, "unsubscribe.html", "unsubscribe", headers=_HEADERS, done=False)

    async def receive(self, request: web.Request) -> web.Response:
        """POST /unsubscribe/TOKEN: it is written down before the answer is yes. Raises CannotStore."""
        message = await self._message(request)
        if message is None:
            return missing(self.needs, request, "unsubscribe")
        address = Address.of(message.address)
        withdrawal = Withdrawal(
            address,
            key=f"unsubscribe:{message.id}",
            purpose=str(message.data.get("purpose") or "marketing"),
            at=clock.now(),
            outbound=message.id,
        )
        await self.needs.receive.keep(Account(address.channel, address.account), [withdrawal])
        return page(self.needs, request, "unsubscribe.html", "unsubscribe", headers=_HEADERS, done=True)
