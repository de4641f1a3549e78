"""The structure of a mail: one pass over its bytes, no recursion, whatever the nesting.

The standard library's parser tests every line against every open boundary and recurses per level, so that nesting
costs time squared and at some depth a RecursionError. Here open boundaries are in a table, only lines beginning with
two dashes are looked at, and a level costs one entry. RFC 2045, 2046.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from channels.email.charset import Charsets
from channels.email.header import Fields, base64, block, params

MAX_PARTS = 5_000
MAX_BOUNDARY = 300  # bytes of a line that are compared with the open boundaries; RFC 2046 allows 70


@dataclass(slots=True)
class Part:
    """A node: `type` is `main/sub` in lower case, `start` and `end` bound its body in the raw mail."""

    fields: Fields
    type: str
    type_params: dict[str, str]
    disposition: str
    disposition_params: dict[str, str]
    start: int
    end: int
    parts: list[Part] = field(default_factory=list)
    boundary: bytes = b""
    named: dict[str, list[bytes]] = field(default_factory=dict, repr=False)

    def first(self, name: str) -> bytes:
        """The first field called `name` (lower case), empty when there is none."""
        values = self.named.get(name)
        return values[0] if values else b""

    def all(self, name: str) -> list[bytes]:
        """Every field called `name`, topmost first."""
        return self.named.get(name, [])

    def walk(self) -> Iterator[Part]:
        """This node and all below it, in the order of the mail."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.parts))


def split(raw: bytes, charsets: Charsets) -> Part:
    """The tree of `raw`. A multipart in which no boundary is found becomes text, so that it is read at all."""
    opened: dict[bytes, list[int]] = {}  # boundary → levels of the stack that wait for it, innermost last
    stack: list[Part] = []

    def match(line: bytes) -> tuple[int, bool] | None:
        mark = line[2:].rstrip(b" \t")
        if opened.get(mark):
            return opened[mark][-1], False
        if mark.endswith(b"--") and opened.get(mark[:-2]):
            return opened[mark[:-2]][-1], True
        return None

    def stops(line: bytes) -> bool:
        return match(line) is not None

    count = 1
    at = len(raw) - len(raw.lstrip(b"\r\n \t")) if raw[:1] in (b"\r", b"\n", b" ", b"\t") else 0
    root, at = _part(raw, at, charsets, stops, default="text/plain")
    leaf: Part | None = root
    if root.type.startswith("multipart/"):
        root.boundary = root.boundary or _guessed_boundary(raw, at)
        leaf = _push(root, stack, opened)
    at = max(0, at - 1)  # a boundary is found from the newline before it
    while stack and (newline := raw.find(b"\n--", at)) >= 0:
        at = raw.find(b"\n", newline + 1)
        at = len(raw) if at < 0 else at
        hit = match(raw[newline + 1 : min(at, newline + MAX_BOUNDARY)].rstrip(b"\r"))
        if hit is None or (count >= MAX_PARTS and not hit[1]):
            continue
        level, closing = hit
        edge = newline - 1 if raw[newline - 1 : newline] == b"\r" else newline  # that line end is the boundary's
        if leaf is not None:
            leaf.end = max(leaf.start, edge)
        while len(stack) > level + (not closing):
            part = _pop(stack, opened)
            part.end = max(part.start, edge)
        leaf = None
        if closing:
            continue
        parent = stack[-1]
        default = "message/rfc822" if parent.type == "multipart/digest" else "text/plain"
        part, at = _part(raw, min(at + 1, len(raw)), charsets, stops, default)
        at -= 1
        parent.parts.append(part)
        count += 1
        leaf = _push(part, stack, opened) if part.type.startswith("multipart/") else part
    for part in root.walk():
        if part.type.startswith("multipart/") and not part.parts:
            part.type = "text/plain"
    return root


def _push(part: Part, stack: list[Part], opened: dict[bytes, list[int]]) -> Part | None:
    if not part.boundary:
        return part
    opened.setdefault(part.boundary, []).append(len(stack))
    stack.append(part)
    return None


def _pop(stack: list[Part], opened: dict[bytes, list[int]]) -> Part:
    part = stack.pop()
    opened[part.boundary].pop()
    return part


def _part(raw: bytes, at: int, charsets: Charsets, stops: Callable[[bytes], bool], default: str) -> tuple[Part, int]:
    fields, body = block(raw, at, len(raw), stops)
    named: dict[str, list[bytes]] = {}
    for name, value in fields:
        named.setdefault(name, []).append(value)
    content_type = named.get("content-type", [b""])[0]
    type_, type_params = params(content_type, charsets)
    if not re.fullmatch(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}", type_):
        # "text" alone is text; anything else that is no type at all is not looked into
        type_ = default if type_ in ("", "text", "plain", "text/") else "application/octet-stream"
        type_ = "text/html" if content_type.strip().lower().startswith(b"html") else type_
    disposition, disposition_params = params(named.get("content-disposition", [b""])[0], charsets)
    part = Part(fields, type_, type_params, disposition, disposition_params, body, len(raw), named=named)
    if type_.startswith("multipart/"):
        part.boundary = type_params.get("boundary", "").encode("latin-1", "replace").rstrip(b" \t")
    return part, body


def _guessed_boundary(raw: bytes, at: int) -> bytes:
    """The boundary a multipart forgot to name: its first line that begins with two dashes, if it comes twice."""
    start = raw.find(b"\n--", max(0, at - 1))
    if start < 0:
        return b""
    mark = raw[start + 3 : start + MAX_BOUNDARY].split(b"\n", 1)[0].rstrip(b"\r \t")
    return mark if len(mark) > 5 and raw.count(b"\n--" + mark) > 1 else b""


# ------------------------------------------------------------------------------------------ transfer encodings


def body(raw: bytes, part: Part) -> bytes:
    """The decoded bytes of a leaf. An encoding it does not really use, or one nobody knows, leaves them as they are."""
    data = raw[part.start : part.end]
    words = part.first("content-transfer-encoding").lower().strip(b" \t\"';").split(b";")[0].split()
    encoding = words[0].replace(b"_", b"-") if words else b""
    if encoding in (b"base64", b"base-64", b"b64"):
        return _base64_body(data, part.type.startswith("text/"))
    if encoding in (b"quoted-printable", b"quotedprintable", b"qp"):
        return binascii.a2b_qp(data)
    if encoding in (b"x-uuencode", b"uuencode", b"x-uue", b"uue"):
        return _uu_body(data)
    return data


def _base64_body(data: bytes, is_text: bool) -> bytes:
    """Base64; in text, whatever follows it in clear (a list's footer) is kept, and clear text is not decoded at all."""
    foreign = re.search(rb"[^A-Za-z0-9+/=\s]", data) if is_text else None
    if foreign is None:
        decoded = base64(data)
        if is_text and b"\x00" in decoded and data.isascii() and len(b"".join(data.split())) % 4:
            return data
        return decoded
    line = data.rfind(b"\n", 0, foreign.start()) + 1
    return base64(data[:line]) + data[line:] if data[:line].strip() else data


def _uu_body(data: bytes) -> bytes:
    out: list[bytes] = []
    for line in data.splitlines():
        if line.startswith(b"begin ") or line in (b"end", b"`", b""):
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            continue
    return b"".join(out) if out else data
