"""Fits content to what a channel can carry: splits long text, turns buttons into numbered lines. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from core.channel import Capabilities
from core.content import Content, Mark

# Where a long text may be cut, best first: between paragraphs, lines, sentences, words.
_CUTS = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"(?<=[.!?…])\s+"), re.compile(r"\s+"))
# Signs of several code points that are seen as one are never longer than this, but for mischief.
_LONGEST_SIGN = 64
_ZWJ = "\u200d"


def fit(content: Content, able: Capabilities) -> list[Content]:
    """`content` as the messages the channel needs for it, in order; at least one.

    Files and html stay with the first message, buttons and requests with the last. What a channel cannot carry at all
    becomes words, so that nothing disappears. Formatting goes on behind a cut.
    """
    if content.marks and not able.marks:
        content = replace(content, text=_spelled_out(content), marks=())
    text = content.text
    if content.buttons and len(content.buttons) > able.max_buttons:
        lines = "\n".join(f"{n}. {button.label}" for n, button in enumerate(content.buttons, 1))
        text = f"{text}\n\n{lines}" if text else lines
        content = replace(content, buttons=())
    if content.files and not able.files:
        names = "\n".join(f"[{file.name}]" for file in content.files)
        text = f"{text}\n{names}" if text else names
        content = replace(content, files=())
    if (content.ask == "phone" and not able.ask_phone) or (content.ask == "location" and not able.ask_location):
        content = replace(content, ask=None)
    if not able.subject:
        content = replace(content, subject=None, cc=(), bcc=())
    if not able.html:
        content = replace(content, html=None)
    content = replace(content, text=text)
    spans = list(cuts(text, able.max_text, utf16=able.utf16)) if able.max_text else [(0, len(text))]
    if content.files and able.max_caption and size(text[slice(*spans[0])], utf16=able.utf16) > able.max_caption:
        # A caption holds less than a message: the words go first, the files follow.
        spans.append((len(text), len(text)))
        return _spread(content, spans, files_at=len(spans) - 1)
    return _spread(content, spans, files_at=0)


def _spread(content: Content, spans: list[tuple[int, int]], files_at: int) -> list[Content]:
    last = len(spans) - 1
    return [
        replace(
            content,
            text=content.text[start:end],
            marks=within(content.marks, start, end),
            html=content.html if n == 0 and last == 0 else None,
            files=content.files if n == files_at else (),
            buttons=content.buttons if n == last else (),
            ask=content.ask if n == last else None,
            location=content.location if n == last else None,
        )
        for n, (start, end) in enumerate(spans)
    ]


def within(marks: tuple[Mark, ...], start: int, end: int) -> tuple[Mark, ...]:
    """The formatting of `text[start:end]`, as that piece counts."""
    found = []
    for mark in marks:
        first, last = max(mark.start, start), min(mark.start + mark.length, end)
        if first < last:
            found.append(replace(mark, start=first - start, length=last - first))
    return tuple(found)


def _spelled_out(content: Content) -> str:
    """The text without formatting; where a link leads stands behind its words."""
    text = content.text
    for mark in sorted(content.marks, key=lambda mark: mark.start + mark.length, reverse=True):
        end = mark.start + mark.length
        words = text[mark.start : end].strip()
        if mark.kind != "link" or not words or not mark.value:
            continue
        if words in mark.value:  # the address itself, or a part of it
            text = f"{text[: mark.start]}{mark.value}{text[end:]}"
        else:
            text = f"{text[:end]} ({mark.value}){text[end:]}"
    return text


# --------------------------------------------------------------------------------------------------- cutting


def split(text: str, most: int, *, utf16: bool = False) -> Iterator[str]:
    """`text` in pieces of at most `most` characters, cut where a reader would pause; only white space is left out."""
    return (text[start:end] for start, end in cuts(text, most, utf16=utf16))


def size(text: str, *, utf16: bool) -> int:
    """How long `text` is, in characters or in UTF-16 units (in which most emoji count as two)."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 if utf16 else len(text)


def cuts(text: str, most: int, *, utf16: bool = False) -> Iterator[tuple[int, int]]:
    """Where the pieces of `text` begin and end, as `split` makes them; at least one."""
    start, empty = 0, True
    while (reach := _reach(text, start, most, utf16)) < len(text):
        at = _cut(text, start, reach)
        end = start + len(text[start:at].rstrip())
        if end > start:
            yield start, end
            empty = False
        start = len(text) - len(text[at:].lstrip())
    if start < len(text) or empty:
        yield start, len(text)


def _reach(text: str, start: int, most: int, utf16: bool) -> int:
    """The furthest a piece from `start` on can go."""
    end = min(len(text), start + most)
    while utf16 and end > start + 1 and (over := size(text[start:end], utf16=True) - most) > 0:
        end -= max(1, over // 2)
    return end


def _cut(text: str, start: int, reach: int) -> int:
    window = text[start : reach + 1]
    most = reach - start
    for pattern in _CUTS:
        # A cut in the first third would leave a stub, so a weaker kind of cut further on is better.
        ends = [match.start() for match in pattern.finditer(window) if most // 3 < match.start() <= most]
        if ends:
            return start + ends[-1]
    # One endless word. Not in the middle of what a reader sees as one sign.
    for at in range(reach, max(start, reach - _LONGEST_SIGN), -1):
        if not _in_a_sign(text, at):
            return at
    return reach


def _in_a_sign(text: str, at: int) -> bool:
    """Whether `text[at]` continues the sign before it: accents, emoji sequences, flags (Unicode UAX #29, in short)."""
    before, after = text[at - 1], text[at]
    if after == _ZWJ or before == _ZWJ or unicodedata.category(after) in ("Mn", "Mc", "Me"):
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":  # skin tones, flags of regions
        return True
    if _is_flag_half(before) and _is_flag_half(after):
        first = at
        while first and _is_flag_half(text[first - 1]) and at - first < _LONGEST_SIGN:
            first -= 1
        return (at - first) % 2 == 1
    return before == "\r" and after == "\n"


def _is_flag_half(sign: str) -> bool:
    return "\U0001f1e6" <= sign <= "\U0001f1ff"
