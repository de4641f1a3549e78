"""The header block of a mail or of one of its parts: fields, encoded words, parameters, ids, dates.

RFC 5322 (fields), 2047 (encoded words), 2231 (parameters), and what is sent instead of them. Nothing raises on bytes.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from urllib.parse import unquote_to_bytes

from channels.email.charset import Charsets
from core.content import clean

MAX_VALUE = 100_000  # bytes of one field that are looked at
MAX_FIELDS = 2_000
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_KNOWN = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|mime-version|content-[a-z-]+|received|reply-to|sender|return-path|"
    rb"delivered-to|references|in-reply-to|x-[a-z-]+|dkim-signature|authentication-results)[ \t]*:",
    re.IGNORECASE,
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_EMPTY_LINE = re.compile(rb"\n\r?\n")

Fields = list[tuple[str, bytes]]


def block(raw: bytes, at: int, end: int, stops: Callable[[bytes], bool]) -> tuple[Fields, int]:
    """The fields from `at` on, unfolded and with lower-case names, and where the body begins.

    A line for which `stops` is true (a boundary) ends the block. A line that is no field ends it as well, unless known
    fields follow before the next empty line: then it was a field folded badly.
    """
    fields: list[tuple[str, list[bytes]]] = []
    mended = 0
    while at < end:
        stop = raw.find(b"\n", at, end)
        stop = end if stop < 0 else stop + 1
        line = raw[at : min(stop, at + MAX_VALUE)].rstrip(b"\r\n")
        if not line:
            return _joined(fields), stop
        if line[:2] == b"--" and stops(line):
            break
        if line[0] in b" \t":
            if fields:
                fields[-1][1].append(line)
        elif match := _FIELD.match(line):
            fields.append((match[1].decode("ascii").lower(), [line[match.end() :]]))
            if len(fields) == MAX_FIELDS:
                empty = _EMPTY_LINE.search(raw, at, end)
                return _joined(fields), empty.end() if empty else end
        elif not fields and line.startswith((b"From ", b">From ")):
            pass  # the envelope line of a mailbox file
        elif mended < 20 and fields and _fields_follow(raw, stop, end):
            mended += 1
            fields[-1][1].append(b" " + line)
        else:
            break
        at = stop
    return _joined(fields), at


def _joined(fields: list[tuple[str, list[bytes]]]) -> Fields:
    return [(name, b"".join(lines)[:MAX_VALUE].strip()) for name, lines in fields]


def _fields_follow(raw: bytes, at: int, end: int) -> bool:
    for _ in range(40):
        stop = raw.find(b"\n", at, end)
        line = raw[at : min(at + 200, end if stop < 0 else stop)].rstrip(b"\r")
        if stop < 0 or not line:
            return False
        if _KNOWN.match(line):
            return True
        at = stop + 1
    return False


# -------------------------------------------------------------------------------------------- encoded words


def text(value: bytes, charsets: Charsets) -> str:
    """The value of an unstructured field (or a phrase) as a person reads it, on one line."""
    if b"=?" not in value:
        return plain(charsets.decode(value))
    pieces: list[str] = []
    at, last_end = 0, -1
    words: list[tuple[str, str, bytes]] = []  # a run of neighbours, decoded together
    while (start := value.find(b"=?", at)) >= 0:
        word = _word(value, start)
        if word is None:
            at = start + 2
            continue
        label, kind, payload, end = word
        gap = value[max(last_end, 0) : start]
        if not words or gap.strip(b" \t\r\n"):
            pieces.extend((_run(words, charsets), charsets.decode(gap)))
            words = []
        words.append((label, kind, payload))
        at = last_end = end
    pieces.extend((_run(words, charsets), charsets.decode(value[max(last_end, 0) :])))
    return plain("".join(pieces))


def plain(words: str) -> str:
    """`words` on one line, without control characters, characters that cannot be stored, or hidden direction marks."""
    return " ".join(clean(_BIDI.sub("", _CONTROL.sub(" ", words))).split())


def _word(value: bytes, start: int) -> tuple[str, str, bytes, int] | None:
    """The encoded word at `start` as (charset, b or q, payload, end), or None when there is none."""
    first = value.find(b"?", start + 2, start + 80)
    if first < 0 or value[first + 2 : first + 3] != b"?":
        return None
    kind = value[first + 1 : first + 2].lower()
    end = value.find(b"?=", first + 3)
    if kind not in (b"b", b"q") or end < 0:
        return None
    payload = value[first + 3 : end]
    if b"=?" in payload:  # this one was never closed; the next one may be
        return None
    label = value[start + 2 : first].split(b"*", 1)[0].decode("ascii", "replace").lower()
    return label, kind.decode(), payload, end + 2


def _run(words: list[tuple[str, str, bytes]], charsets: Charsets) -> str:
    """Neighbouring words as text: those of one charset are joined as bytes, since writers split inside characters."""
    out: list[str] = []
    raw, label, rest = b"", "", b""
    for index, (charset, kind, payload) in enumerate(words):
        if charset != label and (raw or rest):
            out.append(charsets.decode(raw + base64(rest), label))
            raw, rest = b"", b""
        label = charset
        if kind == "q":
            raw += base64(rest) + binascii.a2b_qp(payload.replace(b" ", b"_"), header=True)
            rest = b""
            continue
        joined = rest + b"".join(payload.split())
        # A base64 stream cut anywhere but at a multiple of four goes on in the next word.
        whole = len(joined) - len(joined) % 4 if index + 1 < len(words) and b"=" not in joined else len(joined)
        raw += base64(joined[:whole])
        rest = joined[whole:]
    if raw or rest:
        out.append(charsets.decode(raw + base64(rest), label))
    return "".join(out)


_NOT_BASE64 = re.sub(rb"[A-Za-z0-9+/=]", b"", bytes(range(256)))


def base64(data: bytes) -> bytes:
    """What `data` encodes; foreign characters are skipped, missing padding is added, several runs are joined."""
    data = data.translate(None, _NOT_BASE64)
    if b"=" in data.rstrip(b"="):
        return b"".join(_unpad(run) for run in re.findall(rb"[^=]+", data))
    return _unpad(data.rstrip(b"="))


def _unpad(run: bytes) -> bytes:
    if len(run) % 4 == 1:
        run = run[:-1]  # six bits are no byte: the end was cut off
    return binascii.a2b_base64(run + b"=" * (-len(run) % 4))


# ---------------------------------------------------------------------------------------------- parameters

_PARAM = re.compile(rb'\s*([^\s=;"]{1,100})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))', re.DOTALL)


def params(value: bytes, charsets: Charsets) -> tuple[str, dict[str, str]]:
    """A structured field as (its token in lower case, its parameters), RFC 2231 pieces and charsets put together."""
    token, _, rest = value.partition(b";")
    pieces: dict[str, list[tuple[int, bool, bytes]]] = {}
    at, found = 0, 0
    while at < len(rest) and found < 200:
        match = _PARAM.match(rest, at)
        if match:
            found += 1
            raw = match[3].strip(b" \t\r\n\"'") if match[2] is None else re.sub(rb'\\(["\\])', rb"\1", match[2])
            name, *numbers = match[1].decode("ascii", "replace").lower().split("*")
            number = next((int(n) for n in numbers if n.isdigit() and n.isascii() and len(n) < 4), 0)
            pieces.setdefault(name, []).append((number, len(numbers) > 0 and numbers[-1] == "", raw))
        stop = rest.find(b";", match.end() if match else at)
        if stop < 0:
            break
        at = stop + 1
    return (
        re.sub(r"[^!-~]", "", token.decode("ascii", "replace")).strip("\"'").lower(),
        {name: _assembled(name, parts, charsets) for name, parts in pieces.items()},
    )


def _assembled(name: str, parts: list[tuple[int, bool, bytes]], charsets: Charsets) -> str:
    parts.sort(key=lambda part: part[0])
    if name == "boundary":  # compared with bytes, not read by people
        return b"".join(raw for _, _, raw in parts)[:200].decode("latin-1")
    extended = any(part[1] for part in parts)
    if not extended:
        joined = b"".join(raw for _, _, raw in parts) if parts[-1][0] else parts[0][2]
        return text(joined, charsets)
    label, raw_all = "", b""
    for number, percent, raw in parts:
        if percent and number == parts[0][0] and raw.count(b"'") >= 2:
            charset, _, raw = raw.split(b"'", 2)
            label = charset.decode("ascii", "replace")
        raw_all += unquote_to_bytes(raw) if percent else raw
    return plain(charsets.decode(raw_all, label))


# -------------------------------------------------------------------------------------------- ids and dates

_ID = re.compile(rb"<\s*([^<>\s]{1,500})\s*>")


def message_ids(value: bytes) -> list[str]:
    """The message ids in `value` in their order, each once, without brackets."""
    found = _ID.findall(value) or [word for word in value.split()[:1] if b"@" in word and len(word) <= 500]
    return list(dict.fromkeys(clean(one.decode("utf-8", "replace")) for one in found))


def date(value: bytes) -> datetime | None:
    """The moment in a Date field, in UTC; None when there is none or it is not of the age of mail."""
    try:
        parsed = parsedate_tz(value[:200].decode("ascii", "replace"))
        if parsed is None:
            return None
        zone = timezone(timedelta(seconds=parsed[9] or 0))
        year, month, day, hour, minute, second = parsed[:6]
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if 1980 <= moment.year < 2200 else None
