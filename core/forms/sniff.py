"""What a file is, by what is in it: neither its name nor what the browser says of it is believed. Pure, linear.

Signatures as the formats define them: PNG (RFC 2083), JPEG (ITU-T T.81), GIF89a, WebP (RFC 9649), HEIF (ISO 23008-12),
PDF (ISO 32000), ZIP (APPNOTE), Office Open XML (ECMA-376), OpenDocument (OASIS).
"""

from __future__ import annotations

import re

PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/heic"}
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
# Group → the types in it, as administrators choose them.
GROUPS: dict[str, frozenset[str]] = {
    "pictures": frozenset(PICTURES),
    "pdf": frozenset({"application/pdf"}),
    "documents": frozenset(
        {
            f"{_OFFICE}wordprocessingml.document",
            f"{_OFFICE}spreadsheetml.sheet",
            f"{_OFFICE}presentationml.presentation",
            f"{_OPEN}text",
            f"{_OPEN}spreadsheet",
            f"{_OPEN}presentation",
            "application/x-ole-storage",
            "application/rtf",
        }
    ),
    "text": frozenset({"text/plain"}),
}
# What a browser's file dialogue is told, by group. A hint only.
HINTS = {
    "pictures": "image/png,image/jpeg,image/gif,image/webp,image/heic",
    "pdf": "application/pdf",
    "documents": ".docx,.xlsx,.pptx,.odt,.ods,.odp,.doc,.xls,.ppt,.rtf",
    "text": ".txt,.csv",
}
UNKNOWN = "application/octet-stream"

_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"{\\rtf", "application/rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
)
_PARTS = (
    (b"word/", f"{_OFFICE}wordprocessingml.document"),
    (b"xl/", f"{_OFFICE}spreadsheetml.sheet"),
    (b"ppt/", f"{_OFFICE}presentationml.presentation"),
)
_MARKUP = re.compile(rb"\s*(<|#!|%!)")
# Control characters that no text has: all but tab, line feed, form feed and carriage return.
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")


def type_of(data: bytes) -> str:
    """The media type of `data`; `application/octet-stream` for what is none of those a form can ask for."""
    for start, type in _STARTS:
        if data.startswith(start):
            return type
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1", b"heif"):
        return "image/heic"
    if data.startswith(b"PK\x03\x04"):
        return _zipped(data)
    if data and not _BINARY.search(data) and not _MARKUP.match(data.removeprefix(b"\xef\xbb\xbf")):
        return "text/plain"
    return UNKNOWN


def _zipped(data: bytes) -> str:
    """An office document by the names in it; one that carries macros is none that a form takes."""
    if b"vbaProject" in data:
        return UNKNOWN
    found = re.match(rb"mimetype(application/vnd\.oasis\.opendocument\.[a-z]{4,20})", data[30:120])
    if found and found[1].decode() in GROUPS["documents"]:
        return found[1].decode()
    if b"[Content_Types].xml" in data:
        return next((type for part, type in _PARTS if part in data), UNKNOWN)
    return UNKNOWN


def group_of(type: str) -> str:
    """The group a media type belongs to; empty for none."""
    return next((group for group, types in GROUPS.items() if type in types), "")
