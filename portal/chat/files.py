"""Attachments in the chat: signed links that open one file of one address for a day, and uploads.

An upload is answered with a signed receipt, which the browser puts into its next message; so a message is small, is
resent as often as it takes, and can name only files that its own visitor brought.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any
from urllib.parse import quote

from aiohttp import web
from itsdangerous import BadData, URLSafeTimedSerializer

from core.channel import File, clean
from core.files.store import Files
from core.interactions.interaction import Interaction
from core.signing import signers
from portal.chat.frames import file_facts

LIFETIME = 24 * 3600
# Shown in the page; everything else is handed out as a download, whatever it claims to be.
_STARTS = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"))
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


class Shares:
    """Signs and reads the links."""

    def __init__(self, key: str) -> None:
        self._signer = URLSafeTimedSerializer(signers(key), salt="webchat.file")
        self._receipts = URLSafeTimedSerializer(signers(key), salt="webchat.upload")

    def of(self, entry: Interaction) -> list[dict[str, Any]]:
        """What a browser is told of the files of an entry."""
        return [file_facts(file, self._url(entry.address, file)) for file in entry.content.files]

    def _url(self, address: str, file: File) -> str | None:
        if file.sha256 is None:
            return None
        signed = _text(self._signer.dumps([file.sha256, file.type, file.name[:100], address]))
        return f"/chat/files/{signed}"

    def read(self, token: str) -> tuple[str, str, str] | None:
        """(hash, type, name) behind a link; None when it is forged or too old."""
        try:
            sha256, type, name, _ = self._signer.loads(token, max_age=LIFETIME)
        except (BadData, ValueError, TypeError):
            return None
        return str(sha256), str(type), str(name)

    def receipt(self, address: str, file: File) -> str:
        """What the browser of `address` shows to send the stored `file`."""
        return _text(self._receipts.dumps([address, file.sha256, file.type, file.name, file.size, file.kind]))

    def brought(self, addresses: Collection[str], receipt: str) -> File | None:
        """The file that the visitor at `addresses` uploaded; None when it was somebody else, or too long ago."""
        try:
            owner, sha256, type, name, size, kind = self._receipts.loads(receipt[:4000], max_age=LIFETIME)
        except (BadData, ValueError, TypeError):
            return None
        return File(name=name, type=type, size=size, kind=kind, sha256=sha256) if owner in addresses else None


def sniffed(name: str, claimed: str, data: bytes) -> File:
    """A file by what is in it: a picture only when its first bytes say so, whatever it claims to be."""
    found = next((type for start, type in _STARTS if data.startswith(start)), None)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        found = "image/webp"
    type = claimed if re.fullmatch(r"[a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,80}", claimed) else ""
    if found is None and type.startswith("image/"):
        type = ""
    safe = re.sub(r"[\x00-\x1f/\\]", "_", clean(name)).strip()[-150:] or "file"
    return File(
        name=safe,
        type=found or type or "application/octet-stream",
        size=len(data),
        kind="image" if found else "document",
        data=data,
    )


def _text(signed: str | bytes) -> str:
    return signed if isinstance(signed, str) else signed.decode()


async def download(request: web.Request, shares: Shares, files: Files) -> web.Response:
    """GET /chat/files/TOKEN."""
    known = shares.read(request.match_info["token"])
    data = await files.get(known[0]) if known else None
    if known is None or data is None:
        raise web.HTTPNotFound(text="This link is no longer valid. Open the chat again to get a new one.")
    _, type, name = known
    shown = type in PICTURES
    way = "inline" if shown else "attachment"
    return web.Response(
        body=data,
        content_type=type if shown else "application/octet-stream",
        headers={
            "Content-Disposition": f"{way}; filename*=UTF-8''{quote(name, safe='')}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, max-age=3600",
        },
    )
