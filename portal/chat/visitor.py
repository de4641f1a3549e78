"""Who is at the other end of a chat socket: a signed, expiring token that a browser keeps and shows in its first frame.

The token is `SITE:VISITOR` with a timestamp and an HMAC; it opens exactly one address and is never part of a URL.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadSignature, TimestampSigner

LIFETIME = timedelta(days=180)
RENEWED_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A visitor of a site. Their browser keeps `token` from now on; `new` when it had none that counts."""

    id: str
    token: str
    new: bool


class Visitors:
    """Signs visitors in and knows them again."""

    def __init__(self, key: str) -> None:
        self._signer = TimestampSigner(key, salt="webchat.visitor")

    def known(self, site: str, token: str | None) -> Visitor | None:
        """The visitor whose token this is; None when it is forged, of another site, or expired."""
        if not token or len(token) > 400:
            return None
        try:
            value, signed = self._signer.unsign(token, max_age=int(LIFETIME.total_seconds()), return_timestamp=True)
        except (BadSignature, ValueError, OverflowError):
            return None
        of_site, _, id = value.decode("utf-8", "replace").rpartition(":")
        if of_site != site or not id:
            return None
        fresh = datetime.now(UTC) - signed < RENEWED_AFTER
        return Visitor(id, token if fresh else self._token(site, id), False)

    def new(self, site: str) -> Visitor:
        """A visitor nobody has seen before."""
        id = secrets.token_hex(10)
        return Visitor(id, self._token(site, id), True)

    def _token(self, site: str, id: str) -> str:
        return self._signer.sign(f"{site}:{id}").decode()
