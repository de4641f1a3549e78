"""The lines: every account of every channel with its state, and the form each channel's `Line` asks for."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web

from core.accounts.made import with_made_secrets
from core.channel import Account, Line
from core.errors import Invalid, NotFound
from core.feed import Change
from inbox.page import done
from inbox.page import page as rendered
from inbox.visit import Visit, text_field

_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


async def page(visit: Visit) -> web.StreamResponse:
    """Every line, and which kinds can be added."""
    accounts, states = await visit.needs.accounts.all(), await visit.needs.accounts.states()
    return await rendered(visit, "lines.html", accounts=accounts, states=states, table=visit.needs.table)


async def edit(visit: Visit) -> web.StreamResponse:
    """The form of a new line of this channel, or of the one named `?name=`."""
    line = _line(visit)
    name = visit.query("name", 60)
    account = await visit.needs.accounts.get(line.name, name) if name else None
    if name and account is None:
        raise NotFound("There is nothing at this address.")
    return await _form(visit, line, account)


async def _form(visit: Visit, line: Line, account: Account | None, status: int = 200, **shown: Any) -> web.Response:
    values = {field.name: (account.settings if account else {}).get(field.name, field.default) for field in line.fields}
    state = (await visit.needs.accounts.states()).get(f"{line.name}:{account.name}", {}) if account else {}
    usual: dict[str, Any] = {"typed": {"values": values}, "wrong": "", "field": "", "made": {}}
    return await rendered(
        visit,
        "line.html",
        status=status,
        line=line,
        account=account,
        state=state,
        public_url=visit.needs.public_url or "",
        here=str(visit.request.url.origin()),
        **{**usual, **shown},
    )


async def save(visit: Visit) -> web.StreamResponse:
    """Keep it; an empty secret stays as it was."""
    line, form = _line(visit), await visit.form()
    name = text_field(form, "name", 60).strip()
    known = await visit.needs.accounts.get(line.name, name) if _NAME.fullmatch(name) else None
    new = text_field(form, "new") == "1"
    typed = {field.name: text_field(form, f"field-{field.name}", 5000).strip() for field in line.fields}
    title = text_field(form, "title", 100).strip()
    try:
        if not _NAME.fullmatch(name):
            raise Invalid("Use 1 to 40 letters, digits, - or _ for the name.", field="name")
        if new and known:
            raise Invalid("There is a line of this name already.", field="name")
        if not new and known is None:
            raise NotFound("There is nothing at this address.")
        settings, secrets = _read(line, typed, known)
        if line.wrong is not None and (complaint := line.wrong(settings)):
            raise Invalid(complaint[1], field=complaint[0])
    except Invalid as error:
        shown = {"values": typed, "name": name, "title": title}
        present = None if new else known
        return await _form(visit, line, present, 422, typed=shown, wrong=error.sentence, field=error.field)
    account = Account(line.name, name, title, settings, secrets, text_field(form, "enabled") == "on")
    complete, made = with_made_secrets(account, line, known)
    await visit.needs.accounts.save(complete)
    visit.needs.feed.announce(Change("account", f"{line.name}:{name}", ("accounts",)))
    if made:  # the other side needs to be told, and this is the only time it can be read
        return await _form(
            visit, line, complete, made={field.label: made[field.name] for field in line.fields if field.name in made}
        )
    return done(visit, "saved", "/inbox/settings/lines")


def _read(line: Line, typed: dict[str, str], known: Account | None) -> tuple[dict[str, Any], dict[str, str]]:
    """Settings and secrets out of the form. Raises Invalid at the first field that is wrong."""
    settings: dict[str, Any] = dict(known.settings) if known else {}
    secrets: dict[str, str] = {}
    for field in line.fields:
        value = typed[field.name]
        if field.secret:
            if value:
                secrets[field.name] = value
            elif field.required and not field.made and not (known and known.secrets.get(field.name)):
                raise Invalid("Please fill this in.", field=field.name)
            continue
        if field.required and not value:
            raise Invalid("Please fill this in.", field=field.name)
        if isinstance(field.default, bool):
            settings[field.name] = value == "on"
        elif isinstance(field.default, int) and value:
            if not re.fullmatch(r"[0-9]{1,9}", value):
                raise Invalid("Write a whole number here.", field=field.name)
            settings[field.name] = int(value)
        elif value:
            settings[field.name] = value
        else:
            settings.pop(field.name, None)
    return settings, secrets


async def remove(visit: Visit) -> web.StreamResponse:
    """Delete a line; what came over it stays."""
    line, name = _line(visit), text_field(await visit.form(), "name", 60)
    if not await visit.needs.accounts.remove(line.name, name):
        raise NotFound("There is nothing at this address.")
    visit.needs.feed.announce(Change("account", f"{line.name}:{name}", ("accounts",)))
    return done(visit, "removed", "/inbox/settings/lines")


def _line(visit: Visit) -> Line:
    line = visit.needs.table.get(visit.request.match_info["channel"])
    if line is None:
        raise NotFound("There is no such kind of line.")
    return line
