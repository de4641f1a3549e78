"""Settings of leads: how long one may be left alone, campaign links, and the sites they may lead to."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from multidict import MultiDictProxy

from core.campaigns.link import Link, sites_of
from core.errors import Conflict, Invalid, NotFound
from core.leads.lead import GOING
from core.leads.rules import rules_of
from inbox.page import done
from inbox.page import page as rendered
from inbox.visit import Visit, text_field

HERE = "/inbox/settings/leads"


async def page(visit: Visit) -> web.StreamResponse:
    """Everything on one page."""
    return await _page(visit)


async def _page(visit: Visit, status: int = 200, **shown: Any) -> web.Response:
    needs = visit.needs
    return await rendered(
        visit,
        "lead_settings.html",
        status=status,
        rules=await needs.leads.rules(),
        going=GOING,
        links=await needs.campaigns.all(),
        sites=await needs.campaigns.sites(),
        public_url=needs.public_url or "",
        **{"wrong": "", "field": "", "at": "", "typed": {}, **shown},
    )


async def rules(visit: Visit) -> web.StreamResponse:
    """How long leads may be left alone, and the usual currency."""
    form = await visit.form()
    typed = {name: text_field(form, name, 20) for name in (*GOING, "currency")}
    try:
        await visit.needs.leads.set_rules(rules_of(typed, typed["currency"]))
    except Invalid as error:
        return await _page(visit, 422, wrong=error.sentence, field=error.field, at="rules", typed=typed)
    return done(visit, "saved", HERE)


async def sites(visit: Visit) -> web.StreamResponse:
    """Where links may lead."""
    typed = text_field(await visit.form(), "sites", 20_000)
    try:
        await visit.needs.campaigns.set_sites(sites_of(typed))
    except Invalid as error:
        return await _page(visit, 422, wrong=error.sentence, field=error.field, at="sites", typed={"sites": typed})
    return done(visit, "saved", HERE)


async def add(visit: Visit) -> web.StreamResponse:
    """A new link."""
    form = await visit.form()
    link = _link(form, text_field(form, "name", 60).strip().lower())
    try:
        await visit.needs.campaigns.add(link)
    except (Invalid, Conflict) as error:
        return await _wrong(visit, error, "new", link)
    return done(visit, "saved", HERE)


async def change(visit: Visit) -> web.StreamResponse:
    """Where a link leads, what it stands for, and whether it works."""
    name = visit.request.match_info["name"]
    form = await visit.form()
    link = _link(form, name, text_field(form, "enabled") == "on")
    try:
        kept = await visit.needs.campaigns.change(link)
    except Invalid as error:
        return await _wrong(visit, error, name, link)
    if not kept:
        raise NotFound("This link is not there any more.")
    return done(visit, "saved", HERE)


async def remove(visit: Visit) -> web.StreamResponse:
    """Delete a link; what it brought stays."""
    if not await visit.needs.campaigns.remove(visit.request.match_info["name"]):
        raise NotFound("This link is not there any more.")
    return done(visit, "removed", HERE)


def _link(form: MultiDictProxy[Any], name: str, enabled: bool = True) -> Link:
    source, medium, campaign = (
        " ".join(text_field(form, field, 200).split()) for field in ("source", "medium", "campaign")
    )
    return Link(name, text_field(form, "target", 2001).strip(), source, medium, campaign, enabled)


async def _wrong(visit: Visit, error: Invalid | Conflict, at: str, link: Link) -> web.Response:
    typed = {"name": link.name, **link.document()}
    status = 422 if isinstance(error, Invalid) else 409
    return await _page(visit, status, wrong=error.sentence, field=getattr(error, "field", "name"), at=at, typed=typed)
