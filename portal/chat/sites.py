"""GET /chat/sites/NAME: what the widget shows before anybody talks. Nothing in it is about the visitor."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from core.channel import Account
from core.chat.site import Site, site_of
from core.errors import UnknownAccount
from portal.chat.origin import allowed
from portal.chat.presence import Presence
from portal.needs import Needs


class Sites:
    """The handler."""

    def __init__(self, needs: Needs, presence: Presence) -> None:
        self._needs = needs
        self._presence = presence

    async def show(self, request: web.Request) -> web.Response:
        """200 with the facts; 403 or 404 for a page that may not show this chat. Kept by browsers for half a minute."""
        origin = request.headers.get("Origin")
        headers = {"Access-Control-Allow-Origin": origin} if origin else {}
        headers |= {"Vary": "Origin", "Cache-Control": "private, max-age=30"}
        try:
            account = await self._needs.lines.account("webchat", request.match_info["name"][:100])
        except UnknownAccount:
            return web.json_response({"code": "no_such_site"}, status=404, headers=headers)
        if not allowed(account, origin, request.host, self._needs.public_url):
            return web.json_response({"code": "not_here"}, status=403)
        facts = await self._facts(account)
        return web.Response(body=orjson.dumps(facts), content_type="application/json", headers=headers)

    async def _facts(self, account: Account) -> dict[str, Any]:
        site = site_of(account)
        mails = await self._needs.unread.account(site) is not None
        return {
            "title": site.title,
            "welcome": dict(site.welcome or {}),
            "questions": [{"name": q.name, "label": q.label, "required": q.required} for q in site.questions],
            "greetings": [{"text": g.text, **g.when} for g in site.greetings],
            "can": ways(site, self._needs, mails=mails),
            **await self._presence(),
        }


def ways(site: Site, needs: Needs, *, mails: bool) -> list[str]:
    """What a visitor may ask for beside talking."""
    offered = {
        "mail": mails and site.mail_after > 0,
        "transcript": mails and site.transcripts,
        "telegram": bool(site.telegram) and needs.telegram_link is not None,
    }
    return [name for name, there in offered.items() if there]
