"""Formatting as Telegram writes it: entities beside the text, never markup in it, so that nothing can be malformed.

https://core.telegram.org/bots/api#messageentity
"""

from __future__ import annotations

from aiogram.types import MessageEntity

from channels.telegram.marks import KINDS
from core.content import Mark
from core.fit import size

# Our kind to Telegram's; of two of theirs the first. What is not here is shown plain.
THEIRS = {ours: theirs for theirs, ours in reversed(KINDS.items())} | {"link": "text_link"}
LINKS = ("https://", "http://", "tg://")
MOST = 100  # Telegram shows no more in one message


def entities(text: str, marks: tuple[Mark, ...]) -> list[MessageEntity] | None:
    """The entities of `text`, counted in UTF-16 units; None when there are none. What lies outside is left out."""
    found = []
    for mark in marks:
        kind, start, end = THEIRS.get(mark.kind), max(mark.start, 0), min(mark.start + mark.length, len(text))
        if kind is None or start >= end or not text[start:end].strip():
            continue
        if kind == "text_link" and not mark.value.lower().startswith(LINKS):
            continue
        found.append(
            MessageEntity(
                type=kind,
                offset=size(text[:start], utf16=True),
                length=size(text[start:end], utf16=True),
                url=mark.value if kind == "text_link" else None,
                language=mark.value or None if kind == "pre" else None,
            )
        )
    return found[:MOST] or None
