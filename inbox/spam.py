"""What was held back as spam: to be freed, and then it comes in as if it had just come, or deleted."""

from __future__ import annotations

from aiohttp import web

from inbox.page import done
from inbox.page import page as rendered
from inbox.visit import Visit

PAGE = 50


async def page(visit: Visit) -> web.StreamResponse:
    """What is held, newest first."""
    rows = await visit.needs.caught.page(before=visit.query("before", 40) or None, limit=PAGE + 1)
    return await rendered(
        visit, "spam.html", rows=[row for _, row in rows[:PAGE]], onward=rows[PAGE - 1][0] if len(rows) > PAGE else ""
    )


async def free(visit: Visit) -> web.StreamResponse:
    """It is no spam."""
    await visit.needs.spam.free(visit.request.match_info["id"], visit.agent.id)
    return done(visit, "freed", "/inbox/spam")


async def delete(visit: Visit) -> web.StreamResponse:
    """It is."""
    await visit.needs.spam.delete(visit.request.match_info["id"], visit.agent.id)
    return done(visit, "deleted", "/inbox/spam")
