"""Bytes to text, whatever the mail says about them: labels are missing, wrong, or name something unheard of.

The order: a byte order mark; UTF-8 where the bytes are valid UTF-8 (they never are by accident); the declared
charset, as the superset mail programs really mean; then a guess. Nothing here raises, and everything is linear.
"""

from __future__ import annotations

import codecs
import re

import chardet

# What the label says, and what the writers of such mail really use (WHATWG Encoding, section 4.2).
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "cp950",
    "iso2022_jp": "iso2022_jp_2",
}
_ALIASES = {
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "koi8-ru": "koi8-u",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "utf8mb4": "utf-8",
    "cp-1251": "cp1251",
    "win-1251": "cp1251",
    "x-cp1251": "cp1251",
    "x-sjis": "cp932",
    "x-gbk": "gb18030",
    "gb2312-80": "gb18030",
    "ansi": "cp1252",
}
# Codecs that are no charsets, or whose decoders are slower than linear.
_REFUSED = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"})
_STATEFUL = ("utf-7", "utf-16", "utf-32", "iso2022", "hz")  # ASCII bytes mean something else here
_WESTERN = frozenset({"cp1252", "iso8859-15", "mac-roman", "cp850", "cp1254"})
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
         (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,40}\Z")
_SAMPLE = 4096  # bytes given to the guesser: it costs milliseconds, and more text makes it no surer
_GUESSES = 24  # per mail, so that ten thousand unlabelled names cost no more than one


def codec(label: str) -> str | None:
    """Python's name for the charset `label`, as the superset that is meant; None when there is no such charset."""
    label = label.strip().strip("\"'").lower()
    if not _LABEL.match(label):
        return None
    for name in (_ALIASES.get(label, label), re.sub(r"^(?:x-|windows|win|charset=)[-_]?(?=\d|[a-z])", "cp", label)):
        try:
            info = codecs.lookup(name)
        except (LookupError, ValueError):
            continue
        if info.name in _REFUSED or not getattr(info, "_is_text_encoding", True):
            return None
        return _MEANT.get(info.name, info.name)
    return None


def _strict(raw: bytes, name: str) -> str | None:
    try:
        return raw.decode(name)
    except (UnicodeError, LookupError, ValueError):
        return None


class Charsets:
    """Decodes the byte strings of one mail; what it learned from one helps with the next."""

    def __init__(self) -> None:
        self._hint: str | None = None
        self._guessed = 0

    def decode(self, raw: bytes, label: str = "") -> str:
        """The text in `raw`, which the mail says is in charset `label` (empty: it says nothing)."""
        for mark, name in _BOMS:
            if raw.startswith(mark):
                text = _strict(raw, "utf-8-sig" if name == "utf-8" else name)
                if text is not None:
                    return text
        name_declared = codec(label) if label else None
        if raw.isascii() and not (name_declared or "").startswith(_STATEFUL):
            if b"\x1b$" in raw or b"\x1b(" in raw:  # ISO-2022-JP that does not say so
                text = _strict(raw, "iso2022_jp_2")
                if text is not None:
                    return text
            return raw.decode("ascii")
        if name_declared and name_declared.startswith(_STATEFUL):
            text = _strict(raw, name_declared)
            return text if text is not None else self._guess(raw)
        text = _strict(raw, "utf-8")
        if text is not None and (name_declared in (None, "utf-8", "cp1252") or _surely_utf8(text)):
            self._learn(text, "utf-8")
            return text
        if name_declared == "utf-8":
            text = raw.decode("utf-8", "replace")
            if text.count("\ufffd") * 8 <= sum(not c.isascii() for c in text[:20000]):
                return text  # UTF-8 cut in the middle of a character, or damaged in a place or two
        elif name_declared:
            text = _strict(raw, name_declared)
            if text is not None and not (name_declared in _WESTERN and _implausible(text)):
                self._learn(text, name_declared)
                return text
            if text is None and name_declared not in _WESTERN and b"\xff" not in raw:
                damaged = raw.decode(name_declared, "replace")
                if damaged.count("\ufffd") * 20 <= len(damaged):
                    return damaged
        return self._guess(raw)

    def _learn(self, text: str, name: str) -> None:
        if self._hint is None and not text.isascii():
            self._hint = name

    def _guess(self, raw: bytes) -> str:
        text = _strict(raw, "utf-8")
        if text is not None:
            return text
        if self._hint and self._hint != "utf-8":
            text = _strict(raw, self._hint)
            if text is not None and not (self._hint in _WESTERN and _implausible(text)):
                return text
        name = None
        if self._guessed < _GUESSES:
            self._guessed += 1
            name = codec(str(chardet.detect(_sample(raw)).get("encoding") or ""))
        if name:
            text = _strict(raw, name)
            if text is None and name == "utf-8":
                text = raw.decode("utf-8", "replace")
            if text is not None:
                self._learn(text, name)
                return text
        return raw.decode("cp1252", "replace") if b"\x81" not in raw else raw.decode("latin-1")


def _surely_utf8(text: str) -> bool:
    """Valid UTF-8 by accident has one odd character; two or more are no accident."""
    return sum(not c.isascii() for c in text[:2000]) >= 2


def _implausible(text: str) -> bool:
    """True for text of mostly accented letters: another alphabet under a western label."""
    sample = text[:2000]
    high = sum(c >= "\xc0" and c.isalpha() for c in sample)
    return high >= 4 and high * 2 > sum(c.isalpha() for c in sample)


def _sample(raw: bytes) -> bytes:
    """The part of `raw` worth guessing from: lines that are not plain ASCII, up to a few kilobytes."""
    if len(raw) <= _SAMPLE:
        return raw
    first = re.search(rb"[\x80-\xff]", raw)
    start = first.start() if first else 0
    return raw[max(0, start - 64) : start - 64 + _SAMPLE] if start > 64 else raw[:_SAMPLE]
