"""Fits content to what a channel can carry: splits long text, turns buttons into numbered lines. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from core.channel import Capabilities, Content

# Where a long text may be cut, best first: between paragraphs, lines, sentences, words.
_CUTS = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"(?<=[.!?…])\s+"), re.compile(r"\s+"))


def fit(content: Content, able: Capabilities) -> list[Content]:
    """`content` as the messages the channel needs for it, in order; at least one.

    Files and html stay with the first message, buttons and requests with the last. What a channel cannot carry at all
    becomes words, so that nothing disappears.
    """
    text = content.text
    if content.buttons and len(content.buttons) > able.max_buttons:
        lines = "\n".join(f"{n}. {button.label}" for n, button in enumerate(content.buttons, 1))
        text = f"{text}\n\n{lines}" if text else lines
        content = replace(content, buttons=())
    if content.files and not able.files:
        names = "\n".join(f"[{file.name}]" for file in content.files)
        text = f"{text}\n{names}" if text else names
        content = replace(content, files=())
    if content.ask == "phone" and not able.ask_phone:
        content = replace(content, ask=None)
    if not able.subject:
        content = replace(content, subject=None, cc=(), bcc=())
    if not able.html:
        content = replace(content, html=None)
    parts = list(split(text, able.max_text)) if able.max_text else [text]
    if content.files and able.max_caption and len(parts[0]) > able.max_caption:
        # A caption holds less than a message: the words go first, the files follow.
        parts.append("")
        return _spread(content, parts, files_at=len(parts) - 1)
    return _spread(content, parts, files_at=0)


def _spread(content: Content, parts: list[str], files_at: int) -> list[Content]:
    last = len(parts) - 1
    return [
        replace(
            content,
            text=part,
            html=content.html if n == 0 and last == 0 else None,
            files=content.files if n == files_at else (),
            buttons=content.buttons if n == last else (),
            ask=content.ask if n == last else None,
            location=content.location if n == last else None,
        )
        for n, part in enumerate(parts)
    ]


def split(text: str, most: int) -> Iterator[str]:
    """`text` in pieces of at most `most` characters, cut where a reader would pause; only white space is left out."""
    empty = True
    while len(text) > most:
        at = _cut(text, most)
        piece, text = text[:at].rstrip(), text[at:].lstrip()
        if piece:
            yield piece
            empty = False
    if text or empty:
        yield text


def _cut(text: str, most: int) -> int:
    window = text[: most + 1]
    for pattern in _CUTS:
        # A cut in the first third would leave a stub, so a weaker kind of cut further on is better.
        ends = [match.start() for match in pattern.finditer(window) if most // 3 < match.start() <= most]
        if ends:
            return ends[-1]
    # One endless word. Not between the halves of what a reader sees as one sign, as far as code points tell.
    at = most
    while at > max(1, most - 8) and text[at] in "\u200d\ufe0f\u20e3":
        at -= 1
    return at
