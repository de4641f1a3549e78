"""What an agent does to a conversation besides speaking in it; each can be undone from the toast."""

from __future__ import annotations

from aiohttp import web

from core.chat.typing import Typist
from core.errors import Invalid, NotFound
from inbox.moments import chosen, presets
from inbox.page import done
from inbox.visit import Visit, text_field


def _here(visit: Visit) -> tuple[str, str]:
    id = visit.request.match_info["id"]
    return id, f"/inbox/c/{id}"


async def read(visit: Visit) -> web.StreamResponse:
    """Somebody has looked."""
    id, back = _here(visit)
    await visit.needs.desk.read(visit.agent, id)
    return done(visit, "read", back)


async def typing(visit: Visit) -> web.StreamResponse:
    """An answer is being written: told to the customer where they can be told, and kept nowhere."""
    conversation = await visit.needs.conversations.get(visit.request.match_info["id"])
    if conversation is None:
        raise NotFound("This conversation is not there any more.")
    name = (visit.agent.name.split() or [""])[0]
    visit.needs.typing(conversation.reply_address)
    await visit.needs.typists.note(Typist("agent", conversation.reply_address, conversation.id, name))
    return web.Response(status=204)


async def assign(visit: Visit) -> web.StreamResponse:
    """To an agent's id, or to nobody (empty)."""
    id, back = _here(visit)
    before = await visit.needs.conversations.get(id)
    if before is None:
        raise NotFound("This conversation is not there any more.")
    to = text_field(await visit.form(), "assignee", 40)
    await visit.needs.desk.assign(visit.agent, id, to or None)
    return done(
        visit, "assigned" if to else "unassigned", back, (f"{back}/assign", {"assignee": before.assignee or ""})
    )


async def hand(visit: Visit) -> web.StreamResponse:
    """To a team's id, or to none (empty)."""
    id, back = _here(visit)
    before = await visit.needs.conversations.get(id)
    if before is None:
        raise NotFound("This conversation is not there any more.")
    to = text_field(await visit.form(), "team", 60)
    await visit.needs.desk.hand(visit.agent, id, to or None)
    # A team that was removed cannot be given anything, so that cannot be taken back.
    known = not before.team or await visit.needs.teams.get(before.team) is not None
    undo = (f"{back}/team", {"team": before.team or ""}) if known else None
    return done(visit, "handed" if to else "unhanded", back, undo)


async def snooze(visit: Visit) -> web.StreamResponse:
    """Until a preset (`preset`) or a date and time (`until`)."""
    id, back = _here(visit)
    form = await visit.form()
    zone = visit.request.cookies.get("zone")
    named = {name: at for name, _, at in presets(visit.now, zone)}
    preset = text_field(form, "preset", 20)
    if preset and preset not in named:
        raise Invalid("Choose a date and a time.", field="until")
    until = named[preset] if preset else chosen(text_field(form, "until", 40), zone)
    await visit.needs.desk.snooze(visit.agent, id, until)
    return done(visit, "snoozed", back, (f"{back}/reopen", {}))


async def resolve(visit: Visit) -> web.StreamResponse:
    """Nothing is left to do."""
    id, back = _here(visit)
    await visit.needs.desk.resolve(visit.agent, id)
    return done(visit, "resolved", back, (f"{back}/reopen", {}))


async def reopen(visit: Visit) -> web.StreamResponse:
    """There is something left to do after all."""
    id, back = _here(visit)
    await visit.needs.desk.reopen(visit.agent, id)
    return done(visit, "reopened", back)
