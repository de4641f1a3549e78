"""What an agent changes of what they sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from aiohttp import web

from core.amend import may_delete, may_edit
from core.channel import Capabilities
from core.ids import new_id
from core.interactions.interaction import MAX_TEXT, Interaction
from inbox.page import done
from inbox.visit import Visit, text_field


class Amendable(NamedTuple):
    """What this agent may do to a message now."""

    edit: bool
    delete: bool


def amendable(visit: Visit) -> Callable[[Interaction], Amendable]:
    """Tells of each message what may be done to it; a button that could only refuse is not shown."""
    able, agent, now = visit.needs.able, visit.agent, visit.now

    def of(entry: Interaction) -> Amendable:
        if entry.author.id != agent.id and agent.role != "admin":
            return Amendable(False, False)
        can = able.get(entry.channel) or Capabilities(sends=False)
        return Amendable(may_edit(entry, can, now), may_delete(entry, can, now))

    return of


async def edit(visit: Visit) -> web.StreamResponse:
    """Other words for a message that went out."""
    form = await visit.form()
    text, key = text_field(form, "text", MAX_TEXT), text_field(form, "key", 60) or new_id()
    entry = await visit.needs.amend.edit(visit.agent, visit.request.match_info["id"], text, key=key)
    return done(visit, "changing", _back(entry))


async def delete(visit: Visit) -> web.StreamResponse:
    """Take a message back."""
    key = text_field(await visit.form(), "key", 60) or new_id()
    entry = await visit.needs.amend.delete(visit.agent, visit.request.match_info["id"], key=key)
    return done(visit, "taking_back", _back(entry))


def _back(entry: Interaction) -> str:
    return f"/inbox/c/{entry.conversation_id}" if entry.conversation_id else "/inbox/"
