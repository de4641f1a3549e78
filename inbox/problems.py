"""What did not work: messages that did not go out, and what came in and could not be read."""

from __future__ import annotations

from aiohttp import web

from core.channel import Address
from core.errors import NotFound
from inbox.deliveries import reach
from inbox.page import done
from inbox.page import page as rendered
from inbox.visit import Visit
from inbox.words import DONE

PAGE = 50


async def page(visit: Visit) -> web.StreamResponse:
    """Both lists, newest first."""
    needs = visit.needs
    entries = await needs.interactions.troubled(PAGE + 1, visit.query("before", 40) or None)
    intake = await needs.intake.page(before=visit.query("intake", 40) or None, limit=PAGE + 1)
    conversations = {
        c.id: c for c in await needs.conversations.some([e.conversation_id for e in entries if e.conversation_id])
    }
    return await rendered(
        visit,
        "problems.html",
        entries=entries[:PAGE],
        reach=await reach(visit, entries[:PAGE]),
        people={e.id: Address.of(e.address).person for e in entries},
        onward=entries[PAGE - 1].id if len(entries) > PAGE else "",
        intake=intake[:PAGE],
        more_intake=intake[PAGE - 1].id if len(intake) > PAGE else "",
        known=conversations,
    )


async def replay(visit: Visit) -> web.StreamResponse:
    """Try a failed intake again, after whatever was wrong with it was mended."""
    said = await visit.needs.replay(await _id(visit))
    if visit.scripted and said and said not in DONE:
        return web.json_response({"said": visit.translate(said), "then": "/inbox/problems"})
    return done(visit, "replayed", "/inbox/problems")


async def dismiss(visit: Visit) -> web.StreamResponse:
    """It is of no use; it stays in the database."""
    await visit.needs.intake.done(await _id(visit), "dismissed")
    return done(visit, "dismissed", "/inbox/problems")


async def _id(visit: Visit) -> str:
    failed = await visit.needs.intake.get(visit.request.match_info["id"])
    if failed is None:
        raise NotFound("There is nothing at this address.")
    return failed.id
