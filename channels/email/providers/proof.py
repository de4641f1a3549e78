"""The proofs that several providers share. Comparisons take the same time wherever two secrets differ."""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime

from core.errors import NotFromThem

SECRET_HEADER = "x-switchboard-secret"  # noqa: S105 - the name of a header, not a secret
AHEAD = 300  # seconds a provider's clock may be ahead of ours


def password(headers: Mapping[str, str], secret: str) -> None:
    """Raises NotFromThem unless `secret` came in a header: basic auth (any user), a bearer token, or our own header.

    For providers that sign nothing. It is never looked for in the URL, where every proxy would write it down.
    """
    if not secret:
        raise NotFromThem("This line has no inbound password yet. Set one, and the same at the provider.")
    kind, _, value = headers.get("authorization", "").partition(" ")
    given = headers.get(SECRET_HEADER, "").strip()
    if kind.lower() == "basic":
        given = decoded(value).partition(b":")[2].decode("utf-8", "replace")
    elif kind.lower() == "bearer":
        given = value.strip()
    if not given:
        raise NotFromThem("The password is missing. Send it as basic auth, bearer token or X-Switchboard-Secret.")
    if not same(given, secret):
        raise NotFromThem("The password is not right.")


def same(given: str, right: str) -> bool:
    """Whether both are equal, in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode("utf-8", "replace"))


def fresh(stamp: str, now: datetime, window: int) -> None:
    """Raises NotFromThem unless `stamp` (Unix seconds) lies at most `window` seconds back."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise NotFromThem("The time of the signature is missing.")
    age = now.timestamp() - int(stamp)
    if age > window:
        raise NotFromThem(f"The signature is more than {window // 60} minutes old.")
    if age < -AHEAD:
        raise NotFromThem("The time of the signature lies in the future.")


def decoded(value: str) -> bytes:
    """What base64 `value` holds; empty when it is none."""
    try:
        return b64decode(value.strip()[:20_000], validate=True)
    except (binascii.Error, ValueError):
        return b""
