"""POST /chat/files: a visitor brings a file, before the message that it belongs to."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

from aiohttp import web

from core.channel import Address
from core.errors import CannotStore, UnknownAccount
from portal.chat.files import sniffed
from portal.chat.origin import allowed
from portal.chat.socket import Chat
from portal.language import said
from portal.limits import Buckets

MAX_FILE = 10 * 1024 * 1024
_HEADERS = "authorization, content-type, x-site, x-file-name"


class Uploads:
    """The handlers of `/chat/files`. The token is in a header, so no other site can send anything in its name."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._bringing = Buckets(burst=20, per_second=0.2)

    async def preflight(self, request: web.Request) -> web.Response:
        """OPTIONS /chat/files. Whether the site may is looked at with the file itself, which names it."""
        headers = {"Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": _HEADERS}
        return web.Response(status=204, headers={**_cors(request), **headers, "Access-Control-Max-Age": "3600"})

    async def receive(self, request: web.Request) -> web.Response:
        """POST /chat/files: the bytes as the body; {"file": receipt} or {"error": sentence}."""
        needs = self._chat.needs
        site = request.headers.get("X-Site", "")[:100]
        try:
            account = await needs.lines.account("webchat", site)
        except UnknownAccount:
            return _refused(request, 404, "no_such_site")
        if not allowed(account, request.headers.get("Origin"), request.host, needs.public_url):
            return _refused(request, 403, "not_here")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        visitor = self._chat.visitors.known(site, token)
        if visitor is None:
            return _refused(request, 401, "not_understood")
        address = str(Address("webchat", site, visitor.id))
        if self._bringing.take(address):
            return _refused(request, 429, "too_many_files")
        data = await _body(request)
        if data is None:
            return _refused(request, 413, "too_large")
        if not data:
            return _refused(request, 400, "empty")
        name = unquote(request.headers.get("X-File-Name", ""), errors="replace")
        file = sniffed(name, request.content_type, data)
        try:
            stored = replace(file, data=None, sha256=await needs.files.put(data))
        except CannotStore:
            return _refused(request, 503, "cannot_store")
        return web.json_response({"file": self._chat.shares.receipt(address, stored)}, headers=_cors(request))


async def _body(request: web.Request) -> bytes | None:
    """The body; None when it is larger than a file may be, which is noticed before it is all in memory."""
    if (request.content_length or 0) > MAX_FILE:
        return None
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_FILE:
            return None
    return bytes(body)


def _refused(request: web.Request, status: int, code: str) -> web.Response:
    sentence = said(request.headers.get("Accept-Language", "")[:2].lower(), "chat", code)
    return web.json_response({"error": sentence, "code": code}, status=status, headers=_cors(request))


def _cors(request: web.Request) -> dict[str, str]:
    origin = request.headers.get("Origin")
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"} if origin else {}
