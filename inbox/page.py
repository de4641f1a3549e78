"""Renders pages and parts of pages, with the headers every answer of the inbox has."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

from aiohttp import web

from core import clock
from core.content import clean
from core.errors import SwitchboardError
from core.trace import request as asked_for
from inbox.needs import Needs
from inbox.speech import language_of
from inbox.visit import Visit
from inbox.words import DONE

# No inline script or style anywhere, and only the scripts that the page itself names with its nonce (and what those
# import): nothing that slips into a page can run, also not a file of ours that somebody else brought.
POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'self'; img-src 'self' data: blob:; media-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY.format(scripts="'none'"),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


async def page(visit: Visit, template: str, /, *, status: int = 200, **values: Any) -> web.Response:
    """`template` rendered for this visit; only the regions a script asked for, if it did."""
    agent = visit.agent
    problems = calls_due = 0
    if visit.wants("nav"):
        log = visit.needs.interactions
        troubled, unread, due = await asyncio.gather(
            log.troubled(limit=100), visit.needs.intake.count(), log.tasks(until=visit.now)
        )
        problems, calls_due = len(troubled) + unread, len(due)
    nonce = secrets.token_urlsafe(16)
    body = visit.needs.templates.get_template(f"inbox/{template}").render(
        nonce=nonce,
        language=agent.language,
        zone=zone_name(visit.request),
        theme=theme(visit.request),
        now=visit.now,
        agent=agent,
        csrf=visit.csrf,
        regions=visit.regions,
        partial=visit.partial,
        said=DONE.get(visit.query("said"), ""),
        path=visit.request.path,
        address=visit.request.rel_url,
        problems=problems,
        calls_due=calls_due,
        channels={name: line.title for name, line in visit.needs.table.items()},
        **values,
    )
    return _html(body, nonce, status)


def plain_page(needs: Needs, request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """A page for somebody who is not signed in."""
    language = language_of(needs.templates, request)
    nonce = secrets.token_urlsafe(16)
    body = needs.templates.get_template(f"inbox/{template}").render(
        nonce=nonce,
        language=language,
        zone=zone_name(request),
        theme=theme(request),
        now=clock.now(),
        **values,
    )
    return _html(body, nonce, status)


def _html(body: str, nonce: str, status: int) -> web.Response:
    headers = {**HEADERS, "Content-Security-Policy": POLICY.format(scripts=f"'nonce-{nonce}'")}
    return web.Response(text=body, status=status, content_type="text/html", headers=headers)


def zone_name(request: web.Request) -> str | None:
    """The zone that the browser said it is in, unchecked, in characters that a page can hold."""
    return clean(request.cookies.get("zone", ""))[:64] or None


def theme(request: web.Request) -> str:
    """`light`, `dark`, or empty for what the system says."""
    wanted = request.cookies.get("theme", "")
    return wanted if wanted in ("light", "dark") else ""


def done(visit: Visit, said: str, back: str, undo: tuple[str, dict[str, str]] | None = None) -> web.StreamResponse:
    """What was posted is done: words and a way back for a script, a redirect otherwise.

    `said` is a key of `inbox.words.DONE`. `undo` is the URL and the fields to post to take it back.
    """
    if visit.scripted:
        answer: dict[str, Any] = {"said": visit.translate(DONE[said]), "then": back}
        if undo:
            answer["undo"] = {"to": undo[0], "fields": undo[1]}
        return web.json_response(answer, headers=HEADERS)
    joint = "&" if "?" in back else "?"
    raise web.HTTPSeeOther(f"{back}{joint}said={said}", headers={"Cache-Control": "no-store"})


def refused(visit: Visit, error: SwitchboardError, status: int, kept: str = "") -> web.Response:
    """Why something could not be done, with what was written, so that nothing is lost."""
    sentence = visit.translate(error.sentence)
    number = asked_for() if status >= 500 else ""
    if visit.scripted:
        field = getattr(error, "field", "")
        told = {"sentence": sentence, "field": field} | ({"request": number} if number else {})
        return web.json_response(told, status=status, headers=HEADERS)
    nonce = secrets.token_urlsafe(16)
    body = visit.needs.templates.get_template("inbox/refused.html").render(
        nonce=nonce,
        language=visit.agent.language,
        zone=zone_name(visit.request),
        theme=theme(visit.request),
        now=visit.now,
        sentence=sentence,
        missing=status == 404,
        kept=kept,
        number=number,
        back=clean(visit.request.headers.get("Referer", "")) if visit.request.method == "POST" else "",
    )
    return _html(body, nonce, status)
