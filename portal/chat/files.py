"""Attachments in the chat: signed links that open one file of one address for a day, and uploads.

An upload is answered with a signed receipt, which the browser puts into its next message; so a message is small, is
resent as often as it takes, and can name only files that its own visitor brought.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from aiohttp import web
from itsdangerous import BadData, URLSafeTimedSerializer

from core.content import File, clean
from core.files.naming import named
from core.files.picture import picture
from core.files.store import Files
from core.interactions.interaction import Interaction
from core.signing import Stamp, signers, timely
from portal.chat.frames import file_facts

LIFETIME = timedelta(days=1)


class Shares:
    """Signs and reads the links."""

    def __init__(self, key: str) -> None:
        self._signer = URLSafeTimedSerializer(signers(key), salt="webchat.file", signer=Stamp)
        self._receipts = URLSafeTimedSerializer(signers(key), salt="webchat.upload", signer=Stamp)

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
            (sha256, type, name, _), signed = self._signer.loads(token, return_timestamp=True)
        except (BadData, ValueError, TypeError):
            return None
        return (str(sha256), str(type), str(name)) if timely(signed, LIFETIME) else None

    def receipt(self, address: str, file: File) -> str:
        """What the browser of `address` shows to send the stored `file`."""
        return _text(self._receipts.dumps([address, file.sha256, file.type, file.name, file.size, file.kind]))

    def brought(self, addresses: Collection[str], receipt: str) -> File | None:
        """The file that the visitor at `addresses` uploaded; None when it was somebody else, or too long ago."""
        try:
            told, signed = self._receipts.loads(receipt[:4000], return_timestamp=True)
            owner, sha256, type, name, size, kind = told
        except (BadData, ValueError, TypeError):
            return None
        if owner not in addresses or not timely(signed, LIFETIME):
            return None
        return File(name=name, type=type, size=size, kind=kind, sha256=sha256)


def sniffed(name: str, claimed: str, data: bytes) -> File:
    """A file by what is in it: a picture only when its first bytes say so, whatever it claims to be."""
    found = picture(data)
    type = claimed if re.fullmatch(r"[a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,80}", claimed) else ""
    if found is None and type.startswith("image/"):
        type = ""
    return File(
        name=named(clean(name)) or "file",
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
    # Shown in the page only what is surely a picture; all else is a download, whatever it was called on the way here.
    shown = picture(data)
    way = "inline" if shown else "attachment"
    return web.Response(
        body=data,
        content_type=shown or "application/octet-stream",
        headers={
            "Content-Disposition": f"{way}; filename*=UTF-8''{quote(known[2], safe='')}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, max-age=3600",
        },
    )
