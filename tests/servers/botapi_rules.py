"""What Telegram is known to enforce on messages that are sent, changed and taken back, for `tests.servers.botapi`."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any


class Refusal(Exception):
    """An answer with `ok: false`."""

    def __init__(self, status: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.status, self.description, self.parameters = status, description, parameters


@dataclass
class Limits:
    """How much a bot may send; what is too much is answered 429 with the time until it is not.

    `per_chat` messages in `chat_seconds` to one chat, `per_bot` in `bot_seconds` to all. `refused` counts the 429s.
    """

    per_chat: int = 4
    chat_seconds: float = 4
    per_bot: int = 30
    bot_seconds: float = 1
    refused: int = 0
    _chats: defaultdict[int, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _all: deque[float] = field(default_factory=deque)

    def check(self, chat: int) -> None:
        """Count one message. Raises Refusal when it is one too many."""
        now = time.monotonic()
        rows = ((self._chats[chat], self.per_chat, self.chat_seconds), (self._all, self.per_bot, self.bot_seconds))
        for row, most, seconds in rows:
            while row and row[0] <= now - seconds:
                row.popleft()
            if len(row) >= most:
                self.refused += 1
                after = max(1, round(row[0] + seconds - now + 0.5))
                raise Refusal(429, f"Too Many Requests: retry after {after}", retry_after=after)
        for row, _, _ in rows:
            row.append(now)


def check_entities(text: str, entities: Any) -> None:
    """Raises Refusal for entities that lie outside `text` or cut a character in two."""
    raw = text.encode("utf-16-le")
    for entity in entities or ():
        start, end = entity.offset * 2, (entity.offset + entity.length) * 2
        if not 0 <= start < end <= len(raw):
            raise Refusal(400, "Bad Request: ENTITY_BOUNDS_INVALID")
        try:
            raw[start:end].decode("utf-16-le")
        except UnicodeDecodeError:
            raise Refusal(400, "Bad Request: ENTITY_BOUNDS_INVALID") from None
        if entity.type == "text_link" and not entity.url:
            raise Refusal(400, "Bad Request: entity has no URL")


def edited(message: dict[str, Any] | None, call: Any, markup: dict[str, Any] | None) -> dict[str, Any]:
    """`message` with other words, as editMessageText and editMessageCaption do it. Raises Refusal."""
    if message is None or message.get("deleted"):
        raise Refusal(400, "Bad Request: message to edit not found")
    name = "caption" if hasattr(call, "caption") else "text"
    new = getattr(call, name) or ""
    holds_file = not ("text" in message or "location" in message)
    if name == "text" and "text" not in message:
        raise Refusal(400, "Bad Request: there is no text in the message to edit")
    if name == "caption" and not holds_file:
        raise Refusal(400, "Bad Request: there is no caption in the message to edit")
    if not new.strip() and name == "text":
        raise Refusal(400, "Bad Request: message text is empty")
    if len(new.encode("utf-16-le")) // 2 > (4096 if name == "text" else 1024):
        raise Refusal(400, "Bad Request: MESSAGE_TOO_LONG")
    check_entities(new, call.entities if name == "text" else call.caption_entities)
    if message.get(name, "") == new and message.get("reply_markup") == markup:
        raise Refusal(400, "Bad Request: message is not modified")
    message[name] = new
    message["edit_date"] = int(time.time())
    message.pop("reply_markup", None)
    if markup is not None:
        message["reply_markup"] = markup
    return message


def deleted(message: dict[str, Any] | None, *, within: float = 48 * 3600) -> None:
    """Take `message` back. Raises Refusal."""
    if message is None or message.get("deleted"):
        raise Refusal(400, "Bad Request: message to delete not found")
    if message["date"] < time.time() - within:
        raise Refusal(400, "Bad Request: message can't be deleted for everyone")
    message["deleted"] = True
