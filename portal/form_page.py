"""`/forms/NAME`: the hosted form, and the door for what is sent: by our page, by a company's own, or as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import structlog
from aiohttp import web

from core.channel import Account, clean
from core.errors import CannotStore, IntakeError, NotThisFormat, TooLarge, UnknownAccount
from core.forms.arrival import RECEIVED, FormReader, country_of
from core.forms.check import problems
from core.forms.form import Form, in_language
from core.forms.submission import ID, LANGUAGE, PAGE, REFERRER, TRAP, UTM, Submission, read_submission
from core.ids import new_id
from portal.language import words_of
from portal.limits import Places
from portal.needs import Needs
from portal.page import language_of, missing, page

log = structlog.get_logger(__name__)

MAX_BODY = 5 * 1024 * 1024
MAX_PLAIN = 512 * 1024


class FormPages:
    """The handlers of `/forms`."""

    def __init__(self, needs: Needs) -> None:
        self.needs = needs
        # Generous, since whole offices share an address; a script that fills in forms is slowed to one in four seconds.
        self._sending = Places(burst=30, per_second=0.25)

    async def _form(self, request: web.Request) -> tuple[Form, Account] | None:
        form = await self.needs.forms.get(request.match_info["name"][:60])
        if form is None or not form.enabled:
            return None
        try:
            return form, await self.needs.lines.account("webform", form.account)
        except UnknownAccount:
            return None

    # ---------------------------------------------------------------------------------------------------- showing

    async def show(self, request: web.Request) -> web.Response:
        """GET /forms/NAME."""
        found = await self._form(request)
        if found is None:
            return missing(self.needs, request, "form")
        about = {PAGE: str(request.url.with_query(None)), REFERRER: request.headers.get("Referer", "")[:1000]}
        about |= {name: request.query[name][:200] for name in UTM if name in request.query}
        return self._page(request, found[0], about=about)

    async def thanks(self, request: web.Request) -> web.Response:
        """GET /forms/NAME/thanks."""
        found = await self._form(request)
        if found is None:
            return missing(self.needs, request, "form")
        return self._page(request, found[0], template="thanks.html")

    def _page(
        self,
        request: web.Request,
        form: Form,
        *,
        template: str = "form.html",
        language: str | None = None,
        status: int = 200,
        values: Mapping[str, str] | None = None,
        wrong: Mapping[str, str] | None = None,
        trouble: str = "",
        about: Mapping[str, str] | None = None,
        id: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> web.Response:
        language = language or language_of(self.needs, request)
        target = urlsplit(form.redirect)
        leads_to = f"{target.scheme}://{target.netloc}" if target.netloc else ""
        return page(
            self.needs,
            request,
            template,
            "form",
            language=language,
            status=status,
            # Browsers hold a redirect after a form to the same list.
            policy={
                "form-action": f"'self' {leads_to}".strip(),
                "frame-ancestors": " ".join(form.origins) or "'none'",
            },
            headers=headers,
            form=form,
            text=lambda words, default="": in_language(words, language, default),
            values=values or {},
            wrong=wrong or {},
            trouble=trouble,
            hidden={ID: id or new_id(), LANGUAGE: language, **(about or {})},
            trap=TRAP,
        )

    # ---------------------------------------------------------------------------------------------------- receiving

    async def preflight(self, request: web.Request) -> web.Response:
        """OPTIONS /forms/NAME: may another site's page post JSON here?"""
        found = await self._form(request)
        origin = request.headers.get("Origin", "")
        if found is None or not self._may_post(request, found[0]):
            return web.Response(status=403)
        return web.Response(
            status=204,
            headers={
                **_cors(origin),
                "Access-Control-Allow-Methods": "POST",
                "Access-Control-Allow-Headers": "Content-Type",
                "Access-Control-Max-Age": "3600",
            },
        )

    def _may_post(self, request: web.Request, form: Form) -> bool:
        origin = request.headers.get("Origin")
        own = {request.host, urlsplit(self.needs.public_url or "").netloc}
        return origin is None or origin in form.origins or urlsplit(origin).netloc in own

    async def receive(self, request: web.Request) -> web.Response:
        """POST /forms/NAME."""
        answer = Answer(self, request)
        found = await self._form(request)
        if found is None:
            return answer.refused(404, "missing") if answer.json else missing(self.needs, request, "form")
        form, account = found
        if answer.json:
            if not self._may_post(request, form):
                return answer.refused(403, "not_here")
            answer.headers = _cors(request.headers.get("Origin", ""))
        if wait := self._sending.take(self.needs.visitor_ip(request)):
            return answer.refused(429, "too_many", after=wait)
        try:
            body = await _read(request)
            sent = read_submission(body, {"content-type": request.headers.get("Content-Type", "")})
        except TooLarge:
            return answer.refused(413, "too_large")
        except NotThisFormat:
            return answer.refused(400, "not_a_form")
        answer.sent, answer.form = sent, form
        if sent.language in self.needs.languages:
            answer.language = sent.language
        if sent.trapped:
            return answer.again(422, "trapped")
        country = country_of(account, self.needs.country)
        if wrong := problems(form, sent.answers, country):
            return answer.again(422, "look_again", wrong)
        minute = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M")
        headers = {"content-type": request.headers.get("Content-Type", ""), RECEIVED: minute}
        try:
            kept = await self.needs.receive.take(account, FormReader(account, form, country), body, headers)
        except CannotStore as error:
            return answer.again(503, "cannot_store", after=error.after)
        except IntakeError as error:
            log.warning("form.refused", form=form.name, reason=error.sentence)
            return answer.again(400, "not_a_form")
        return answer.thanks(kept[0].id if kept else None)


class Answer:
    """How one post is answered: JSON to JSON, a page or a redirect to a browser."""

    def __init__(self, pages: FormPages, request: web.Request) -> None:
        self._pages = pages
        self._request = request
        type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        self.json = type == "application/json" or "application/json" in request.headers.get("Accept", "")
        self.language = language_of(pages.needs, request)
        self.headers: dict[str, str] = {}
        self.form: Form | None = None
        self.sent = Submission({})

    def refused(self, status: int, code: str, *, after: float | None = None) -> web.Response:
        """Nothing was read."""
        headers = {**self.headers, **({"Retry-After": str(int(after) + 1)} if after is not None else {})}
        words = words_of(self.language, "form")
        if self.json:
            body = {"ok": False, "code": code, "error": words[code]}
            return web.json_response(body, status=status, headers=headers)
        return page(
            self._pages.needs,
            self._request,
            "refused.html",
            "form",
            language=self.language,
            status=status,
            headers=headers,
            trouble=words[code],
        )

    def again(
        self, status: int, code: str, wrong: Mapping[str, str] | None = None, *, after: float | None = None
    ) -> web.Response:
        """Nothing was stored: say what to mend, and give back what was written."""
        form = self.form
        if form is None:
            return self.refused(status, code, after=after)
        words = words_of(self.language, "form")
        sentences = {name: words[f"wrong_{reason}"] for name, reason in (wrong or {}).items()}
        headers = {**self.headers, **({"Retry-After": str(int(after) + 1)} if after is not None else {})}
        if self.json:
            body = {"ok": False, "code": code, "error": words[code], "fields": sentences}
            return web.json_response(body, status=status, headers=headers)
        about = {PAGE: self.sent.page, REFERRER: self.sent.referrer, **self.sent.utm}
        return self._pages._page(
            self._request,
            form,
            language=self.language,
            status=status,
            values=self.sent.answers,
            wrong=sentences,
            trouble=words[code],
            about={name: value for name, value in about.items() if value},
            id=self.sent.id,
            headers=headers,
        )

    def thanks(self, id: str | None) -> web.Response:
        """It is in the log."""
        form = self.form
        if form is None:
            raise RuntimeError("only what was read is thanked for")
        if self.json:
            text = in_language(form.thanks, self.language, words_of(self.language, "form")["thanks"])
            body: dict[str, Any] = {"ok": True, "id": id, "thanks": text, "redirect": form.redirect or None}
            return web.json_response(body, headers=self.headers)
        query = urlencode({"lang": self.language})
        to = form.redirect or f"{self._request.path}/thanks?{query}"
        return web.Response(status=303, headers={"Location": to, "Cache-Control": "no-store"})


async def _read(request: web.Request) -> bytes:
    """The body. Raises TooLarge before more than the limit is in memory, NotThisFormat when it breaks off."""
    multipart = request.headers.get("Content-Type", "").lower().startswith("multipart/")
    most = MAX_BODY if multipart else MAX_PLAIN
    if (request.content_length or 0) > most:
        raise TooLarge("This is more than a form can hold.")
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > most:
            raise TooLarge("This is more than a form can hold.")
    return bytes(body)


def _cors(origin: str) -> dict[str, str]:
    return {"Access-Control-Allow-Origin": clean(origin), "Vary": "Origin"} if origin else {}
