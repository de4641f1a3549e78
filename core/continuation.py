"""Goes on elsewhere: a conversation that began in the web chat is continued in a messenger, by the same person.

The portal shows the visitor a link that carries a token (`Continuation.token`); the messenger hands it to the bot as
the payload of its start. The token is sealed, short-lived and good once: who brings it was just shown it in that chat.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32hexencode
from datetime import UTC, datetime, timedelta
from functools import partial

from core.signing import genuine

LIFETIME = timedelta(minutes=15)
PREFIX = "chat_"
# The id of a conversation, when the token ends, and the seal: 56 characters of those a Telegram payload may have.
_TOKEN = re.compile(rf"{PREFIX}([0-9a-v]{{20}})([0-9a-f]{{8}})([0-9a-v]{{24}})")


class Continuation:
    """Makes and reads the tokens. `key` is for this purpose alone."""

    def __init__(self, key: str) -> None:
        self._key = key

    def token(self, conversation_id: str, now: datetime) -> str:
        """What to give a visitor of the conversation: `https://t.me/BOT?start=TOKEN`. Good for 15 minutes, once."""
        ends = f"{int((now + LIFETIME).timestamp()):08x}"
        return f"{PREFIX}{conversation_id}{ends}{_seal(conversation_id, ends, self._key)}"

    def conversation(self, token: str, at: datetime) -> str | None:
        """The id of the conversation that `token`, brought `at`, was made for; None when it is not ours or too old."""
        match = _TOKEN.fullmatch(token)
        if not match or not genuine(self._key, match[3], partial(_seal, match[1], match[2])):
            return None
        return match[1] if at <= datetime.fromtimestamp(int(match[2], 16), UTC) else None


def _seal(conversation_id: str, ends: str, key: str) -> str:
    sealed = hmac.new(key.encode(), f"{conversation_id} {ends}".encode(), hashlib.sha256).digest()[:15]
    return b32hexencode(sealed).decode().lower()
