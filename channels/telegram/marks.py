"""Entities become marks. Telegram counts in UTF-16 code units, we in characters. Pure.

https://core.telegram.org/bots/api#messageentity
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aiogram.types import MessageEntity

from core.content import Mark

# Their word to ours; what is not here is no formatting (hashtags, commands, phone numbers, …).
KINDS = {
    "bold": "bold",
    "italic": "italic",
    "underline": "underline",
    "strikethrough": "strikethrough",
    "spoiler": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "quote",
    "expandable_blockquote": "quote",
}
MOST = 300
_SAFE_LINK = re.compile(r"(https?://|mailto:|tel:|tg://)\S{1,2000}", re.IGNORECASE)
_WIDE = re.compile("[\U00010000-\U0010ffff]")


def marks_of(text: str, entities: Sequence[MessageEntity] | None) -> tuple[Mark, ...]:
    """The formatting of `text`; what lies outside it, is empty or leads to an unsafe address is left out."""
    if not entities or not text:
        return ()
    places = _places(text)
    found: dict[Mark, None] = {}
    for entity in entities[:MOST]:
        if entity.offset < 0 or entity.length <= 0 or entity.offset >= len(places) - 1:
            continue
        start = places[entity.offset]
        end = places[min(entity.offset + entity.length, len(places) - 1)]
        meant = _meant(entity, text[start:end])
        if end > start and meant is not None:
            found[Mark(meant[0], start, end - start, meant[1])] = None
    return tuple(found)


def stretch(text: str, entity: MessageEntity) -> str:
    """The part of `text` that `entity` speaks of; empty where it speaks of none."""
    places = _places(text)
    start, end = (min(max(at, 0), len(places) - 1) for at in (entity.offset, entity.offset + entity.length))
    return text[places[start] : places[end]]


def _places(text: str) -> Sequence[int]:
    """For each UTF-16 unit of `text`, and for its end, the number of characters before it.

    Within a pair of surrogates it is that of the next character, so that no half of one is ever marked.
    """
    if not _WIDE.search(text):
        return range(len(text) + 1)
    places: list[int] = []
    for at, character in enumerate(text):
        places.append(at)
        if character > "\uffff":
            places.append(at + 1)
    return [*places, len(text)]


def _meant(entity: MessageEntity, words: str) -> tuple[str, str] | None:
    """Our kind and value, None when it is no formatting."""
    match entity.type:
        case "text_link":
            address = (entity.url or "").strip()
        case "url":
            words = words.strip()
            address = words if "://" in words else f"https://{words}"
        case "email":
            address = f"mailto:{words.strip()}"
        case "mention":
            address = f"https://t.me/{words.strip().lstrip('@')}"
        case "text_mention":
            address = f"tg://user?id={entity.user.id}" if entity.user is not None else ""
        case "pre":
            return "pre", (entity.language or "")[:40]
        case _:
            kind = KINDS.get(entity.type)
            return (kind, "") if kind else None
    return ("link", address) if _SAFE_LINK.fullmatch(address) else None
