"""Who is at the other end of a chat socket: a signed, expiring token that a browser keeps and shows in its first frame.

An anonymous token is `SITE:VISITOR` with a timestamp and an HMAC, renewed while it is used; it opens exactly one
address. A signed-in user's ends when the site's own word for them does, and may open the address they had before they
signed in, in the same browser. No token is ever part of a URL.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from itsdangerous import BadData, BadSignature, URLSafeSerializer

from core import clock
from core.signing import Stamp, signers, timely
from portal.chat.identity import SignedIn

LIFETIME = timedelta(days=180)
RENEWED_AFTER = timedelta(days=7)
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class Visitor:
    """A visitor of a site. Their browser keeps `token` from now on; `new` when it had none that counts.

    `also` is the anonymous visitor they were before they signed in; `expires` is 0 for who is not signed in.
    """

    id: str
    token: str
    new: bool
    also: str = ""
    expires: int = 0

    @property
    def ids(self) -> tuple[str, ...]:
        """Whose history this visitor sees, their own first."""
        return (self.id, self.also) if self.also else (self.id,)


class Visitors:
    """Signs visitors in and knows them again."""

    def __init__(self, key: str) -> None:
        self._signer = Stamp(signers(key), salt="webchat.visitor")
        self._users = URLSafeSerializer(signers(key), salt="webchat.user")

    def known(self, site: str, token: str | None) -> Visitor | None:
        """The visitor whose token this is; None when it is forged, of another site, or expired."""
        if not token or len(token) > _LONGEST:
            return None
        return self._anonymous(site, token) or self._user(site, token)

    def _anonymous(self, site: str, token: str) -> Visitor | None:
        try:
            value, signed = self._signer.unsign(token, return_timestamp=True)
        except (BadSignature, ValueError, OverflowError):
            return None
        of_site, _, id = value.decode("utf-8", "replace").rpartition(":")
        if of_site != site or not id or not timely(signed, LIFETIME):
            return None
        fresh = clock.now() - signed < RENEWED_AFTER
        return Visitor(id, token if fresh else self._token(site, id), False)

    def _user(self, site: str, token: str) -> Visitor | None:
        try:
            of_site, id, also, expires = self._users.loads(token)
        except (BadData, ValueError, TypeError):
            return None
        if of_site != site or expires <= clock.now().timestamp():
            return None
        return Visitor(id, token, False, also, expires)

    def new(self, site: str) -> Visitor:
        """A visitor nobody has seen before."""
        id = secrets.token_hex(10)
        return Visitor(id, self._token(site, id), True)

    def user(self, site: str, who: SignedIn, before: Visitor | None) -> Visitor:
        """A signed-in user, who was `before` in this browser: nobody, an anonymous visitor, or a signed-in user."""
        also = ""
        if before is not None and not before.expires:
            also = before.id
        elif before is not None and before.id == who.id:
            also = before.also
        token = self._users.dumps([site, who.id, also, who.expires])
        return Visitor(who.id, token if isinstance(token, str) else token.decode(), False, also, who.expires)

    def _token(self, site: str, id: str) -> str:
        return self._signer.sign(f"{site}:{id}").decode()
