"""A leaf of a mail as a file: a name that is safe to show and to save, a kind, the bytes."""

from __future__ import annotations

import mimetypes

from channels.email.charset import Charsets
from channels.email.header import block, text
from channels.email.mime import Part
from core.content import File
from core.files.naming import named

_EXTENSIONS = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/rfc822-headers": ".txt",
    "message/rfc822": ".eml",
    "message/global": ".eml",
    "message/delivery-status": ".txt",
    "application/pgp-signature": ".asc",
    "application/pkcs7-signature": ".p7s",
    "application/pkcs7-mime": ".p7m",
    "image/jpeg": ".jpg",
    "audio/mpeg": ".mp3",
    "application/octet-stream": ".bin",
}
_TNEF = b"\x78\x9f\x3e\x22"  # MS-OXTNEF section 2.1.3.2
_STEMS = {"image": "image", "audio": "audio", "video": "video", "message": "message", "text": "text"}


def file(part: Part, data: bytes, position: int, charsets: Charsets) -> File:
    """`part` as a file; `position` (from 1) numbers those without a name."""
    kind = part.type.split("/", 1)[0]
    if kind not in ("image", "audio", "video") or part.type == "image/svg+xml":
        kind = "document"  # an SVG can hold scripts: it is shown as a document, never as a picture
    return File(
        name=named(declared_name(part)) or _invented(part, data, position, charsets),
        type=part.type,
        size=len(data),
        kind=kind,
        data=data,
        content_id=part.first("content-id").decode("utf-8", "replace").strip(" \t<>")[:500] or None,
    )


def declared_name(part: Part) -> str:
    """What the sender calls it, unchecked; empty when it has no name."""
    return part.disposition_params.get("filename") or part.type_params.get("name") or ""


def _invented(part: Part, data: bytes, position: int, charsets: Charsets) -> str:
    if part.type in ("message/rfc822", "message/global"):
        fields, _ = block(data[:200_000], 0, min(len(data), 200_000), lambda _: False)
        subject = next((text(value, charsets) for name, value in fields if name == "subject"), "")
        if named(subject):
            return named(f"{subject[:100]}.eml")
    if data.startswith(_TNEF) or part.type in ("application/ms-tnef", "application/vnd.ms-tnef"):
        return "winmail.dat"  # Outlook's wrapping, under the name everybody knows it by
    extension = _EXTENSIONS.get(part.type) or mimetypes.guess_extension(part.type) or ".bin"
    return f"{_STEMS.get(part.type.split('/', 1)[0], 'attachment')}-{position}{extension}"
