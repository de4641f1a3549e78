"""Reply to a customer, now or later, or write a private note."""

from __future__ import annotations

from aiohttp import web

from core.errors import NotFound
from core.ids import new_id
from core.interactions.interaction import MAX_TEXT
from inbox.composed import composed
from inbox.moments import chosen
from inbox.page import done
from inbox.visit import Visit, text_field


async def post(visit: Visit) -> web.StreamResponse:
    """What the composer sends: `text`, `file`…, `mode` (reply or note), `address`, `cc`, `bcc`, `later`, …"""
    form = await visit.form()
    id = visit.request.match_info["id"]
    key = text_field(form, "key", 60) or new_id()
    back = f"/inbox/c/{id}"
    if text_field(form, "mode") == "note":
        await visit.needs.desk.note(visit.agent, id, text_field(form, "text", MAX_TEXT).strip(), key=key)
        return done(visit, "noted", back)
    conversation = await visit.needs.conversations.get(id)
    if conversation is None:
        raise NotFound("This conversation is not there any more.")
    resolve = text_field(form, "then") == "resolve"
    later = text_field(form, "later")
    address = text_field(form, "address") or None
    await visit.needs.desk.reply(
        visit.agent,
        id,
        await composed(visit, form, address or conversation.reply_address),
        key=key,
        due_at=chosen(later, visit.request.cookies.get("zone")) if later else None,
        address=address,
        resolve=resolve,
    )
    undo = (f"/inbox/c/{id}/reopen", dict[str, str]()) if resolve else None
    return done(visit, "planned" if later else "sent_resolved" if resolve else "sent", back, undo)
