"""Who a site says its visitor is: signed on the site's own server with the secret of its chat, and never believed else.

Two ways, told in docs/chat.md: a JWT (RFC 7519, HS256 and nothing else), which may carry name, mail and phone; or the
HMAC of the user's id with an expiry. During a change of secrets the old one counts too. Pure.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from core.channel import Account, Identity
from core.content import clean
from core.errors import Invalid
from core.forms.check import as_mail, as_phone

LONGEST = timedelta(days=31)
LEEWAY = 60
SHORTEST_SECRET = 16
MAX_TOKEN = 4000
_HEX = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user of the site. `id` is the visitor's in our addresses: it follows from the site's own id and does not
    tell it.
    """

    id: str
    expires: int
    name: str = ""
    identities: tuple[Identity, ...] = ()


def signed_in(account: Account, given: Mapping[str, Any], now: datetime, country: str | None = None) -> SignedIn:
    """The user whom `given` proves: {"token": JWT} or {"id", "expires", "hash"}. Raises Invalid for all else."""
    secrets = [s for name in ("secret", "old_secret") if len(s := account.secrets.get(name, "")) >= SHORTEST_SECRET]
    token = given.get("token")
    if isinstance(token, str):
        return _by_token(account, secrets, token, now, country)
    return _by_hash(account, secrets, given, now)


def _by_token(account: Account, secrets: list[str], token: str, now: datetime, country: str | None) -> SignedIn:
    if len(token) > MAX_TOKEN or not token.isascii():
        raise _refused()
    for secret in secrets:
        try:
            claims = jwt.decode(token, OctKey.import_key(secret), algorithms=["HS256"]).claims
        except (JoseError, ValueError, TypeError, RecursionError):
            continue
        return _user(account, claims, now, country)
    raise _refused()


def _user(account: Account, claims: Mapping[str, Any], now: datetime, country: str | None) -> SignedIn:
    begins = [claims[name] for name in ("nbf", "iat") if name in claims]
    audience = claims.get("aud", account.name)
    # A time that is none (or in thousandths) would else be no bound at all.
    if (
        not all(map(_moment, begins))
        or max(begins, default=0) > now.timestamp() + LEEWAY
        or account.name not in (audience if isinstance(audience, list) else [audience])
    ):
        raise _refused()
    mail, phone = claims.get("email"), claims.get("phone")
    found = (
        ("email", as_mail(mail) if isinstance(mail, str) and claims.get("email_verified") is not False else None),
        ("phone", as_phone(phone, country) if isinstance(phone, str) else None),
    )
    name = claims.get("name")
    return SignedIn(
        id=_id(account, claims.get("sub")),
        expires=_expiry(claims.get("exp"), now),
        name=clean(name).strip()[:100] if isinstance(name, str) else "",
        identities=tuple(Identity(kind, value, verified=True) for kind, value in found if value),  # type: ignore[arg-type]  # the two kinds there are
    )


def _by_hash(account: Account, secrets: list[str], given: Mapping[str, Any], now: datetime) -> SignedIn:
    user, expires, shown = given.get("id"), given.get("expires"), given.get("hash")
    if isinstance(expires, float):  # its digits would be ours, not those that were signed
        raise _refused()
    if isinstance(expires, str) and re.fullmatch(r"[0-9]{1,12}", expires):
        expires = int(expires)
    if not isinstance(shown, str) or not _HEX.fullmatch(shown):
        raise _refused()
    signed = f"{user}.{expires}".encode("utf-8", "replace")
    for secret in secrets:
        if hmac.compare_digest(hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest(), shown.lower()):
            return SignedIn(id=_id(account, user), expires=_expiry(expires, now))
    raise _refused()


def _id(account: Account, user: object) -> str:
    if not isinstance(user, str) or not 0 < len(user.strip()) <= 200:
        raise _refused()
    return "u-" + hashlib.sha256(f"{account.name}\n{clean(user)}".encode()).hexdigest()[:32]


def _expiry(expires: object, now: datetime) -> int:
    """When it ends, in seconds since 1970, not later than in a month."""
    if not _moment(expires) or not isinstance(expires, int | float):
        raise _refused()
    if expires <= now.timestamp():
        raise Invalid("signed_out", code="signed_out")
    return int(min(expires, (now.astimezone(UTC) + LONGEST).timestamp()))


def _moment(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12


def _refused() -> Invalid:
    return Invalid("not_signed_in", code="not_signed_in")
