"""What a parser promises of everything it reads, beyond not falling over. Each raises AssertionError when broken."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import bson

from core.channel import Arrival, Event, Ignored, Receipt, Withdrawal
from core.errors import Unreadable
from core.interactions.interaction import content_document, sane, storable
from core.sanitise import sanitise
from tests.channel_contract import NOW, assert_storable

# What a document holds may be this many times the bytes it was made of: numbers of a list and marks of a quote are
# added, `&` becomes `&amp;`, a link gets its `rel`; nothing doubles for each level or line.
FACTOR, ALLOWANCE = 32, 4_000
DOCUMENT = 16 * 1024**2  # bytes MongoDB takes


def events_can_be_kept(data: bytes, events: Sequence[Event]) -> None:
    """Every event can go to MongoDB as it is, is not out of proportion, and says who and what under a bounded key."""
    for event in events:
        assert_storable(event, None)
        if isinstance(event, Arrival):
            kept = {"content": content_document(event.content), "data": storable(event.data), "at": sane(event.at, NOW)}
            assert len(bson.encode({**kept, "key": event.key, "address": str(event.address)})) < DOCUMENT
            bounded(data, event.content.text, event.content.html or "", event.content.subject or "", event.name)
            bounded(data, *(file.name for file in event.content.files))
            assert sum(len(file.data or b"") for file in event.content.files) <= 4 * len(data) + ALLOWANCE
        elif isinstance(event, Receipt | Withdrawal):
            assert len(repr(event)) < 20_000
        elif isinstance(event, Ignored):
            assert len(event.reason) < 300


def keys_stay_apart(_: bytes, events: Sequence[Event]) -> None:
    """No two arrivals of one payload share a key, or one of them would be lost. (Parts of one entry do.)"""
    keys = [(str(one.address), one.key) for one in events if isinstance(one, Arrival) and one.part is None]
    assert len(keys) == len(set(keys)), f"a key twice: {keys}"


def bounded(data: bytes, *texts: str) -> None:
    """What was read is no longer than a multiple of what it was read from."""
    size = sum(map(len, texts))
    assert size <= FACTOR * len(data) + ALLOWANCE, f"{len(data)} bytes became {size} characters"


def text_is_writable(data: bytes, found: Any) -> None:
    """No string in `found`, however deep, holds what neither UTF-8 nor MongoDB can hold; all of it is bounded."""
    size = 0
    for text in strings_in(found):
        assert "\x00" not in text, "a NUL byte"
        text.encode()
        size += len(text)
    assert size <= FACTOR * len(data) + ALLOWANCE, f"{len(data)} bytes became {size} characters"


def json_can_be_written(data: bytes, found: Any) -> None:
    """It is JSON as others read it: no NaN, text that is writable."""
    json.dumps(found, allow_nan=False)
    text_is_writable(data, found)


def strings_in(value: Any) -> Iterator[str]:
    """Every string in a value of ours."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from strings_in(key)
            yield from strings_in(inner)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from strings_in(inner)
    elif is_dataclass(value):
        for one in fields(value):
            yield from strings_in(getattr(value, one.name))


def in_whole_time(at: datetime | None) -> None:
    """A moment has its zone and lies within what can be stored."""
    if at is not None:
        assert at.tzinfo is not None
        assert datetime(1970, 1, 1, tzinfo=UTC) <= at <= datetime(9000, 1, 1, tzinfo=UTC)


# ------------------------------------------------------------------------------------------------ sanitised HTML

_QUIET = frozenset(
    [
        "a",
        "abbr",
        "address",
        "article",
        "aside",
        "b",
        "bdi",
        "bdo",
        "big",
        "blockquote",
        "br",
        "caption",
        "center",
        "cite",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "details",
        "dfn",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "font",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "main",
        "mark",
        "nav",
        "ol",
        "p",
        "pre",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "section",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "time",
        "tr",
        "tt",
        "u",
        "ul",
        "var",
        "wbr",
    ]
)
_LEADS = re.compile(r"(?i)\s*(?:https?:|mailto:|tel:)")
_LOADS = re.compile(r"(?i)url|expression|import|@|\\|javascript|/\*")


class _Reader(HTMLParser):
    """Another parser than those that sanitised: it sees every tag, and says what of it does or loads something."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.active: list[str] = []
        self.elements: list[str] = []
        self._words: list[str] = []

    @classmethod
    def of(cls, html: str) -> _Reader:
        """The reader that has read `html`."""
        reader = cls()
        reader.feed(html)
        reader.close()
        return reader

    @property
    def words(self) -> str:
        """All that is read, without white space."""
        return "".join("".join(self._words).split())

    def handle_data(self, data: str) -> None:
        self._words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _QUIET:
            self.active.append(f"<{tag}>")
        if tag != "p":
            self.elements.append(f"{tag} {sorted((name, value or '') for name, value in attrs)}")
        for name, value in attrs:
            bare = re.sub(r"[\x00-\x20]", "", value or "")
            if name.startswith("on") or name in ("srcdoc", "action", "formaction", "srcset", "ping", "background"):
                self.active.append(f"{tag} {name}={value}")
            if name == "src" and not bare.lower().startswith("cid:"):
                self.active.append(f"{tag} src={value}")
            if name == "href" and not _LEADS.match(value or ""):
                self.active.append(f"{tag} href={value}")
            if name == "style" and _LOADS.search(value or ""):
                self.active.append(f"{tag} style={value}")

    def handle_comment(self, data: str) -> None:
        self.active.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.active.append(f"<!{decl}>")

    def unknown_decl(self, data: str) -> None:
        self.active.append(f"<![{data}]>")

    def handle_pi(self, data: str) -> None:
        self.active.append(f"<?{data}>")


def nothing_active(_: bytes, html: str) -> None:
    """Sanitised HTML runs nothing and loads nothing, for a parser that had no part in sanitising it."""
    reader = _Reader.of(html)
    assert not reader.active, f"active: {reader.active[:3]}"


def sanitising_again_changes_nothing(_: bytes, html: str) -> None:
    """What was sanitised once stays: the same words and elements, whoever parses it in between.

    Where elements end may change (HTML ends a paragraph before a block, and takes a link up again behind it, once
    an element between them was taken out), the order of attributes, and white space.
    """
    again = sanitise(html)
    first, second = _Reader.of(html), _Reader.of(again)
    assert second.words == first.words, f"{html[:300]!r} became {again[:300]!r}"
    assert set(second.elements) == set(first.elements), f"{html[:300]!r} became {again[:300]!r}"


def partly(error: Unreadable) -> list[Event]:
    """The events of a payload of which the rest could not be read: they are kept too."""
    return list(error.read)
