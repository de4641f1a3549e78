"""What browsers load: style sheets and modules of every room, under `/static/BUILD/ROOM/PATH`, kept for ever.

BUILD is a hash over all of them, so modules import each other by relative paths and a new version never mixes with an
old one. `/static/ROOM/PATH` (without BUILD, or with that of another version) is served too, to be asked for anew.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from aiohttp import web

_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
    ".mp3": "audio/mpeg",
}
_ROOT = Path(__file__).parent.parent.parent
ROOMS: Mapping[str, Path] = {
    "design": Path(__file__).parent / "static",
    "inbox": _ROOT / "inbox" / "static",
    "portal": _ROOT / "portal" / "static",
}


class Assets:
    """The files of some rooms, held in memory (some hundred kilobytes)."""

    def __init__(self, rooms: Mapping[str, Path] = ROOMS) -> None:
        self._files = {
            f"{room}/{path.relative_to(folder).as_posix()}": path.read_bytes()
            for room, folder in rooms.items()
            if folder.is_dir()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix in _TYPES
        }
        whole = hashlib.sha256()
        for name, data in self._files.items():
            whole.update(f"{name}\0{len(data)}\0".encode() + data)
        self.build = whole.hexdigest()[:12]
        self._packed: dict[str, bytes] = {}

    def url(self, path: str) -> str:
        """Where `path` ("design/tokens.css") is loaded from. KeyError when there is no such file."""
        if path not in self._files:
            raise KeyError(f"no such asset: {path}")
        return f"/static/{self.build}/{path}"

    def routes(self) -> list[web.AbstractRouteDef]:
        """GET and HEAD under /static."""
        return [web.get("/static/{path:.+}", self._serve)]

    async def _serve(self, request: web.Request) -> web.Response:
        build, _, rest = request.match_info["path"].partition("/")
        lasting = build == self.build
        name = rest if lasting or (rest and rest in self._files) else request.match_info["path"]
        data = self._files.get(name)
        if data is None:
            raise web.HTTPNotFound(text="There is no such file.")
        etag = hashlib.sha256(data).hexdigest()[:16]
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable" if lasting else "no-cache",
            "ETag": f'"{etag}"',
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
        }
        if any(tag.value in (etag, "*") for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        kind = _TYPES[Path(name).suffix]
        if (
            len(data) > 800
            and kind.startswith(("text/", "image/svg"))
            and "gzip" in request.headers.get("Accept-Encoding", "")
        ):
            if name not in self._packed:
                self._packed[name] = gzip.compress(data, 6, mtime=0)
            data = self._packed[name]
            headers["Content-Encoding"] = "gzip"
        charset = "utf-8" if kind.startswith("text/") else None
        return web.Response(body=data, headers=headers, content_type=kind, charset=charset)


@cache
def assets() -> Assets:
    """The files of every room, read once."""
    return Assets()


def routes() -> list[web.AbstractRouteDef]:
    """Serves /static for every room."""
    return assets().routes()
