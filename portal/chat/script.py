"""`/chat/widget.js`: the files in `widget/` as one script, put together when the hub starts; there is no build step."""

from __future__ import annotations

import gzip
import hashlib
import json
from importlib import resources

from aiohttp import web

PARTS = (
    *("texts.js", "store.js", "line.js", "dom.js", "format.js", "talk.js", "upload.js", "sound.js", "greet.js"),
    *("sheet.js", "thread.js", "panel.js", "chat.js", "wishes.js", "start.js"),
)


class Script:
    """The widget, plain and compressed, with its ETag."""

    def __init__(self) -> None:
        folder = resources.files("portal.chat") / "widget"
        style = json.dumps((folder / "widget.css").read_text("utf-8"), ensure_ascii=False)
        parts = "\n".join((folder / name).read_text("utf-8") for name in PARTS)
        # A function around it all: nothing of ours becomes a name of the host page.
        self.plain = f'(() => {{\n"use strict";\nconst STYLE = {style};\n{parts}}})();\n'.encode()
        self.packed = gzip.compress(self.plain, 9, mtime=0)
        self.etag = hashlib.sha256(self.plain).hexdigest()[:20]

    async def serve(self, request: web.Request) -> web.Response:
        """GET /chat/widget.js. Five minutes without asking, then a question that is mostly answered with 304."""
        headers = {
            "ETag": f'"{self.etag}"',
            "Cache-Control": "public, max-age=300, stale-while-revalidate=86400",
            "Vary": "Accept-Encoding",
            "Access-Control-Allow-Origin": "*",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "X-Content-Type-Options": "nosniff",
        }
        if any(tag.value in (self.etag, "*") for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        body = self.plain
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            body = self.packed
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=body, headers=headers, content_type="text/javascript", charset="utf-8")
