"""Every URL of the portal."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from portal.chat.files import download
from portal.chat.script import Script
from portal.chat.socket import Chat
from portal.chat.upload import Uploads
from portal.demo import DemoMail, DemoShop
from portal.form_page import FormPages
from portal.needs import Demo, Needs
from portal.tracking import Tracking
from portal.unsubscribe import Unsubscribing


def routes(needs: Needs) -> list[web.AbstractRouteDef]:
    """The handlers, made of what they need. When the hub stops, `needs.streams.close()` lets browsers go."""
    chat = Chat(needs)
    uploads = Uploads(chat)
    forms = FormPages(needs)
    tracking = Tracking(needs)
    unsubscribing = Unsubscribing(needs)
    return [
        web.get("/", partial(_front, to="/demo" if needs.demo else "/inbox/")),
        web.get("/chat/widget.js", Script().serve),
        web.get("/chat/socket", chat.socket),
        web.post("/chat/files", uploads.receive),
        web.options("/chat/files", uploads.preflight),
        web.get("/chat/files/{token}", partial(download, shares=chat.shares, files=needs.files)),
        web.get("/forms/{name}", forms.show),
        web.post("/forms/{name}", forms.receive),
        web.options("/forms/{name}", forms.preflight),
        web.get("/forms/{name}/thanks", forms.thanks),
        web.get("/track/{token}", tracking.show),
        web.get("/track/{token}/events", tracking.events),
        web.get("/unsubscribe/{token}", unsubscribing.show),
        web.post("/unsubscribe/{token}", unsubscribing.receive),
        *(_demo(needs, needs.demo) if needs.demo else ()),
    ]


def _demo(needs: Needs, demo: Demo) -> list[web.RouteDef]:
    shop = DemoShop(needs, demo)
    found = [web.get("/demo", shop.show), web.post("/demo/orders", shop.move)]
    if demo.post is not None:
        mail = DemoMail(needs, demo.post)
        found += [web.get("/demo/mail", mail.show), web.post("/demo/mail", mail.write)]
    return found


async def _front(request: web.Request, to: str) -> web.Response:
    """GET /."""
    return web.Response(status=302, headers={"Location": to})
