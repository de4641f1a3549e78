"""Plain text: what was written now, and where the rest is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

from core.visible.kinds import Kind, Line, kinds

_MARKED = re.compile(r"[ \t]{0,3}>")
_MARKS = re.compile(r"[ \t]{0,3}(?:>[ \t]?)+")
_MORE_THAN = re.compile(r"[ \t]{0,3}>\s?=?\s?[\d€$£₴₽]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text as it stands there; the pieces together are the text."""

    kind: Kind
    text: str


def fold(text: str, subject: str = "") -> list[Piece]:
    """`text` in pieces: what was said now, quotes and signatures, in their order; nothing is lost.

    `subject` tells a forwarded mail, whose content is what is said, from an answer. Never raises; linear.
    """
    rows = text.split("\n")
    marked = [row for row in rows if _MARKED.match(row)]
    comparing = len(marked) <= 2 and all(_MORE_THAN.match(row) for row in marked)
    found = kinds([_line(row, comparing) for row in rows], subject)
    ends = ["\n"] * (len(rows) - 1) + [""]
    pieces: list[Piece] = []
    for kind, group in groupby(zip(found, rows, ends, strict=True), key=lambda each: each[0]):
        pieces.append(Piece(kind, "".join(row + end for _, row, end in group)))
    return [piece for piece in pieces if piece.text]


def _line(row: str, comparing: bool) -> Line:
    if comparing or not _MARKED.match(row):
        return Line(row)
    return Line(row[_MARKS.match(row).end() :], "quoted")  # type: ignore[union-attr]  # _MARKED matched, so this does


def visible_text(text: str, subject: str = "") -> str:
    """What the person wrote now: `text` without quotes and signatures; all of it when nothing else would be left."""
    said = (piece.text.strip("\r\n") for piece in fold(text, subject) if piece.kind == "said")
    return "\n\n".join(words for words in said if words.strip()).strip()
