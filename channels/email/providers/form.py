"""Forms as providers post them: urlencoded, or multipart/form-data (RFC 7578). One pass, no recursion."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from channels.email.charset import Charsets
from channels.email.header import block, params
from core.errors import NotThisFormat

MAX_FIELDS = 2_000
_BOUNDARY = re.compile(rb"--([^\r\n]{1,200})\r\n")


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of a form. `name` and `filename` are as they were sent; `filename` is None for what is no file."""

    name: str
    data: bytes = field(repr=False)
    filename: str | None = None
    type: str = ""


class Form:
    """The entries of a form in their order."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self._first: dict[str, Entry] = {}
        for entry in entries:
            self._first.setdefault(entry.name, entry)

    def bytes(self, name: str) -> bytes | None:
        """The first entry called `name`, None when there is none."""
        entry = self._first.get(name)
        return entry.data if entry else None

    def text(self, name: str, charset: str = "utf-8") -> str:
        """The first entry called `name` as text, empty when there is none."""
        return Charsets().decode(self.bytes(name) or b"", charset)

    def entry(self, name: str) -> Entry | None:
        """The first entry called `name` with all that is known of it."""
        return self._first.get(name)

    def digest(self) -> str:
        """SHA-256 of the entries, whatever boundary they were sent under."""
        sum_ = hashlib.sha256()
        for entry in self.entries:
            sum_.update(f"{len(entry.name)} {len(entry.data)}\n{entry.name}".encode("utf-8", "replace"))
            sum_.update(entry.data)
        return sum_.hexdigest()


def read(body: bytes, headers: Mapping[str, str]) -> Form:
    """The form in `body`. Without a content type it is guessed from the first line. Raises NotThisFormat."""
    kind, given = params(headers.get("content-type", "").encode("utf-8", "replace"), Charsets())
    first = _BOUNDARY.match(body)
    if kind == "multipart/form-data" or (not kind and first):
        boundary = given.get("boundary", "").encode("latin-1", "replace") or (first[1] if first else b"")
        return Form(_multipart(body, boundary))
    if kind not in ("", "application/x-www-form-urlencoded"):
        raise NotThisFormat("The body is neither a form nor JSON.")
    return Form(_urlencoded(body))


def _urlencoded(body: bytes) -> list[Entry]:
    try:
        # latin-1 keeps the bytes as they are; which charset they are in, the field's reader knows.
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            encoding="latin-1",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError as error:
        raise NotThisFormat("The body is not a form.") from error
    if not pairs:
        raise NotThisFormat("The body is empty.")
    return [Entry(name.encode("latin-1").decode("utf-8", "replace"), value.encode("latin-1")) for name, value in pairs]


def _multipart(body: bytes, boundary: bytes) -> list[Entry]:
    mark = b"--" + boundary
    if not boundary or not body.startswith(mark):
        raise NotThisFormat("The form does not begin with its boundary.")
    charsets = Charsets()
    entries: list[Entry] = []
    at = len(mark)
    while body[at : at + 2] == b"\r\n":
        end = body.find(b"\r\n" + mark, at)
        if end < 0 or len(entries) >= MAX_FIELDS:
            raise NotThisFormat("The form breaks off, or has too many fields.")
        fields, start = block(body, at + 2, end, lambda _: False)
        values = dict(reversed(fields))
        _, told = params(values.get("content-disposition", b""), charsets)
        entries.append(
            Entry(
                told.get("name", ""),
                body[start:end],
                told.get("filename"),
                values.get("content-type", b"").decode("latin-1"),
            )
        )
        at = end + 2 + len(mark)
    if body[at : at + 2] != b"--":
        raise NotThisFormat("The form breaks off.")
    return entries
