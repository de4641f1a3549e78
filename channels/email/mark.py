"""Marks that only we can have written: in the Message-ID, the envelope sender and a field of each mail that goes out.

A mark is `ID.SEAL`: the id of the message, and a seal over it made with the account's key. A bounce, a complaint or a
read receipt is believed only if it brings a mark back, because everything else in it anybody could have made up. Marks
survive a change of letter case, and hold only what may stand in a Message-ID and before the @ of an address.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32hexencode
from collections.abc import Callable

from core.signing import genuine

MARK_FIELD = "x-switchboard"
_MARK = re.compile(r"(?<![a-z0-9])([a-z0-9]{8,40})\.([a-v0-9]{16})(?![a-z0-9])")


def seal(key: str, purpose: str, *words: str) -> str:
    """Sixteen characters (80 bits) that only who knows `key` can make for these words and this purpose."""
    text = "\n".join((purpose, *words))
    digest = hmac.new(key.encode(), text.encode("utf-8", "replace"), hashlib.sha256).digest()
    return b32hexencode(digest[:10]).decode().lower()


def _sealing(*words: str) -> Callable[[str], str]:
    return lambda key: seal(key, *words)


def marked(key: str, id: str) -> str:
    """`id` with its seal; without a key just `id`, which nobody will believe."""
    return f"{id}.{seal(key, 'message', id)}" if key else id


def proved(key: str, text: str) -> list[str]:
    """The ids whose marks are in `text`, in their order, each once. Only genuine ones."""
    if not key:
        return []
    found = dict.fromkeys(_MARK.findall(text.lower()))
    return [id for id, mac in list(found)[:200] if genuine(key, mac, _sealing("message", id))]


# ------------------------------------------------------------------------------------------- our own addresses


def bounce_address(key: str, address: str, id: str) -> str:
    """The envelope sender of the message `id`: `help+b.ID.SEAL@…`; `address` itself when that would be too long."""
    local, _, domain = address.rpartition("@")
    tagged = f"{local}+b.{marked(key, id)}"
    return f"{tagged}@{domain}" if key and len(tagged) <= 64 else address


def reply_address(key: str, address: str, conversation: str, person: str) -> str:
    """Where `person` answers in `conversation`: `help+c.ID.SEAL@…`. It works for this person only."""
    local, _, domain = address.rpartition("@")
    tagged = f"{local}+c.{conversation}.{seal(key, 'conversation', conversation, person)}"
    return f"{tagged}@{domain}" if key and len(tagged) <= 64 else address


def conversation_of(key: str, recipients: list[str], address: str, person: str) -> str | None:
    """The conversation whose reply address, given to `person`, is among `recipients`; None when there is none."""
    local, _, domain = address.rpartition("@")
    for one in recipients if key else ():
        tag, _, where = one.lower().rpartition("@")
        if where != domain or not tag.startswith(f"{local}+c."):
            continue
        id, _, mac = tag.removeprefix(f"{local}+c.").partition(".")
        if genuine(key, mac, _sealing("conversation", id, person)):
            return id
    return None


def untagged(address: str) -> str:
    """`address` without our tags (`+b.…`, `+c.…`)."""
    local, _, domain = address.rpartition("@")
    return f"{re.split('[+][bc][.]', local, maxsplit=1)[0]}@{domain}"
