"""The commonest update, a plain text in a private chat, read without the models: a door is busiest with these.

Whatever is in the least different is left to `parse.py`, and what is read here is what it would read there: a test
compares the two. https://core.telegram.org/bots/api#message
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from core.channel import Address, Arrival
from core.content import Content

LATEST = int(datetime(2200, 1, 1, tzinfo=UTC).timestamp())
LANGUAGE = re.compile(r"[a-z]{2,3}([-_][a-z0-9]{2,8})*")

_MESSAGE = frozenset({"message_id", "from", "chat", "date", "text"})
_FROM = {"first_name": str, "last_name": str, "username": str, "language_code": str, "is_premium": bool}
_CHAT = {"first_name": str, "last_name": str, "username": str}
_TEXTS = ("first_name", "last_name", "username", "language_code")
_MOST = 2**52


def plain(raw: dict[str, Any], account: str) -> Arrival | None:
    """The arrival in a plain update, None for every other. `raw` comes from a reader that lets no lone surrogate in."""
    message = raw.get("message")
    if len(raw) != 2 or type(message) is not dict or message.keys() != _MESSAGE:
        return None
    writer, chat, text, date, number = (message[key] for key in ("from", "chat", "text", "date", "message_id"))
    if not (_person(writer, _FROM, is_bot=False) and _person(chat, _CHAT, type="private")):
        return None
    if type(text) is not str or not text or text[0] == "/" or "\0" in text:
        return None
    if type(number) is not int or type(date) is not int or not 0 < date <= LATEST or not 0 <= number < _MOST:
        return None
    code = writer.get("language_code", "").lower()
    name = " ".join(f"{writer['first_name']} {writer.get('last_name', '')}".split())
    if not name:
        return None
    return Arrival(
        address=Address("telegram", account, str(chat["id"])),
        key=f"m:{chat['id']}:{number}",
        content=Content(text=text),
        at=datetime.fromtimestamp(date, UTC),
        name=name[:200],
        language=code if LANGUAGE.fullmatch(code) else None,
        external_id=str(number),
        data={"username": writer["username"]} if writer.get("username") else {},
    )


def _person(value: Any, known: Mapping[str, type], **fixed: object) -> bool:
    """Whether `value` is a User or a Chat with a name, and nothing in it but what is understood here."""
    if type(value) is not dict or type(value.get("id")) is not int or not -_MOST < value["id"] < _MOST:
        return False
    for field, wanted in fixed.items():
        if type(value.get(field)) is not type(wanted) or value[field] != wanted:
            return False
    for field, inner in value.items():
        if field in fixed or field == "id":
            continue
        if field not in known or type(inner) is not known[field]:
            return False
    return bool(value.get("first_name")) and not any("\0" in value.get(field, "") for field in _TEXTS)
