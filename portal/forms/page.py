"""GET `/forms/NAME`: the hosted form, alone or in a frame of an allowed site, and its thank-you page."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from core.channel import Account
from core.content import clean
from core.errors import UnknownAccount
from core.forms.check import MOST_FILES, bound
from core.forms.field import in_language
from core.forms.form import Form
from core.forms.sniff import GROUPS, HINTS
from core.forms.submission import EMBED, ID, LANGUAGE, PAGE, REFERRER, TICKET, TRAP, UTM, WORK
from portal.forms.ticket import Ticket, Tickets, bits_for
from portal.language import words_of
from portal.limits import Places
from portal.needs import Needs
from portal.page import language_of, missing, page, rendered


class Busy:
    """How many submissions each form got within ten minutes, in this process."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[float, int, int]] = {}  # name → window, in it, in the one before

    def count(self, name: str, add: int = 0) -> int:
        """How many; `add` more have just come."""
        window = time.monotonic() // 600
        at, here, before = self._counts.get(name, (window, 0, 0))
        if at != window:
            here, before = 0, here if at == window - 1 else 0
        self._counts[name] = (window, here + add, before)
        return max(here + add, before)


class FormPages:
    """The pages of `/forms`, and what they share with what is sent to them."""

    def __init__(self, needs: Needs) -> None:
        self.needs = needs
        self.tickets = Tickets(needs.signing_key)
        self.busy = Busy()
        # Generous, since whole offices share an address; a script that fills in forms is slowed to one in four seconds.
        self.sending = Places(burst=30, per_second=0.25)

    async def form(self, request: web.Request) -> tuple[Form, Account] | None:
        """The form that the URL names, with its line; None when there is none or its line is gone."""
        form = await self.needs.forms.get(clean(request.match_info["name"])[:60])
        if form is None:
            return None
        try:
            return form, await self.needs.lines.account("webform", form.account)
        except UnknownAccount:
            return None

    async def show(self, request: web.Request) -> web.Response:
        """GET /forms/NAME."""
        found = await self.form(request)
        if found is None or not found[0].enabled:
            return missing(self.needs, request, "form")
        about = {PAGE: str(request.url.with_query(None)), REFERRER: request.headers.get("Referer", "")[:1000]}
        if "embed" in request.query:  # the frame tells where it stands; a claim like every other of a browser
            about = {name: clean(request.query.get(name[1:], ""))[:1000] for name in (PAGE, REFERRER)}
            about[EMBED] = clean(request.query["embed"])[:10] or "1"
        about |= {name: clean(request.query[name])[:200] for name in UTM if name in request.query}
        return self.page(request, found[0], about=about)

    async def thanks(self, request: web.Request) -> web.Response:
        """GET /forms/NAME/thanks."""
        found = await self.form(request)
        if found is None:
            return missing(self.needs, request, "form")
        return self.page(request, found[0], template="thanks.html")

    def page(
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
        ticket: Ticket | None = None,
        kept: Mapping[str, list[tuple[str, str]]] | None = None,
        headers: Mapping[str, str] | None = None,
        closed: bool = False,
    ) -> web.Response:
        """The form with what was typed and what is the matter. `kept` are (name, receipt) of files by field."""
        language = language or language_of(self.needs, request)
        if ticket is None or ticket.form != form.name or ticket.version != form.version:
            ticket, _ = self.tickets.issue(form.name, form.version, bits_for(self.busy.count(form.name)))
        about = about or {}
        framed = about.get(EMBED) or request.query.get("embed", "")[:10]
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
                "frame-ancestors": " ".join(("'self'", *form.origins)) if form.origins else "'none'",
            },
            # Going back shows the same page with the same ticket, so that sending it again is the same submission.
            headers={"Cache-Control": "private, no-cache", **(headers or {})},
            hidden={ID: ticket.id, TICKET: self.tickets.write(ticket), LANGUAGE: language, **about},
            framed=bool(framed),
            theme=framed if framed in ("light", "dark") else "",
            wrong=wrong or {},
            trouble=trouble,
            closed=closed,
            more=more_of(form, kept),
            challenge=ticket,
            **shown(form, language, values),
        )


def shown(form: Form, language: str, values: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What the templates of a form are given, also in a preview."""
    words = words_of(language, "form")
    return {
        "form": form,
        "text": lambda given, default="": in_language(given, language, default),
        "values": values or {},
        "trap": TRAP,
        "work": WORK,
        "sentences": {name.removeprefix("wrong_"): text for name, text in words.items() if name.startswith("wrong_")},
    }


def more_of(form: Form, kept: Mapping[str, list[tuple[str, str]]] | None = None) -> dict[str, Any]:
    """What `fields.html` needs beside the form: bounds of dates, hints for file dialogues, files that are here."""
    return {
        "bounds": {one.name: (bounded(one.least), bounded(one.most)) for one in form.fields if one.kind == "date"},
        "hints": {one.name: ",".join(HINTS[group] for group in (one.accept or GROUPS)) for one in form.fields},
        "kept": kept or {},
        "most_files": MOST_FILES,
    }


def bounded(text: str) -> str:
    """A bound of a date as browsers want it; empty for none."""
    day = bound(text)
    return day.isoformat() if day else ""


def preview(needs: Needs, form: Form, language: str, values: Mapping[str, str] | None = None) -> str:
    """The form as its visitors see it, as HTML of which nothing can be sent."""
    challenge = Ticket("", form.name, form.version, 0, 0)
    more = {"hidden": {}, "framed": True, "wrong": {}, "trouble": "", "closed": False, "more": more_of(form)}
    given = {**shown(form, language, values), **more, "challenge": challenge, "path": "", "zone": None, "preview": True}
    return rendered(needs, "form.html", language, "form", **given)
