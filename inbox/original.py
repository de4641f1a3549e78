"""A message exactly as it came in from outside, to read or to keep as a file."""

from __future__ import annotations

import re

from aiohttp import web

from core.errors import NotFound
from inbox.visit import Visit

POLICY = "default-src 'none'; sandbox"
# RFC 5322 section 3.6.8: a mail begins with a field, its name in printable ASCII without a colon.
_MAIL = re.compile(rb"(?:From [^\r\n]{1,500}\r?\n)?[!-9;-~]{1,76}:")


async def get(visit: Visit) -> web.StreamResponse:
    """The bytes as plain text; with `?save=1` as a download, `.eml` when it is a mail."""
    entry = await visit.needs.interactions.get(visit.request.match_info["id"])
    raw = entry.raw if entry is not None else None
    data: bytes | None = None
    if raw:
        data = raw.get("body") if "body" in raw else await visit.needs.files.get(str(raw.get("sha256", "")))
    if entry is None or data is None:
        raise NotFound("There is nothing at this address.")
    data = bytes(data)
    save = bool(visit.query("save"))
    ending = "eml" if _MAIL.match(data) else "txt"
    return web.Response(
        body=data if save else data.decode("utf-8", "replace").encode(),
        headers={
            "Content-Type": "message/rfc822" if save and ending == "eml" else "text/plain; charset=utf-8",
            "Content-Disposition": f'{"attachment" if save else "inline"}; filename="{entry.id}.{ending}"',
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )
