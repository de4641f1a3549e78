"""`/forms/embed.js`: the script that shows a form on somebody's page, in a frame of ours that grows with it."""

from __future__ import annotations

import hashlib
from importlib import resources

from aiohttp import web


class Embed:
    """The script, with its ETag."""

    def __init__(self) -> None:
        source = (resources.files("portal.forms") / "embed.js").read_text("utf-8")
        # A function around it: nothing of ours becomes a name of the host page.
        self._script = f'(() => {{\n"use strict";\n{source}}})();\n'.encode()
        self._etag = hashlib.sha256(self._script).hexdigest()[:20]

    async def serve(self, request: web.Request) -> web.Response:
        """GET /forms/embed.js. Five minutes without asking, then a question that is mostly answered with 304."""
        headers = {
            "ETag": f'"{self._etag}"',
            "Cache-Control": "public, max-age=300, stale-while-revalidate=86400",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "X-Content-Type-Options": "nosniff",
        }
        if any(tag.value in (self._etag, "*") for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(body=self._script, headers=headers, content_type="text/javascript", charset="utf-8")
