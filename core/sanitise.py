"""HTML from outside, made harmless to look at, and read as text. Pure; never raises; linear.

Sanitised HTML is still shown only in a sandboxed frame: this is the first of two walls. Before nh3 sees it, the
document is written anew with only the attributes that may stay (a hundred thousand of them on one tag cost libxml2
quadratic time), and goes through libxml2, which refuses nesting beyond 256 levels and balances every tag: HTML5's own
rules for unclosed formatting would turn 30 kB into millions of elements.
"""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Any

import nh3
from lxml import etree, html  # type: ignore[import-untyped]  # lxml ships no types

from core.content import clean

MAX_HTML = 1_000_000  # characters, after embedded data is dropped; what is longer is read as text
MAX_DEPTH = 200
MAX_ENTITIES = 100_000  # each costs nh3 microseconds


def _named(words: str) -> set[str]:
    return set(words.split())


_TAGS = _named(
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd "
    "del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd "
    "li main mark nav ol p pre q rp rt ruby s samp section small span strike strong sub summary sup table "
    "tbody td tfoot th thead time tr tt u ul var wbr"
)
_ATTRIBUTES = {
    "*": _named("align bgcolor color dir height lang style title valign width"),
    "a": {"href"},
    "col": {"span"},
    "font": {"face", "size"},
    "img": {"alt", "src"},
    "li": {"value"},
    "ol": {"start", "type"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_STYLES = _named(
    "background-color border border-bottom border-collapse border-color border-left border-radius "
    "border-right border-spacing border-style border-top border-width color direction display font-family font- "
    "size font-style font-weight height letter-spacing line-height list-style-type margin margin-bottom "
    "margin-left margin-right margin-top max-width padding padding-bottom padding-left padding-right "
    "padding-top text-align text-decoration text-indent text-transform vertical-align white-space width "
    "word-break"
)
_SCHEMES = {"http", "https", "mailto", "tel", "cid"}
_LOADS = re.compile(r"(?i)url|image|import|expression|\\|@|var\s*\(|/\*")
_REMOTE = re.compile(r"(?i)<img\b[^<>]{0,2000}?\bsrc\s*=\s*[\"']?\s*https?:")
_EMBEDDED = re.compile(r"(?i)data:[a-z0-9.+-]{1,40}/[^\"'<>\s)]{200,}")


def loads_pictures(html_: str) -> bool:
    """Whether `html_` asks for pictures from other servers."""
    return _REMOTE.search(html_[:MAX_HTML]) is not None


def sanitise(html_: str, *, pictures: bool = False) -> str:
    """A fragment of HTML that runs nothing and loads nothing from outside; pictures of the mail itself (`cid:`) stay.

    With `pictures` those of other servers stay too, because somebody asked to see them.
    What is too long or nested too deeply to be looked at safely comes back as its plain text.
    """
    source = without_embedded(html_)
    root = tree(source)
    if root is None:
        return _as_text(source)
    balanced = inner(body_of(root))
    if len(balanced) > 2 * MAX_HTML or balanced.count("&") > MAX_ENTITIES:
        return _as_text(source)
    cleaned = nh3.clean(
        balanced,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        clean_content_tags={"script", "style", "title", "template"},
        url_schemes=_SCHEMES,
        url_relative="deny",
        attribute_filter=_with_remote if pictures else _attribute,
        filter_style_properties=_STYLES,
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )
    return cleaned if cleaned.strip() else ""


def _with_remote(tag: str, name: str, value: str) -> str | None:
    if tag == "img" and name == "src" and value.strip().lower().startswith(("https://", "http://")):
        return value
    return _attribute(tag, name, value)


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "src":
        return value if value.strip().lower().startswith("cid:") else None
    if name == "href":
        return None if value.strip().lower().startswith("cid:") else value
    if name == "style":
        return None if _LOADS.search(value) else value
    if name in ("colspan", "rowspan", "span"):
        return value if value.isascii() and value.isdigit() and int(value[:6]) <= 1000 else None
    return value


def _as_text(source: str) -> str:
    return f'<div style="white-space:pre-wrap">{escape(_stripped(source), quote=False)}</div>' if source.strip() else ""


def tree(source: str) -> Any | None:
    """The parsed document, or None when it is empty, too long, or too deep.

    It has the attributes that may stay and those that tell what mail programs mean by an element; no comments.
    """
    if not source.strip() or len(source) > MAX_HTML:
        return None
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        root = html.document_fromstring(_rewritten(source).encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return None
    depth = deepest = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return root if deepest <= MAX_DEPTH else None


_MARK = re.compile(r"<(?:(!--)|([!?])|(/?)([a-zA-Z][a-zA-Z0-9:_.-]{0,40}))")
_ATTRIBUTE = re.compile(r"""[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?""")
_KEPT = set().union(*_ATTRIBUTES.values()) | {"hidden", "class", "id", "type", "cite", "data-marker"}
_RAW = _named("script style title textarea xmp iframe noembed noframes template plaintext")


def _rewritten(source: str) -> str:
    """The same document in unmistakable markup: known attributes, quoted; no comments; every other `<` escaped."""
    out: list[str] = []
    at, end = 0, len(source)
    while at < end and (mark := _MARK.search(source, at)):
        out.append(source[at : mark.start()].replace("<", "&lt;"))
        at = mark.end()
        if mark[1] or mark[2]:
            stop = source.find("-->" if mark[1] else ">", mark.start() + 2)
            at = end if stop < 0 else stop + (3 if mark[1] else 1)
            continue
        name = mark[4].lower()
        kept: dict[str, str] = {}
        while at < end and (attribute := _ATTRIBUTE.match(source, at)):
            at = attribute.end()
            key = attribute[1].lower()
            if key in _KEPT and key not in kept:
                value = attribute[2] or attribute[3] or attribute[4] or ""
                kept[key] = value.replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
        stop = source.find(">", at)
        at = end if stop < 0 else stop + 1
        if mark[3]:
            out.append(f"</{name}>")
        elif name in _RAW:
            closing = re.compile(rf"</{re.escape(name)}", re.IGNORECASE).search(source, at)
            at = closing.start() if closing else end
        else:
            out.append("".join((f"<{name}", *(f' {key}="{value}"' for key, value in kept.items()), ">")))
    out.append(source[at:].replace("<", "&lt;"))
    return "".join(out)


def body_of(root: Any) -> Any:
    """The element that holds what is shown of the document."""
    found = root.find("body")
    return root if found is None else found


def inner(element: Any) -> str:
    """What is in `element`, as markup."""
    children = "".join(etree.tostring(child, encoding="unicode", method="html") for child in element)
    return escape(element.text or "") + children


# ------------------------------------------------------------------------------------------------- as text

BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tr",
        "ul",
        "caption",
    ]
)
_SPACED = _named("p h1 h2 h3 h4 h5 h6 blockquote ul ol dl table pre")
UNREAD = _named("head script style title template noscript object svg math select textarea")
HIDDEN = re.compile(r"(?i)display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*hidden")
_SPACES = re.compile(r"[ \t\r\n\f\u00a0\u2007\u202f]+")
_INVISIBLE = re.compile("[\u00ad\u034f\u200b-\u200d\u2060\ufeff\\s]*")


class _Writer:
    """Collects words into lines: white space collapsed, quotes marked, at most one empty line in a row."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quotes = self.indent = self.pre = self.last_quotes = 0
        self.gap = False

    def words(self, words: str) -> None:
        if self.pre:
            first, *rest = words.split("\n")
            self.line.append(first)
            for one in rest:
                self.end(keep=True)
                self.line.append(one)
            return
        words = _SPACES.sub(" ", words)
        if words.startswith(" ") and (not self.line or self.line[-1].endswith((" ", "\t"))):
            words = words[1:]
        if words:
            self.line.append(words)

    def end(self, *, keep: bool = False) -> None:
        """End the line; an empty one is kept only when `keep` (a <br>, a line of <pre>)."""
        line = "".join(self.line).rstrip()
        self.line = []
        if _INVISIBLE.fullmatch(line):
            line = ""
            self.gap = self.gap or keep
            return
        if self.gap and self.lines:
            self.lines.append(("> " * min(self.quotes, self.last_quotes)).rstrip())
        self.gap = False
        self.last_quotes = self.quotes
        self.lines.append(("> " * self.quotes) + "  " * max(0, self.indent - 1) + line)

    def text(self) -> str:
        self.end()
        return "\n".join(self.lines)


def without_embedded(html_: str) -> str:
    """`html_` without pictures written into it, which are long and are shown nowhere."""
    return _EMBEDDED.sub("", clean(html_))


def text_of(html_: str) -> str:
    """What a person reads in `html_`, as plain text: one line per paragraph, quotes with `>`, hidden parts left out."""
    source = without_embedded(html_)
    root = tree(source)
    return clean(_stripped(source) if root is None else _written(root))


def _written(root: Any) -> str:
    out = _Writer()
    hidden: Any = None
    numbers: list[int] = []
    for event, node in etree.iterwalk(root, events=("start", "end")):
        tag = node.tag if isinstance(node.tag, str) else ""
        if hidden is not None:
            if event == "end" and node is hidden:
                hidden = None
                out.words(node.tail or "")
            continue
        if event == "start":
            if tag in UNREAD or HIDDEN.search(node.get("style") or "") or node.get("hidden") is not None:
                hidden = node
                continue
            _start(out, tag, node, numbers)
            out.words(node.text or "")
        else:
            _end(out, tag, numbers)
            out.words(node.tail or "")
    return out.text().strip("\n")


def _start(out: _Writer, tag: str, node: Any, numbers: list[int]) -> None:
    if tag in ("td", "th") and "".join(out.line).strip():
        out.line.append("\t" if not out.line[-1].endswith("\t") else "")
    if tag in BLOCKS and not (tag != "li" and out.line == ["- "]):
        out.end()
    if tag in _SPACED and not (tag in ("ul", "ol") and numbers):
        out.gap = True
    if tag == "blockquote":
        out.quotes = min(out.quotes + 1, 5)
    elif tag == "pre":
        out.pre += 1
    elif tag in ("ul", "ol"):
        numbers.append(0 if tag == "ol" else -1)
        out.indent = min(len(numbers), 5)
    elif tag == "li":
        if numbers and numbers[-1] >= 0:
            numbers[-1] += 1
            out.line.append(f"{numbers[-1]}. ")
        else:
            out.line.append("- ")
    elif tag == "img":
        alt = (node.get("alt") or "").strip()
        if alt and len(alt) <= 4 and not alt.isascii():
            out.words(alt)  # an emoji sent as a picture


def _end(out: _Writer, tag: str, numbers: list[int]) -> None:
    if tag == "br":
        out.end(keep=True)
    elif tag in BLOCKS:
        out.end()
    if tag == "blockquote":
        out.quotes = max(0, out.quotes - 1)
    elif tag == "pre":
        out.pre = max(0, out.pre - 1)
    elif tag in ("ul", "ol") and numbers:
        numbers.pop()
        out.indent = min(len(numbers), 5)
    if tag in _SPACED and not (tag in ("ul", "ol") and numbers):
        out.gap = True


_SECTION = re.compile(r"(?i)<(script|style|head|title)\b")
_BREAK = re.compile(r"(?i)<(?:br|/p|/div|/tr|/li|/h[1-6])\b[^<>]*>")
_TAG = re.compile(r"<[a-zA-Z/!?][^<>]*>?")


def _stripped(source: str) -> str:
    """The words of a document that cannot be parsed: tags taken out, nothing understood."""
    kept: list[str] = []
    lower = source.lower()
    at = 0
    while found := _SECTION.search(source, at):
        kept.append(source[at : found.start()])
        end = lower.find(f"</{found[1].lower()}", found.end()) if len(kept) < 50 else -1
        if end < 0:
            at = found.end()
            break
        at = end
    kept.append(source[at:])
    lines = unescape(_TAG.sub("", _BREAK.sub("\n", "".join(kept)))).split("\n")
    return "\n".join(line for line in (_SPACES.sub(" ", line).strip() for line in lines) if line)
