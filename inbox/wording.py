"""The texts of notifications: one per status of an order and language, with a preview of each."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from core.errors import Invalid, NotFound
from core.templates.check import preview as previewed
from core.templates.render import BrokenTemplate
from core.templates.template import LANGUAGES, Template, statuses
from inbox.page import HEADERS, done
from inbox.page import page as rendered
from inbox.visit import Visit, text_field
from inbox.words import ORDER


async def page(visit: Visit) -> web.StreamResponse:
    """Every status with its texts."""
    found = {(template.status, template.language): template for template in await visit.needs.wording.all()}
    return await rendered(
        visit, "wordings.html", templates=found, statuses=statuses(), order_words=ORDER, spoken=LANGUAGES
    )


async def edit(visit: Visit) -> web.StreamResponse:
    """One text."""
    return await _form(visit, await _template(visit))


async def _form(visit: Visit, template: Template, status: int = 200, **shown: Any) -> web.Response:
    usual = {"subject": template.subject, "body": template.body, "enabled": template.enabled, "wrong": "", "field": ""}
    values = {**usual, **shown}
    return await rendered(
        visit,
        "wording.html",
        status=status,
        template=template,
        words=ORDER.get(template.status, (template.status, ""))[0],
        preview=_preview(template, values["subject"], values["body"]),
        **values,
    )


async def save(visit: Visit) -> web.StreamResponse:
    """Keep an own text, if it works."""
    template, form = await _template(visit), await visit.form()
    subject, body = text_field(form, "subject", 1000), text_field(form, "body", 50_000)
    enabled = text_field(form, "enabled") == "on"
    try:
        await visit.needs.wording.save(
            template.status,
            template.language,
            subject=subject,
            body=body,
            enabled=enabled,
            by=visit.agent.id,
            now=visit.now,
        )
    except Invalid as error:
        if visit.scripted:
            raise
        shown = {"subject": subject, "body": body, "enabled": enabled, "wrong": error.sentence, "field": error.field}
        return await _form(visit, template, 422, **shown)
    return done(visit, "saved", f"/inbox/settings/wording/{template.status}/{template.language}")


async def preview(visit: Visit) -> web.StreamResponse:
    """What a text makes of a sample order, as JSON for the page's script."""
    template, form = await _template(visit), await visit.form()
    answer = _preview(template, text_field(form, "subject", 1000), text_field(form, "body", 50_000))
    return web.json_response(answer, headers=HEADERS)


async def reset(visit: Visit) -> web.StreamResponse:
    """Back to the text that comes with Switchboard."""
    template = await _template(visit)
    await visit.needs.wording.reset(template.status, template.language)
    return done(visit, "reset", f"/inbox/settings/wording/{template.status}/{template.language}")


def _preview(template: Template, subject: str, body: str) -> dict[str, str]:
    try:
        made = previewed(subject, body, template.status, template.language)
    except BrokenTemplate as error:
        return {"subject": "", "body": "", "problem": error.sentence}
    return {"subject": made.subject, "body": made.body, "problem": ""}


async def _template(visit: Visit) -> Template:
    status, language = visit.request.match_info["status"], visit.request.match_info["language"]
    if status not in statuses() or language not in LANGUAGES:
        raise NotFound("There is nothing at this address.")
    return await visit.needs.wording.get(status, language)
