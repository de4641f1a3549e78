"""The link below automatic messages that need consent: who follows it gets no more of them. RFC 8058 for mail.

Its token names the message and is sealed, so nobody can unsubscribe somebody else by guessing, and the link tells
nobody's address to whoever sees it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32hexencode
from functools import partial

from core.signing import genuine

# What automatic messages may be for that a person can decline. Whatever has none of these purposes (a notice about an
# order, an answer) belongs to what the person asked for, and goes on.
DECLINABLE = ("marketing",)
_TOKEN = re.compile(r"([0-9a-v]{20})([0-9a-v]{24})")


class Unsubscribe:
    """Makes and reads the links. `key` is for this purpose alone."""

    def __init__(self, key: str, public_url: str) -> None:
        self._key = key
        self._url = public_url.rstrip("/")

    def link(self, entry_id: str) -> str:
        """The page on which the reader of the message `entry_id` declines more like it."""
        return f"{self._url}/unsubscribe/{entry_id}{_seal(entry_id, self._key)}"

    def message(self, token: str) -> str | None:
        """The id of the message a token was made for; None when it is not one of ours."""
        match = _TOKEN.fullmatch(token)
        return match[1] if match and genuine(self._key, match[2], partial(_seal, match[1])) else None


def _seal(entry_id: str, key: str) -> str:
    return b32hexencode(hmac.new(key.encode(), entry_id.encode(), hashlib.sha256).digest()[:15]).decode().lower()
