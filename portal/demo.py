"""`/demo`: a sample shop with everything a customer can touch, for a newcomer's first minute. Only with sample data.

`/demo/mail` is the sample customers' mailbox: what the hub mailed them, and a way to write back.
"""

from __future__ import annotations

import json
import re
import secrets

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage

from core.content import clean
from core.forms.check import as_mail
from core.forms.field import in_language
from core.ids import new_id
from core.orders.order import STATUSES
from core.origin import place_of
from portal.forms.page import more_of
from portal.language import words_of
from portal.limits import Places
from portal.needs import Demo, Needs, Post
from portal.page import language_of, page

LARGEST_LETTER = 64 * 1024
_NUMBER = re.compile(r"[A-Z]{1,3}-[0-9]{4}")


class DemoShop:
    """The handlers of `/demo`."""

    def __init__(self, needs: Needs, demo: Demo) -> None:
        self.needs = needs
        self.demo = demo
        self._moving = Places(burst=30, per_second=1)

    async def show(self, request: web.Request) -> web.Response:
        """GET /demo."""
        language = language_of(self.needs, request)
        form = await self.needs.forms.get(self.demo.form)
        return page(
            self.needs,
            request,
            "demo.html",
            "demo",
            language=language,
            demo=self.demo,
            order=await self.demo.find(self.demo.order),
            form=form,
            asks=words_of(language, "form"),
            text=lambda words, default="": in_language(words, language, default),
            more=more_of(form) if form else {},
            hidden={"_id": new_id(), "_lang": language, "_page": str(request.url.with_query(None))},
            statuses=STATUSES,
        )

    async def move(self, request: web.Request) -> web.Response:
        """POST /demo/orders {"number"?, "status"}: what a shop's system would tell; no number: a new order."""
        if request.content_type != "application/json":  # a page of another site cannot send this
            return web.json_response({"error": "Send JSON."}, status=415)
        if wait := self._moving.take(self.needs.visitor_ip(request)):
            headers = {"Retry-After": str(int(wait) + 1)}
            return web.json_response({"error": "One at a time, please."}, status=429, headers=headers)
        try:
            given = json.loads(await request.text())
            status, number = str(given["status"]), given.get("number") or f"A-{secrets.randbelow(8000) + 2000}"
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return web.json_response({"error": 'Send {"number": "A-1042", "status": "shipped"}.'}, status=400)
        if status not in STATUSES or not isinstance(number, str) or not _NUMBER.fullmatch(number):
            return web.json_response({"error": "There is no such order or status."}, status=400)
        order = await self.demo.event(number, status)
        shown = {"number": order.number, "status": order.shown_status, "track": f"/track/{order.token}"}
        return web.json_response(shown)


class DemoMail:
    """The handlers of `/demo/mail`."""

    def __init__(self, needs: Needs, post: Post) -> None:
        self.needs = needs
        self.post = post

    async def show(self, request: web.Request) -> web.Response:
        """GET /demo/mail; `?answer=MESSAGE-ID` opens the composer as a reply."""
        letters = list(self.post.letters)
        asked = request.query.get("answer", "")
        answered = next((letter for letter in letters if letter.message_id == asked), None)
        return page(
            self.needs,
            request,
            "demo_mail.html",
            "demo",
            letters=letters,
            answered=answered,
            sent="sent" in request.query,
            wrong="",
            values={},
        )

    async def write(self, request: web.Request) -> web.Response:
        """POST /demo/mail: a letter of a sample customer to the shop."""
        language = language_of(self.needs, request)
        origin = request.headers.get("Origin")
        if origin is not None and place_of(origin) != request.host.lower():
            return web.Response(status=403, text="Write from the demo page itself.")
        try:
            fields = await request.clone(client_max_size=LARGEST_LETTER).post()
        except (ValueError, LookupError, web.RequestPayloadError, BadHttpMessage):  # broken, unknown charset, not UTF-8
            return web.Response(status=400, text="This form could not be read.")
        given = {name: clean(value)[:8000] for name, value in fields.items() if isinstance(value, str)}
        sender, text = as_mail(given.get("from", "")), given.get("text", "").strip()
        if sender is None or not text:
            return page(
                self.needs,
                request,
                "demo_mail.html",
                "demo",
                language=language,
                status=422,
                letters=list(self.post.letters),
                answered=None,
                sent=False,
                wrong=words_of(language, "demo")["mail_wrong"],
                values=given,
            )
        await self.post.write(sender, given.get("subject", "")[:200], text, given.get("answers", "")[:500])
        return web.Response(status=303, headers={"Location": f"/demo/mail?lang={language}&sent=1"})
