"""HTML from outside: made harmless, read as text, folded; and text, folded and marked up."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from core.content import Content, Mark, clean
from core.fit import cuts
from core.sanitise import loads_pictures, sanitise, text_of
from core.visible.html import fold_html
from core.visible.text import fold, visible_text
from switchboard.design.environment import paragraphs
from switchboard.design.marked import formatted
from tests.core.visible.letters import letters
from tests.core.visible.programs import htmls
from tests.fuzz.promises import bounded, nothing_active, sanitising_again_changes_nothing, text_is_writable
from tests.fuzz.target import Target


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _pages() -> list[bytes]:
    cases = [*list(htmls())[::6], *letters("held_out_html")]
    return [case.mail.encode() for case in cases] + [
        b"<p>a<b>b<i>c</p>d</i></b><table><tr><td>x<td>y</table><img src=cid:a><a href='http://x/?a=b&c'>l</a>",
        b"<svg><style><img src=x onerror=alert(1)></style></svg><math><mtext><table><mglyph><style><!--</style>",
        b'<div style="background:url(//x);color:red;width:1px">x</div><font color=red face="a\'b">y</font>',
        b"<ol start=3><li value=2>a<li>b<ul><li>c</ol><pre>a\nb</pre><details><summary>s</summary>t</details>",
    ]


def _letters() -> list[bytes]:
    return [case.mail.encode() for name in ("letters", "held_out") for case in letters(name)][::2]


def _sanitised(data: bytes) -> str:
    html = _text(data)
    loads_pictures(html)
    nothing_else = sanitise(html, pictures=True)
    assert "<script" not in nothing_else.lower()
    return sanitise(html)


def _as_text(data: bytes) -> str:
    return text_of(_text(data))


def _folded(data: bytes) -> Any:
    return fold_html(_text(data), "Re: Order 4711")


def _folding_is_harmless(data: bytes, found: Any) -> None:
    bounded(data, found.visible, found.whole)
    for html in (found.visible, found.whole):
        nothing_active(data, sanitise(html))


def _visible(data: bytes) -> str:
    subject, _, words = clean(_text(data)).partition("\n")
    assert "".join(piece.text for piece in fold(words, subject)) == words, "folding lost something"
    return visible_text(words, subject)


def _marked(data: bytes) -> str:
    """Text with marks at the places its first line names: three numbers each, a kind by the number."""
    places, _, text = _text(data).partition("\n")
    numbers = [int(word) % 500 for word in places.split()[:60] if word.isascii() and word.isdigit() and len(word) < 9]
    kinds = ("bold", "italic", "code", "pre", "quote", "spoiler", "link", "x", "underline", "strikethrough")
    links = ("https://x.test/a", "javascript:alert(1)", 'https://x/"onclick=', "tg://user?id=1")
    marks = tuple(
        Mark(kinds[kind % len(kinds)], start, length, links[kind % len(links)])
        for start, length, kind in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=False)
    )
    return str(formatted(Content(text=text, marks=marks), paragraphs))


def _cut(data: bytes) -> Any:
    most, _, text = _text(data).partition("\n")
    size = max(2, len(most))
    for utf16 in (False, True):
        spans = list(cuts(text, size, utf16=utf16))
        assert all(start < end for start, end in spans) or spans == [(0, 0)], spans
        assert all(end <= start for (_, end), (start, _) in pairwise(spans)), "pieces overlap"
        lost = [text[end:start] for (_, end), (start, _) in pairwise(spans)]
        assert not any(words.strip() for words in lost), "a piece was lost"
    return spans


TARGETS: tuple[Target, ...] = (
    Target("html.sanitise", _sanitised, _pages, "html", (), (bounded, nothing_active, sanitising_again_changes_nothing),
           10, 700, 12_000),
    Target("html.text", _as_text, _pages, "html", (), (text_is_writable,), 4, 350, 12_000),
    Target("html.fold", _folded, _pages, "html", (), (_folding_is_harmless,), 5, 250, 12_000),
    Target("text.fold", _visible, _letters, "mail", (), (text_is_writable,), 4, 300, 12_000),
    Target("text.marks", _marked, lambda: [b"0 5 0 3 4 1 2 9 6\nHello https://x.test, you\n> and me", b"1 1 3\na"],
           "text", (), (bounded, nothing_active), 2, 250, 4_000),
    Target("text.cut", _cut, lambda: ["          \nHello you. And 🏳️‍🌈 me\n\nthere 👩‍👩‍👧 🇺🇦🇺🇦".encode()],
           "text", (), (), 2, 250, 4_000),
)  # fmt: skip
