"""How one post to a form is answered: JSON to JSON, a page or a redirect to a browser. What was typed comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from core.content import clean
from core.errors import CannotStore
from core.forms.check import Problem, as_date
from core.forms.field import in_language
from core.forms.form import Form
from core.forms.submission import EMBED, PAGE, REFERRER, Submission
from core.trace import request as asked_for
from portal.forms.page import FormPages
from portal.forms.ticket import Ticket
from portal.language import words_of
from portal.page import language_of, page


class Answer:
    """One answer. `form` and `sent` are set as they become known."""

    def __init__(self, pages: FormPages, request: web.Request) -> None:
        self._pages = pages
        self._request = request
        type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        self.json = type == "application/json" or "application/json" in request.headers.get("Accept", "")
        self.language = language_of(pages.needs, request)
        self.headers: dict[str, str] = {}
        self.form: Form | None = None
        self.ticket: Ticket | None = None
        self.sent = Submission({})
        self.framed = ""

    def refused(self, status: int, code: str, *, after: float | None = None) -> web.Response:
        """Nothing was read."""
        headers = {**self.headers, **({"Retry-After": str(int(after) + 1)} if after is not None else {})}
        words = words_of(self.language, "form")
        if self.json:
            return web.json_response({"ok": False, "code": code, "error": words[code]}, status=status, headers=headers)
        return page(
            self._pages.needs,
            self._request,
            "refused.html",
            "form",
            language=self.language,
            status=status,
            headers=headers,
            trouble=_reportable(words[code], status),
        )

    async def again(
        self, status: int, code: str, wrong: Mapping[str, Problem] | None = None, *, after: float | None = None
    ) -> web.Response:
        """Nothing was taken: say what to mend, and give back what was written and brought."""
        form = self.form
        if form is None:
            return self.refused(status, code, after=after)
        words = words_of(self.language, "form")
        sentences = {name: self._sentence(form, name, problem) for name, problem in (wrong or {}).items()}
        headers = {**self.headers, **({"Retry-After": str(int(after) + 1)} if after is not None else {})}
        if self.json:
            body: dict[str, Any] = {"ok": False, "code": code, "error": words[code], "fields": sentences}
            if status >= 500:
                body["request"] = asked_for()
            return web.json_response(body, status=status, headers=headers)
        about = {PAGE: self.sent.page, REFERRER: self.sent.referrer, **self.sent.utm, EMBED: self.framed}
        return self._pages.page(
            self._request,
            form,
            language=self.language,
            status=status,
            values=self.sent.answers,
            wrong=sentences,
            trouble=_reportable(words[code], status),
            about={name: value for name, value in about.items() if value},
            ticket=self.ticket,
            kept=await self._kept(wrong or {}),
            headers=headers,
            closed=not form.enabled,
        )

    async def _kept(self, wrong: Mapping[str, Problem]) -> dict[str, list[tuple[str, str]]]:
        """Files that would do are stored, so that nobody has to choose them twice."""
        found: dict[str, list[tuple[str, str]]] = {}
        form, ticket = self.form, self.ticket
        if form is None or ticket is None or (ticket.form, ticket.version) != (form.name, form.version):
            return found
        for name, file in self.sent.uploads:
            if name in wrong or file.size == 0:
                continue
            try:
                sha256 = file.sha256 or await self._pages.needs.files.put(file.data or b"")
            except CannotStore:
                return found
            receipt = self._pages.tickets.receipt(ticket, name, file.name, file.type, file.size, sha256)
            found.setdefault(name, []).append((file.name, receipt))
        return found

    def _sentence(self, form: Form, name: str, problem: Problem) -> str:
        asked = form.field(name)
        own = in_language(asked.wrong, self.language) if asked is not None and asked.wrong else ""
        if own and problem.code not in ("required", "tick"):
            return own
        words = words_of(self.language, "form")
        limit = problem.limit
        if problem.code in ("early", "late") and (day := as_date(limit)):
            limit = day.strftime("%d.%m.%Y") if self.language in ("ru", "uk") else day.strftime("%-d %b %Y")
        return words[f"wrong_{problem.code}"].replace("{limit}", limit)

    def thanks(self, id: str | None) -> web.Response:
        """It is kept."""
        form = self.form
        if form is None:
            raise RuntimeError("only what was read is thanked for")
        if self.json:
            text = in_language(form.thanks, self.language, words_of(self.language, "form")["thanks"])
            body: dict[str, Any] = {"ok": True, "id": id, "thanks": text, "redirect": form.redirect or None}
            return web.json_response(body, headers=self.headers)
        query = urlencode({"lang": self.language, **({"embed": self.framed} if self.framed else {})})
        to = form.redirect or f"{self._request.path}/thanks?{query}"
        return web.Response(status=303, headers={"Location": to, "Cache-Control": "no-store"})


def cors(origin: str) -> dict[str, str]:
    """The headers that let a page of `origin` read the answer."""
    return {"Access-Control-Allow-Origin": clean(origin), "Vary": "Origin"} if origin else {}


def _reportable(sentence: str, status: int) -> str:
    """`sentence`, with what to report it by where it is our fault."""
    return f"{sentence} [{asked_for()}]" if status >= 500 else sentence
