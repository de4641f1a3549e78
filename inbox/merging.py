"""Two records become one, and one becomes two again."""

from __future__ import annotations

from aiohttp import web

from core.feed import Change
from inbox.page import done
from inbox.visit import Visit, text_field


async def merge(visit: Visit) -> web.StreamResponse:
    """Take `other` into this customer; the toast takes it back."""
    id, other = visit.request.match_info["id"], text_field(await visit.form(), "other", 40)
    after = await visit.needs.merge(id, other, by=visit.agent.id, now=visit.now)
    _announce(visit, after.id, other)
    return done(visit, "merged", await _back(visit, after.id), (f"/inbox/customers/{after.id}/part", {"other": other}))


async def part(visit: Visit) -> web.StreamResponse:
    """Undo a merge; what was written since stays here."""
    id, other = visit.request.match_info["id"], text_field(await visit.form(), "other", 40)
    await visit.needs.merge.undo(id, other)
    _announce(visit, id, other)
    return done(visit, "parted", await _back(visit, id))


def _announce(visit: Visit, *ids: str) -> None:
    topics = ("conversations", *(f"customer:{id}" for id in ids))
    visit.needs.feed.announce(Change("customer", ids[0], topics))


async def _back(visit: Visit, id: str) -> str:
    conversation = text_field(await visit.form(), "c", 40)
    return f"/inbox/c/{conversation}" if conversation.isalnum() else f"/inbox/customers/{id}"
