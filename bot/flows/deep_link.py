"""Begins where a link led: an order's tracking link opens that order, a web chat goes on where it was.

Any other payload of a start is a campaign's name: it is kept in the log, and the person is welcomed as always.
"""

from __future__ import annotations

from bot.flows import order_status
from bot.talk import Talk
from core.decide import Decision

TRACK = "track_"


async def start(talk: Talk) -> Decision | None:
    """What a start with a payload opens; None when it opens nothing."""
    message = talk.turn.message
    payload = message.data.get("start_payload")
    if not isinstance(payload, str) or not payload:
        return None
    if message.data.get("continued"):
        return talk.stay(talk.content(talk.text("welcome.continued")))
    if payload.startswith(TRACK):
        # Who has the link may see the order, here as on its tracking page; of other orders it proves nothing.
        order = await talk.turn.orders.by_token(payload.removeprefix(TRACK))
        return await order_status.show(talk, [order]) if order else None
    return None
