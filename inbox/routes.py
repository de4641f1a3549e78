"""Every URL of the inbox, with the permission it needs, and the one gate they all go through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from core.errors import CannotStore, Conflict, Invalid, NotAllowed, NotFound, SwitchboardError, TooLarge
from core.interactions.interaction import MAX_TEXT
from inbox import (
    actions,
    agents,
    amended,
    bot_hours,
    bot_menu,
    bot_questions,
    bot_report,
    bot_texts,
    bot_try,
    calls,
    campaigns,
    conversation,
    customers,
    deliveries,
    files,
    forms,
    lead_export,
    leads,
    lines,
    live,
    mail,
    me,
    merging,
    new,
    original,
    overview,
    problems,
    record,
    say,
    sign_in,
    spam,
    teams,
    wording,
)
from inbox.needs import Needs
from inbox.page import HEADERS, refused
from inbox.speech import language_of, translated
from inbox.visit import Handler, Permission, Visit, genuine, permitted, text_field, visit_of

Routes = list[web.AbstractRouteDef]
STATUS: dict[type[Exception], int] = {
    NotFound: 404,
    NotAllowed: 403,
    Conflict: 409,
    Invalid: 422,
    CannotStore: 503,
    TooLarge: 413,
}


@dataclass(frozen=True)
class Url:
    """One line of the table."""

    method: str
    path: str
    handler: Handler
    permission: Permission = "agent"


C = "/inbox/c/{id}"
PERSON = "/inbox/customers/{id}"
LEAD = "/inbox/leads/{id}"
URLS = (
    Url("GET", "/inbox/", overview.page),
    Url("GET", "/inbox/live", live.stream),
    Url("GET", "/inbox/new", new.page),
    Url("POST", "/inbox/new", new.post),
    Url("GET", C, conversation.page),
    Url("POST", C + "/say", say.post),
    Url("POST", C + "/read", actions.read),
    Url("POST", C + "/typing", actions.typing),
    Url("POST", C + "/assign", actions.assign),
    Url("POST", C + "/team", actions.hand),
    Url("POST", C + "/snooze", actions.snooze),
    Url("POST", C + "/resolve", actions.resolve),
    Url("POST", "/inbox/sent/{id}/edit", amended.edit),
    Url("POST", "/inbox/sent/{id}/delete", amended.delete),
    Url("POST", C + "/reopen", actions.reopen),
    Url("POST", "/inbox/deliveries/{id}/retry", deliveries.retry),
    Url("POST", "/inbox/deliveries/{id}/elsewhere", deliveries.elsewhere),
    Url("POST", "/inbox/deliveries/{id}/settle", deliveries.settle),
    Url("POST", "/inbox/deliveries/{id}/cancel", deliveries.cancel),
    Url("GET", "/inbox/files/{sha256}", files.get),
    Url("GET", "/inbox/mail/{id}", mail.get),
    Url("GET", "/inbox/original/{id}", original.get),
    Url("GET", "/inbox/customers", customers.index),
    Url("GET", PERSON, customers.page),
    Url("POST", PERSON, customers.change),
    Url("POST", PERSON + "/merge", merging.merge),
    Url("POST", PERSON + "/part", merging.part),
    Url("POST", PERSON + "/reachable", record.reachable),
    Url("POST", PERSON + "/withdraw", record.withdraw),
    Url("GET", PERSON + "/export", customers.export, "admin"),
    Url("GET", "/inbox/spam", spam.page),
    Url("POST", "/inbox/spam/{id}/free", spam.free),
    Url("POST", "/inbox/spam/{id}/delete", spam.delete),
    Url("GET", "/inbox/forms/{name}/versions/{version}", forms.version),
    Url("GET", "/inbox/calls", calls.page),
    Url("POST", "/inbox/calls/{id}/done", calls.done),
    Url("GET", "/inbox/bot/report", bot_report.page),
    Url("GET", "/inbox/bot/try", bot_try.page),
    Url("POST", "/inbox/bot/try", bot_try.turn),
    Url("GET", "/inbox/bot/texts", bot_texts.page, "admin"),
    Url("GET", "/inbox/bot/texts/{key}", bot_texts.edit, "admin"),
    Url("POST", "/inbox/bot/texts/{key}", bot_texts.change, "admin"),
    Url("GET", "/inbox/bot/questions", bot_questions.page, "admin"),
    Url("POST", "/inbox/bot/questions", bot_questions.change, "admin"),
    Url("GET", "/inbox/bot/questions/{id}", bot_questions.edit, "admin"),
    Url("POST", "/inbox/bot/questions/{id}", bot_questions.save, "admin"),
    Url("GET", "/inbox/bot/menu", bot_menu.page, "admin"),
    Url("POST", "/inbox/bot/menu", bot_menu.change, "admin"),
    Url("GET", "/inbox/bot/hours", bot_hours.page, "admin"),
    Url("POST", "/inbox/bot/hours", bot_hours.change, "admin"),
    Url("GET", "/inbox/leads", leads.page),
    Url("GET", "/inbox/leads.csv", lead_export.csv_file),
    Url("GET", "/inbox/leads.xlsx", lead_export.xlsx_file),
    Url("POST", C + "/lead", leads.make),
    Url("POST", LEAD + "/move", leads.move),
    Url("POST", LEAD + "/owner", leads.own),
    Url("POST", LEAD + "/value", leads.worth),
    Url("POST", LEAD + "/step", leads.plan),
    Url("POST", LEAD + "/done", leads.step_done),
    Url("GET", "/inbox/problems", problems.page),
    Url("POST", "/inbox/problems/{id}/replay", problems.replay, "admin"),
    Url("POST", "/inbox/problems/{id}/dismiss", problems.dismiss, "admin"),
    Url("GET", "/inbox/me", me.page),
    Url("POST", "/inbox/me", me.change),
    Url("POST", "/inbox/me/password", me.password),
    Url("POST", "/inbox/me/away", me.away),
    Url("POST", "/inbox/sign-out", sign_in.sign_out),
    Url("GET", "/inbox/settings/lines", lines.page, "admin"),
    Url("GET", "/inbox/settings/lines/{channel}", lines.edit, "admin"),
    Url("POST", "/inbox/settings/lines/{channel}", lines.save, "admin"),
    Url("POST", "/inbox/settings/lines/{channel}/remove", lines.remove, "admin"),
    Url("GET", "/inbox/settings/agents", agents.page, "admin"),
    Url("POST", "/inbox/settings/agents", agents.add, "admin"),
    Url("POST", "/inbox/settings/agents/{id}", agents.change, "admin"),
    Url("GET", "/inbox/settings/teams", teams.page, "admin"),
    Url("POST", "/inbox/settings/teams", teams.add, "admin"),
    Url("POST", "/inbox/settings/teams/{id}", teams.change, "admin"),
    Url("POST", "/inbox/settings/teams/{id}/remove", teams.remove, "admin"),
    Url("GET", "/inbox/settings/forms", forms.page, "admin"),
    Url("POST", "/inbox/settings/forms", forms.begin, "admin"),
    Url("GET", "/inbox/settings/forms/{name}", forms.edit, "admin"),
    Url("POST", "/inbox/settings/forms/{name}", forms.change, "admin"),
    Url("POST", "/inbox/settings/forms/{name}/remove", forms.remove, "admin"),
    Url("GET", "/inbox/settings/leads", campaigns.page, "admin"),
    Url("POST", "/inbox/settings/leads/rules", campaigns.rules, "admin"),
    Url("POST", "/inbox/settings/leads/sites", campaigns.sites, "admin"),
    Url("POST", "/inbox/settings/leads/links", campaigns.add, "admin"),
    Url("POST", "/inbox/settings/leads/links/{name}", campaigns.change, "admin"),
    Url("POST", "/inbox/settings/leads/links/{name}/remove", campaigns.remove, "admin"),
    Url("GET", "/inbox/settings/wording", wording.page, "admin"),
    Url("GET", "/inbox/settings/wording/{status}/{language}", wording.edit, "admin"),
    Url("POST", "/inbox/settings/wording/{status}/{language}", wording.save, "admin"),
    Url("POST", "/inbox/settings/wording/{status}/{language}/preview", wording.preview, "admin"),
    Url("POST", "/inbox/settings/wording/{status}/{language}/reset", wording.reset, "admin"),
)


def routes(needs: Needs) -> Routes:
    """Every route of the inbox."""
    made: Routes = [
        web.get("/inbox", _to_inbox),
        web.get("/inbox/sign-in", _bound(needs, sign_in.page)),
        web.post("/inbox/sign-in", _bound(needs, sign_in.post)),
    ]
    made += [web.route(url.method, url.path, _gate(needs, url)) for url in URLS]
    # After all others: what is not there is said in our own words.
    made.append(web.get("/inbox/{rest:.*}", _gate(needs, Url("GET", "", _nothing))))
    return made


async def _to_inbox(request: web.Request) -> web.StreamResponse:
    raise web.HTTPMovedPermanently("/inbox/")


async def _nothing(visit: Visit) -> web.StreamResponse:
    raise NotFound("There is nothing at this address.")


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _bound(needs: Needs, handler: Callable[[Needs, web.Request], Awaitable[web.StreamResponse]]) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return await handler(needs, request)

    return answer


def _gate(needs: Needs, url: Url) -> Answer:
    """Session, permission, forgery, then the handler; what it refuses is answered here and nowhere else."""

    async def answer(request: web.Request) -> web.StreamResponse:
        visit = await visit_of(needs, request)
        if visit is None:
            return _sign_in_first(needs, request)
        kept = ""
        try:
            permitted(visit, url.permission)
            if url.method == "POST":
                await genuine(visit)
            return await url.handler(visit)
        except SwitchboardError as error:
            if request.method == "POST" and not visit.scripted and not isinstance(error, TooLarge):
                kept = text_field(await visit.form(), "text", MAX_TEXT)
            status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 422)
            return refused(visit, error, status, kept)

    return answer


def _sign_in_first(needs: Needs, request: web.Request) -> web.StreamResponse:
    if request.method != "GET" or "X-Regions" in request.headers or request.path == "/inbox/live":
        language = language_of(needs.templates, request)
        sentence = translated(needs.templates, language, "Your session has ended. Sign in again.")
        return web.json_response({"sentence": sentence, "sign_in": True}, status=401, headers=HEADERS)
    here = str(request.rel_url)
    raise web.HTTPSeeOther("/inbox/sign-in" + ("" if here == "/inbox/" else "?" + urlencode({"next": here[:500]})))
