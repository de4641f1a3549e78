"""Every URL of the portal."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from core.recent import Recent
from portal.came import Came
from portal.chat.files import download
from portal.chat.script import Script
from portal.chat.sites import Sites
from portal.chat.socket import Chat
from portal.chat.upload import Uploads
from portal.demo import DemoMail, DemoShop
from portal.forms.confirming import Confirming
from portal.forms.embed import Embed
from portal.forms.page import FormPages
from portal.forms.take import TakesForms
from portal.going import Going
from portal.needs import Demo, Needs
from portal.tracking import Tracking
from portal.unsubscribe import Unsubscribing


def routes(needs: Needs) -> list[web.AbstractRouteDef]:
    """The handlers, made of what they need. When the hub stops, `needs.streams.close()` lets browsers go."""
    secure = (needs.public_url or "").startswith("https:")
    came = Came(needs.signing_key, secure, Recent(needs.campaigns.all))
    chat = Chat(needs, came)
    uploads = Uploads(chat)
    forms = FormPages(needs)
    taking = TakesForms(forms, came)
    confirming = Confirming(needs)
    tracking = Tracking(needs)
    unsubscribing = Unsubscribing(needs)
    return [
        web.get("/", partial(_front, to="/demo" if needs.demo else "/inbox/")),
        web.get("/chat/widget.js", Script().serve),
        web.get("/chat/sites/{name}", Sites(needs, chat.presence).show),
        web.get("/chat/socket", chat.socket),
        web.post("/chat/files", uploads.receive),
        web.options("/chat/files", uploads.preflight),
        web.get("/chat/files/{token}", partial(download, shares=chat.shares, files=needs.files)),
        web.get("/forms/embed.js", Embed().serve),
        web.get("/forms/{name}", forms.show),
        web.post("/forms/{name}", taking.receive),
        web.options("/forms/{name}", taking.preflight),
        web.get("/forms/{name}/thanks", forms.thanks),
        web.get("/go/{name}", Going(needs, came).follow),
        web.get("/confirm/{token}", confirming.show),
        web.post("/confirm/{token}", confirming.receive),
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
