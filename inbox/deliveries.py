"""What a person decides about a message that did not, or may not have, gone out."""

from __future__ import annotations

from typing import Literal

from aiohttp import web

from core.interactions.interaction import Interaction
from inbox.page import done
from inbox.visit import Visit, text_field


async def retry(visit: Visit) -> web.StreamResponse:
    """Send it again."""
    entry = await visit.needs.desk.retry(visit.agent, visit.request.match_info["id"])
    return done(visit, "retried", _back(entry))


async def settle(visit: Visit) -> web.StreamResponse:
    """It arrived, or it did not."""
    outcome: Literal["sent", "failed"] = "sent" if text_field(await visit.form(), "outcome") == "sent" else "failed"
    entry = await visit.needs.desk.settle(visit.agent, visit.request.match_info["id"], outcome)
    return done(visit, "settled", _back(entry))


async def cancel(visit: Visit) -> web.StreamResponse:
    """Take back what was planned."""
    entry = await visit.needs.desk.cancel(visit.agent, visit.request.match_info["id"])
    return done(visit, "cancelled", _back(entry))


def _back(entry: Interaction) -> str:
    return f"/inbox/c/{entry.conversation_id}" if entry.conversation_id else "/inbox/problems"
