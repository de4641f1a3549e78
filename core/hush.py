"""What this process must never write down: secrets by their very letters, as soon as it knows them, and what looks so.

Whatever is opened from the vault or read as a key is hushed; log lines, and sentences that quote what another side
said, go through `hushed`. So a provider that echoes a password into its error gives nothing away.
"""

from __future__ import annotations

import re

SHORTEST = 8  # what is shorter is a word like any other

_known: set[str] = set()

# What must not be written down even by who never saw it before: credentials in URLs and headers, bot tokens, our links.
_SHAPES = (
    (re.compile(r"(://[^\s:/@]*:)[^\s@/]+@"), r"\1…@"),
    (re.compile(r"\bbot\d{6,}:[\w-]{20,}"), "bot…"),
    (re.compile(r"\b\d{6,}:[\w-]{30,}"), "…"),
    (re.compile(r"(?i)\b(basic|bearer|digest)\s+[\w.~+/=-]{6,}"), r"\1 …"),
    (re.compile(r"/(track|confirm|unsubscribe|chat/files)/[^\s/\"'<>?]+"), r"/\1/…"),
    (re.compile(r"\bchat_[0-9a-v]{20,}"), "chat_…"),
    (
        re.compile(
            r"(?i)((?:[\w-]*(?:token|secret|passw(?:or)?d|authorization|cookie|signature|api[_-]?key)[\w-]*|"
            r"(?:__host-)?session)[\"']?\s*[=:]\s*b?[\"']?)(?!\s|…)[^\s\"',;}&]+"
        ),
        r"\1…",
    ),
)


def hush(*secrets: str) -> None:
    """From now on nothing of these is written down."""
    _known.update(secret for secret in secrets if len(secret) >= SHORTEST)


def hushed(text: str) -> str:
    """`text` without secrets."""
    for secret in sorted((secret for secret in _known if secret in text), key=len, reverse=True):
        text = text.replace(secret, "…")
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    return text
