"""A mail as it was sent: sanitised, in a document of its own that may load nothing and run nothing."""

from __future__ import annotations

import asyncio
import base64
import re
from html import unescape
from urllib.parse import unquote

from aiohttp import web

from core.errors import NotFound
from core.files.picture import picture
from core.interactions.interaction import Interaction
from core.sanitise import sanitise
from core.visible.html import fold_html
from inbox.visit import Visit

# Pictures of the mail itself are put into the document; everything else stays outside.
POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
# Asked for by the agent: pictures from other servers, which learn no more than that somebody looked.
WITH_PICTURES = POLICY.replace("img-src data:", "img-src data: https: http:")
MOST_EMBEDDED = 8_000_000
_CID = re.compile(r'src="\s*cid:([^"]{1,500})"', re.IGNORECASE)
_FRAME = (
    '<!doctype html><html lang="und"><head><meta charset="utf-8"><title>Mail</title><style>'
    "html{{background:#fff;color:#1a1f29;color-scheme:light;font:14px/1.5 system-ui,sans-serif}}"
    "body{{margin:12px;overflow-wrap:anywhere}}img,table{{max-width:100%}}img{{height:auto}}pre{{white-space:pre-wrap}}"
    "summary{{cursor:pointer;color:#5b6472;margin:8px 0}}"
    "</style></head><body>{}</body></html>"
)


async def get(visit: Visit) -> web.StreamResponse:
    """The document for the frame."""
    entry = await visit.needs.interactions.get(visit.request.match_info["id"])
    if entry is None or not entry.content.html:
        raise NotFound("There is nothing at this address.")
    pictures = bool(visit.query("pictures"))
    harmless = await asyncio.to_thread(_harmless, entry, visit.translate("Show trimmed text"), pictures=pictures)
    body = await _with_pictures(visit, entry, harmless)
    return web.Response(
        text=_FRAME.format(body),
        content_type="text/html",
        headers={
            "Content-Security-Policy": WITH_PICTURES if pictures else POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "private, no-store",
        },
    )


def _harmless(entry: Interaction, label: str, *, pictures: bool) -> str:
    """The mail to look at: what its writer quoted or signs with waits under `label`."""
    content = entry.content
    if content.visible is None:
        # Nothing was folded in its text, so nothing is in its document.
        return sanitise(content.html or "", pictures=pictures)
    return sanitise(fold_html(content.html or "", content.subject or "", label).whole, pictures=pictures)


async def _with_pictures(visit: Visit, entry: Interaction, html: str) -> str:
    """`html` with the mail's own pictures in it: a sandboxed document has no cookies to fetch them with."""
    stored = {file.content_id.lower(): file.sha256 for file in entry.content.files if file.content_id and file.sha256}
    embedded: dict[str, str] = {}
    left = MOST_EMBEDDED
    for id in dict.fromkeys(_CID.findall(html)):
        # A document may write the id with escapes and in another case (RFC 2392).
        sha256 = stored.get(unquote(unescape(id)).strip().lower())
        data = await visit.needs.files.get(sha256) if sha256 else None
        type = picture(data) if data else None
        if data and type and len(data) <= left:
            left -= len(data)
            embedded[id] = f"data:{type};base64,{base64.b64encode(data).decode()}"
    return _CID.sub(lambda found: f'src="{embedded.get(found[1], "")}"', html)
