"""Attachments in the chat: signed links that open one file of one address for a day."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from aiohttp import web
from itsdangerous import BadData, URLSafeTimedSerializer

from core.channel import File
from core.files.store import Files
from core.interactions.interaction import Interaction
from portal.chat.frames import file_facts

LIFETIME = 24 * 3600
# Shown in the page; everything else is handed out as a download, whatever it claims to be.
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


class Shares:
    """Signs and reads the links."""

    def __init__(self, key: str) -> None:
        self._signer = URLSafeTimedSerializer(key, salt="webchat.file")

    def of(self, entry: Interaction) -> list[dict[str, Any]]:
        """What a browser is told of the files of an entry."""
        return [file_facts(file, self._url(entry.address, file)) for file in entry.content.files]

    def _url(self, address: str, file: File) -> str | None:
        if file.sha256 is None:
            return None
        signed = self._signer.dumps([file.sha256, file.type, file.name[:100], address])
        return f"/chat/files/{signed if isinstance(signed, str) else signed.decode()}"

    def read(self, token: str) -> tuple[str, str, str] | None:
        """(hash, type, name) behind a link; None when it is forged or too old."""
        try:
            sha256, type, name, _ = self._signer.loads(token, max_age=LIFETIME)
        except (BadData, ValueError, TypeError):
            return None
        return str(sha256), str(type), str(name)


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
