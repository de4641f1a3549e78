"""The forms: a list of them, the builder with its preview, and what an old submission was asked."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from core.errors import Conflict, Invalid, NotFound
from core.forms.field import KINDS, FormField
from core.forms.form import Form
from core.forms.rules import NAME
from core.forms.sniff import GROUPS
from core.teams.team import names_of
from inbox.form_draft import Draft, changed, read_draft
from inbox.page import done
from inbox.page import page as rendered
from inbox.visit import Visit, text_field

LINE = "webform"


async def page(visit: Visit) -> web.StreamResponse:
    """Every form, and a place to begin a new one."""
    return await _list(visit)


async def _list(visit: Visit, status: int = 200, **shown: Any) -> web.Response:
    return await rendered(
        visit,
        "forms.html",
        status=status,
        forms=await visit.needs.forms.all(),
        held=await visit.needs.caught.count(),
        public_url=visit.needs.public_url or "",
        **{"wrong": "", "typed": "", **shown},
    )


async def begin(visit: Visit) -> web.StreamResponse:
    """A new form with what nearly every form asks, switched off until it is ready."""
    posted = await visit.form()
    name = text_field(posted, "name", 60).strip().lower()
    if not NAME.fullmatch(name):
        wrong = "A form's name is up to 50 small letters, digits, - and _."
        return await _list(visit, 422, wrong=wrong, typed=name)
    if await visit.needs.forms.get(name):
        return await _list(visit, 422, wrong="There is a form of this name already.", typed=name)
    lines = await _lines(visit)
    if not lines:
        return await _list(visit, 422, wrong="Add a web form line first, under Lines.", typed=name)
    fields = (FormField("name", autocomplete="name", required=True), FormField("email", "email", required=True))
    form = Form(name, lines[0][0], fields=(*fields, FormField("message", "long")), enabled=False)
    await visit.needs.forms.save(form, base=0)
    return done(visit, "saved", f"/inbox/settings/forms/{name}")


async def edit(visit: Visit) -> web.StreamResponse:
    """The builder."""
    form = await _form(visit)
    return await _builder(visit, Draft(form, form.version))


async def change(visit: Visit) -> web.StreamResponse:
    """One press of a button in the builder: `do` is save, look, add, up:N, down:N or remove:N."""
    kept = await _form(visit)
    posted = await visit.form()
    do = text_field(posted, "do", 20)
    draft = read_draft(posted, kept.name, visit.needs.languages)
    language = text_field(posted, "preview", 2)
    if do != "save":
        return await _builder(visit, changed(draft, do, text_field(posted, "add-kind", 20)), language=language)
    try:
        await visit.needs.forms.save(draft.form, base=draft.base)
    except (Invalid, Conflict) as error:
        status = 422 if isinstance(error, Invalid) else 409
        field = getattr(error, "field", "")
        return await _builder(visit, draft, status, language=language, wrong=error.sentence, field=field)
    return done(visit, "saved", f"/inbox/settings/forms/{kept.name}")


async def remove(visit: Visit) -> web.StreamResponse:
    """Delete a form; what was sent with it stays, with what was asked."""
    form = await _form(visit)
    await visit.needs.forms.remove(form.name)
    return done(visit, "removed", "/inbox/settings/forms")


async def version(visit: Visit) -> web.StreamResponse:
    """A form as it was, with the answers of `?entry=` in it."""
    name, number = visit.request.match_info["name"][:60], visit.request.match_info["version"]
    form = await visit.needs.forms.version(name, int(number)) if number.isdecimal() and len(number) < 9 else None
    if form is None:
        raise NotFound("There is nothing at this address.")
    id = visit.query("entry", 40)
    entry = await visit.needs.interactions.get(id) if id else None
    fits = entry is not None and (entry.data.get("form"), entry.data.get("version")) == (name, form.version)
    values = dict(entry.data.get("fields", {})) if entry is not None and fits else {}
    language = str(entry.who.get("language") or "") if entry is not None and fits else visit.agent.language
    language = language if language in visit.needs.languages else visit.needs.languages[0]
    return await rendered(
        visit,
        "form_version.html",
        form=form,
        entry=entry if fits else None,
        preview=visit.needs.form_preview(form, language, values),
    )


async def _builder(visit: Visit, draft: Draft, status: int = 200, **shown: Any) -> web.Response:
    needs, form = visit.needs, draft.form
    language = shown.pop("language", "")
    language = language if language in needs.languages else needs.languages[0]
    try:
        preview = needs.form_preview(form, language, {})
    except (ValueError, ArithmeticError):
        preview = ""  # a bound that is no bound yet; saving says which
    return await rendered(
        visit,
        "form.html",
        status=status,
        form=form,
        base=draft.base,
        focus=draft.focus,
        kinds=KINDS,
        groups=tuple(GROUPS),
        spoken=needs.languages,
        shown_language=language,
        preview=preview,
        lines=await _lines(visit),
        assignees=[
            ("", visit.translate("Nobody yet")),
            *((one.id, one.name) for one in await needs.agents.all() if one.active or one.id == form.assignee),
        ],
        teams=await _teams(visit, form.team),
        options_of=_options_of,
        values_of=_values_of,
        public_url=needs.public_url or f"{visit.request.scheme}://{visit.request.host}",
        **{"wrong": "", "field": "", **shown},
    )


async def _form(visit: Visit) -> Form:
    form = await visit.needs.forms.get(visit.request.match_info["name"][:60])
    if form is None:
        raise NotFound("There is nothing at this address.")
    return form


async def _teams(visit: Visit, chosen: str) -> list[tuple[str, str]]:
    """The teams to choose from; one that is chosen and not there (any more) stays to be seen."""
    teams = await visit.needs.teams.all()
    there = [("", visit.translate("No team")), *((team.id, team.name) for team in teams if team.active)]
    if chosen in dict(there):
        return there
    gone = visit.translate("%(name)s (not there any more)") % {"name": names_of(teams).get(chosen, chosen)}
    return [*there, (chosen, gone)]


def _options_of(one: FormField) -> dict[str, str]:
    """Language → the choices as lines."""
    codes = dict.fromkeys(code for option in one.options for code in option.label)
    return {code: "\n".join(option.label.get(code, "") for option in one.options) for code in codes}


def _values_of(one: FormField) -> str:
    return "\n".join(option.value for option in one.options)


async def _lines(visit: Visit) -> list[tuple[str, str]]:
    accounts = await visit.needs.accounts.all()
    return [(one.name, one.title or one.name) for one in accounts if one.channel == LINE]
