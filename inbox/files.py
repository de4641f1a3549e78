"""Attachments: shown only when they are surely pictures or sound, a download otherwise, and never run."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from core.content import File
from core.errors import NotFound
from core.files.picture import picture
from inbox.conversation import attached
from inbox.visit import Visit

# https://mimesniff.spec.whatwg.org/#matching-an-audio-or-video-type-pattern: what the bytes say,
# not what the sender says. RIFF is also the beginning of pictures, which are no sound.
_SOUNDS = {b"OggS": "audio/ogg", b"ID3": "audio/mpeg", b"\xff\xfb": "audio/mpeg", b"RIFF": "audio/wav"}
POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; sandbox"


def sound(data: bytes) -> str | None:
    """The type of a sound, or of a video a browser plays, None for anything else."""
    if data[4:8] == b"ftyp":
        return "audio/mp4" if data[8:11] == b"M4A" else "video/mp4"
    if data.startswith(b"RIFF") and data[8:12] != b"WAVE":
        return None
    return next((type for start, type in _SOUNDS.items() if data.startswith(start)), None)


async def get(visit: Visit) -> web.StreamResponse:
    """The bytes of one attachment of one entry."""
    sha256 = visit.request.match_info["sha256"]
    entry = await visit.needs.interactions.get(visit.query("entry", 40))
    if entry is None or not attached(entry, sha256):
        raise NotFound("This file is not there any more.")
    data = await visit.needs.files.get(sha256)
    if data is None:
        raise NotFound("This file is not there any more.")
    file = next(file for file in entry.content.files if file.sha256 == sha256)
    shown = picture(data) or sound(data)
    return web.Response(
        body=data,
        content_type=shown or "application/octet-stream",
        headers={
            "Content-Disposition": _disposition(file, inline=shown is not None and not visit.query("save")),
            "Content-Security-Policy": POLICY,
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, max-age=86400, immutable",
        },
    )


def _disposition(file: File, *, inline: bool) -> str:
    """RFC 6266, with the name as RFC 8187 writes it, so that nothing in it can end the header."""
    name = quote(file.name.replace("/", "_").replace("\\", "_") or "file", safe="", errors="replace")
    return f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{name}"
