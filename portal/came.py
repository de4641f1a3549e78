"""What brought a visitor, remembered in their own browser until they say who they are, and told with what they say.

One signed cookie of this hub alone, with the name of a campaign link and the time in it and nothing that tells people
apart. It lasts 30 days, is not set for who asks not to be followed (Global Privacy Control), and goes once it is told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from aiohttp import web
from itsdangerous import BadSignature

from core.campaigns.link import Link
from core.signing import Stamp, signers, timely

NAME = "came"
LASTS = timedelta(days=30)


class Came:
    """Writes and reads the cookie. `links` are all campaign links there are."""

    def __init__(self, key: str, secure: bool, links: Callable[[], Awaitable[Sequence[Link]]]) -> None:
        self._signer = Stamp(signers(key), salt="campaign.came")
        self._secure = secure
        self._links = links

    def remember(self, request: web.Request, response: web.StreamResponse, link: Link) -> None:
        """Keep in the visitor's browser that `link` brought them."""
        if request.headers.get("Sec-GPC") == "1":
            return
        signed = self._signer.sign(link.name).decode()
        response.set_cookie(
            NAME,
            signed,
            max_age=int(LASTS.total_seconds()),
            path="/",
            httponly=True,
            secure=self._secure,
            samesite="Lax",
        )

    async def told(self, request: web.Request) -> dict[str, str]:
        """The link that brought this visitor, with its utm parameters; nothing when none did."""
        kept = request.cookies.get(NAME, "")
        if not 0 < len(kept) < 200:
            return {}
        try:
            value, signed = self._signer.unsign(kept, return_timestamp=True)
        except (BadSignature, ValueError, OverflowError):
            return {}
        if not timely(signed, LASTS):
            return {}
        name = value.decode("utf-8", "replace")
        link = next((link for link in await self._links() if link.name == name), None)
        return {"link": name, **(link.utm if link else {"utm_campaign": name})}

    def forget(self, response: web.StreamResponse) -> None:
        """It was told: it has done its work."""
        response.del_cookie(NAME, path="/", httponly=True, secure=self._secure, samesite="Lax")
