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
from portal.knocking import Handler, knocking
from portal.limits import Places
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

    def paced(handler: Handler, burst: int = 120, per_second: float = 2) -> Handler:
        return knocking(needs, Places(burst, per_second), handler)

    return [
        web.get("/", partial(_front, to="/demo" if needs.demo else "/inbox/")),
        web.get("/chat/widget.js", Script().serve),
        web.get("/chat/sites/{name}", paced(Sites(needs, chat.presence).show, 300, 10)),
        # After a restart everybody comes back at once, also those who share an address.
        web.get("/chat/socket", paced(chat.socket, 500, 20)),
        web.post("/chat/files", paced(uploads.receive)),
        web.options("/chat/files", uploads.preflight),
        web.get("/chat/files/{token}", paced(partial(download, shares=chat.shares, files=needs.files), 300, 10)),
        web.get("/forms/embed.js", Embed().serve),
        web.get("/forms/{name}", paced(forms.show)),
        web.post("/forms/{name}", taking.receive),
        web.options("/forms/{name}", taking.preflight),
        web.get("/forms/{name}/thanks", paced(forms.thanks)),
        web.get("/go/{name}", Going(needs, came).follow),
        web.get("/confirm/{token}", paced(confirming.show)),
        web.post("/confirm/{token}", paced(confirming.receive)),
        web.get("/track/{token}", paced(tracking.show)),
        web.get("/track/{token}/events", paced(tracking.events)),
        web.get("/unsubscribe/{token}", paced(unsubscribing.show)),
        web.post("/unsubscribe/{token}", paced(unsubscribing.receive)),
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
