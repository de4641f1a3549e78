"""The calls that customers were promised: those that are due first, and who made them."""

from __future__ import annotations

from aiohttp import web

from core.interactions import status
from inbox.page import done as said_done
from inbox.page import page as rendered
from inbox.visit import Visit

MOST = 200


async def page(visit: Visit) -> web.StreamResponse:
    """Every call that is not made yet."""
    calls = await visit.needs.interactions.tasks(limit=MOST)
    ids = {call.conversation_id for call in calls if call.conversation_id}
    known = {one.id: one for one in await visit.needs.conversations.some(list(ids))} if ids else {}
    return await rendered(
        visit,
        "calls.html",
        due=[call for call in calls if call.status == status.DUE],
        planned=[call for call in calls if call.status != status.DUE],
        known=known,
        full=len(calls) == MOST,
    )


async def done(visit: Visit) -> web.StreamResponse:
    """The call was made, or need not be."""
    call = await visit.needs.bot.calls.done(visit.agent, visit.request.match_info["id"])
    back = f"/inbox/c/{call.conversation_id}" if call.conversation_id else "/inbox/calls"
    return said_done(visit, "called", back)
