"""A parsed document as lines, each with the nodes it is made of and what its elements say about it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from lxml import etree, html  # type: ignore[import-untyped]  # lxml ships no types

from core.sanitise import BLOCKS, HIDDEN, UNREAD
from core.visible.kinds import Hint

Atom = tuple[Any, str]  # an element and which part of it: its text, its tail, or itself (a picture, a rule)

# What mail programs name the elements they put around the old mail, by class or id, in lower case.
_NAMED: dict[str, Hint] = {
    "gmail_attr": "head",
    "moz-cite-prefix": "head",
    "moz-email-headers-table": "head",
    "replyheader": "head",
    "divrplyfwdmsg": "rest",
    "outlookmessageheader": "rest",
    "ms-outlook-mobile-reference-message": "rest",
    "mail-editor-reference-message-container": "history",
    "yahoo_quoted": "history",
    "olk_src_body_section": "history",
    "zmail_extra": "history",
    "moz-forward-container": "forward",
    "isforwardcontent": "forward",
    "__quoted_text__": "history",
    "gmail_signature": "signature",
    "gmail_signature_prefix": "signature",
    "moz-signature": "signature",
    "signature": "signature",
    "email-signature": "signature",
    "applemailsignature": "signature",
    "ms-outlook-mobile-signature": "signature",
    "protonmail_signature_block": "signature",
    "composer_signature": "signature",
    "ydp-signature": "signature",
    "zimbrasignature": "signature",
    "mail-signature": "signature",
    "mailru-signature": "signature",
}
_CITED = frozenset(
    ["gmail_quote", "yahoo_quoted", "protonmail_quote", "moz-cite", "cite", "tutanota_quote", "iosymail", "zmail_quote"]
)
_PREFORMATTED = re.compile(r"(?i)white-space\s*:\s*(?:-moz-)?pre")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_MARKS = re.compile(r"[ \u00a0]{0,3}(?:>[ \u00a0]?)+")
_PICTURE = "\ufffc"
_RULE = "_" * 20
_SPACED = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "table", "pre"])
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
MAX_BREAKS = 50_000


@dataclass(slots=True)
class Row:
    """One line of the document."""

    words: list[str] = field(default_factory=list)
    atoms: list[Atom] = field(default_factory=list)
    hint: Hint = ""

    @property
    def text(self) -> str:
        """Its words without quote marks; a picture is one character."""
        text = "".join(self.words).strip(" \t\r\n\f")
        found = _MARKS.match(text)
        return text[found.end() :] if found else "-- " if text in ("--", "--\u00a0") else text

    @property
    def quoted(self) -> bool:
        """Marked as a quote in its words, as plain text is."""
        return _MARKS.match("".join(self.words).strip(" \t\r\n\f")) is not None


def writable(words: str) -> str:
    """`words` without what lxml reads but does not write: control characters."""
    return _UNWRITABLE.sub("", words)


def rows(body: Any) -> list[Row]:
    """The lines of `body` in order. Line ends in preformatted text become <br>, so that each line has its own node."""
    _break_preformatted(body)
    out = _Rows()
    hints: list[Hint] = [""]
    hidden: Any = None
    for event, node in etree.iterwalk(body, events=("start", "end")):
        tag = node.tag if isinstance(node.tag, str) else ""
        if hidden is not None:
            if event == "end" and node is hidden:
                hidden = None
                out.add(node, "tail", node.tail, hints[-1])
            continue
        if event == "start":
            if node is not body and (
                tag in UNREAD or HIDDEN.search(node.get("style") or "") or node.get("hidden") is not None
            ):
                hidden = node
                continue
            if tag in BLOCKS:
                out.end(blank=tag in _SPACED)
            hints.append(_hint(node, tag, hints[-1]))
            if tag == "hr":
                out.solid(node, _RULE, hints[-1])
                out.end()
            elif tag == "img":
                out.solid(node, _PICTURE, hints[-1])
            elif tag in ("td", "th"):
                out.gap()
            out.add(node, "text", node.text, hints[-1])
        else:
            hints.pop()
            if tag == "br" or tag in BLOCKS:
                out.end(blank=tag == "br" or tag in _SPACED)
            if node is not body:
                out.add(node, "tail", node.tail, hints[-1])
    out.end()
    return out.rows


class _Rows:
    """Collects rows."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.row = Row()

    def add(self, node: Any, where: str, words: str | None, hint: Hint) -> None:
        if not words:
            return
        words = _SPACES.sub(" ", words)
        if words.strip(" \u00a0"):
            self._hinted(hint)
            self.row.atoms.append((node, where))
        self.row.words.append(words)

    def solid(self, node: Any, words: str, hint: Hint) -> None:
        self._hinted(hint)
        self.row.atoms.append((node, "self"))
        self.row.words.append(words)

    def gap(self) -> None:
        if self.row.words:
            self.row.words.append("\t")

    def _hinted(self, hint: Hint) -> None:
        # Text outside of a quote on the line of a quote's element: the line is what its first words are.
        if not self.row.atoms:
            self.row.hint = hint

    def end(self, *, blank: bool = False) -> None:
        """End the line; one without words is kept when `blank`, as it separates paragraphs."""
        if not self.row.words and not blank:
            return
        if not self.row.hint and self.row.quoted:
            self.row.hint = "quoted"
        self.rows.append(self.row)
        self.row = Row()


def _hint(node: Any, tag: str, around: Hint) -> Hint:
    """What `node` says about its lines; what is around it goes first."""
    if around in ("quoted", "history", "forward", "rest", "head"):
        return around
    names = [*(node.get("class") or "").lower().split()[:20], (node.get("id") or "").lower(), node.get("data-marker")]
    found: Hint = next((_NAMED[name.lower()] for name in names if name and name.lower() in _NAMED), around)
    if tag == "blockquote":
        cited = node.get("type") == "cite" or node.get("cite") or any(name in _CITED for name in names)
        return "quoted" if cited or found == "history" else "perhaps"
    return found


def _break_preformatted(body: Any) -> None:
    """Turn line ends in <pre> and the like into <br>."""
    left = MAX_BREAKS
    depth = 0
    slots: list[Atom] = []
    for event, node in etree.iterwalk(body, events=("start", "end")):
        pre = node.tag == "pre" or _PREFORMATTED.search(node.get("style") or "") is not None
        if event == "start":
            depth += pre
            if depth and node.text and "\n" in node.text:
                slots.append((node, "text"))
        else:
            depth -= pre
            if depth and node is not body and node.tail and "\n" in node.tail:
                slots.append((node, "tail"))
    for node, where in slots:
        first, *more = writable(getattr(node, where) or "").split("\n")
        left -= len(more)
        if left < 0:
            return
        setattr(node, where, None)  # lxml would move a tail along
        for words in reversed(more):
            line_break = html.Element("br")
            line_break.tail = words
            if where == "text":
                node.insert(0, line_break)
            else:
                node.addnext(line_break)
        setattr(node, where, first)
