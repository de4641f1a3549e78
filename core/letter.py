"""What an agent types, as the parts of a letter: HTML of plain words, pictures in their place, a signature.

Agents write plain text. A signature may have `**bold**`, `*italic*` and `[words](https://…)`; `[picture.png]` in a text
is where the attached picture of that name stands. Pure; linear; everything else is written as it is, escaped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape

from core.content import File

_LINK = re.compile(r"https?://[^\s<>\"']{1,2000}")
_FORMAT = re.compile(
    r"\*\*(?P<bold>[^*\n]{1,200})\*\*|\*(?P<italic>[^*\s][^*\n]{0,200})\*|"
    r"\[(?P<words>[^\]\[\n]{1,200})\]\((?P<url>https?://[^\s()<>\"]{1,500})\)"
)
_AFTER = ".,;:!?)»"
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


def as_html(text: str, pictures: Mapping[str, str] | None = None) -> str:
    """`text` as HTML: paragraphs, line breaks, links; `pictures` maps a name in brackets to a content id."""
    marks = "|".join(re.escape(f"[{name}]") for name in pictures or ())
    marked = re.compile(f"({marks})") if marks else None
    paragraphs = re.split(r"\n[ \t]*\n", text.strip("\n"))
    return "".join(f"<p>{_lines(one, marked, pictures or {})}</p>" for one in paragraphs if one.strip())


def _lines(text: str, marked: re.Pattern[str] | None, pictures: Mapping[str, str]) -> str:
    pieces = marked.split(text) if marked else [text]
    return "".join(_picture(one, pictures) if n % 2 else _linked(one) for n, one in enumerate(pieces))


def _picture(mark: str, pictures: Mapping[str, str]) -> str:
    name = mark[1:-1]
    return f'<img src="cid:{escape(pictures[name])}" alt="{escape(name)}" style="max-width:100%">'


def _linked(text: str) -> str:
    out, at = [], 0
    for found in _LINK.finditer(text):
        url = found[0].rstrip(_AFTER)
        out += [escape(text[at : found.start()], quote=False), f'<a href="{escape(url)}">{escape(url)}</a>']
        at = found.start() + len(url)
    return "".join([*out, escape(text[at:], quote=False)]).replace("\n", "<br>")


def signature_html(signature: str) -> str:
    """A signature as HTML, with its formatting."""
    out, at = [], 0
    for found in _FORMAT.finditer(signature):
        out.append(_linked(signature[at : found.start()]))
        if found["bold"]:
            out.append(f"<b>{_linked(found['bold'])}</b>")
        elif found["italic"]:
            out.append(f"<i>{_linked(found['italic'])}</i>")
        else:
            out.append(f'<a href="{escape(found["url"])}">{escape(found["words"], quote=False)}</a>')
        at = found.end()
    return "".join([*out, _linked(signature[at:])])


def signature_text(signature: str) -> str:
    """The same as plain text: the marks are gone, a link's address follows its words."""

    def plain(found: re.Match[str]) -> str:
        return found["bold"] or found["italic"] or f"{found['words']}: {found['url']}"

    return _FORMAT.sub(plain, signature)


def in_place(text: str, files: Sequence[File]) -> tuple[str | None, tuple[File, ...]]:
    """The HTML of `text` and the files, those pictures with a content id that stand in it; None when none does."""
    pictures: dict[str, str] = {}
    placed: list[File] = []
    for file in files:
        if file.type in PICTURES and file.sha256 and f"[{file.name}]" in text and file.name not in pictures:
            pictures[file.name] = f"{file.sha256[:32]}@inline"
            placed.append(replace(file, content_id=pictures[file.name]))
        else:
            placed.append(file)
    return (as_html(text, pictures) if pictures else None), tuple(placed)


def without_marks(text: str, files: Sequence[File]) -> str:
    """`text` without the places of pictures, for a channel that can only attach them."""
    for file in files:
        if file.type in PICTURES:
            text = text.replace(f"[{file.name}]", "")
    return text.strip()
