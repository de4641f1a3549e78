"""Text with its formatting as HTML that is safe to show: everything is escaped, and links lead only where links may."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from markupsafe import Markup

from core.content import Content, Mark

# More than this is no formatting but an attempt to be expensive.
MOST = 100
TAGS = {
    "bold": "strong",
    "italic": "em",
    "underline": "u",
    "strikethrough": "s",
    "code": "code",
    "quote": "blockquote",
}
BLOCKS = ("quote", "pre")
_SAFE = re.compile(r"(https?://|mailto:|tel:|tg://)[^\s\"'<>]+", re.IGNORECASE)
_LINK = Markup('<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>')

Plain = Callable[[str], Markup]


def formatted(content: Content, plain: Plain) -> Markup:
    """What `content` says now, with its marks; `plain` makes HTML of a stretch that has none."""
    if not content.marks or content.said != content.text:
        return plain(content.said)
    marks = [mark for mark in content.marks if mark.length > 0 and 0 <= mark.start < len(content.text)]
    return _stretch(content.text, marks[:MOST], 0, len(content.text), plain)


def _stretch(text: str, marks: Sequence[Mark], start: int, end: int, plain: Plain) -> Markup:
    """`text` from `start` to `end`. Marks that overlap are parted, so that each lies within another or beside it."""
    out: list[Markup] = []
    at = start
    waiting = sorted(marks, key=lambda mark: (mark.start, -mark.length, mark.kind, mark.value))
    while waiting:
        mark, *others = waiting
        first, last = max(mark.start, at), min(mark.start + mark.length, end)
        inner, waiting = [], []
        for other in others:
            ends = other.start + other.length
            if other.start >= last:
                waiting.append(other)
                continue
            inner.append(other)
            if ends > last:
                waiting.append(Mark(other.kind, last, ends - last, other.value))
        waiting.sort(key=lambda mark: (mark.start, -mark.length, mark.kind, mark.value))
        if last <= first:
            continue
        within = Markup.escape if mark.kind in ("link", "code", "pre") else plain
        before = text[at:first].removesuffix("\n") if mark.kind in BLOCKS else text[at:first]
        out += [plain(before) if before else Markup(), _tagged(mark, _stretch(text, inner, first, last, within))]
        at = last
        if mark.kind in BLOCKS and at < end and text.startswith("\n", at):
            at += 1  # a block ends its line by itself
    if end > at:
        out.append(plain(text[at:end]))
    return Markup().join(out)


def _tagged(mark: Mark, inner: Markup) -> Markup:
    if mark.kind == "link":
        return _LINK.format(mark.value, inner) if _SAFE.fullmatch(mark.value) else inner
    if mark.kind == "pre":
        return Markup('<code class="block">{}</code>').format(inner)
    if mark.kind == "spoiler":
        return Markup('<span class="spoiler">{}</span>').format(inner)
    tag = TAGS.get(mark.kind)
    return Markup(f"<{tag}>{{}}</{tag}>").format(inner) if tag else inner  # noqa: S704 - one of TAGS
