"""Tells an open page what changed, as server-sent events (WHATWG HTML, 9.2); the page asks for the parts it shows.

One event carries everything that changed since the last: `{"changes": [{"what": …, "id": …}]}`. `lagged` means that
something may have been missed. While the stream is open its agent is on duty.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from aiohttp import web

from core import clock
from core.chat.typing import Typist
from core.conversations.conversation import Conversation
from core.feed import Change
from core.hang_up import hang_up
from core.interactions import status
from core.interactions.interaction import Interaction
from core.leads.lead import Lead
from inbox.visit import Visit

# A page is told at once, then at most this often; what happens in between goes into one event.
BREATH = 0.03
SEEN_EVERY = 30.0
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}


async def stream(visit: Visit) -> web.StreamResponse:
    """`?c=` a conversation and `?customer=` a customer to follow besides the list; `?troubles=1` every delivery."""
    topics = ["conversations", "leads", f"agent:{visit.agent.id}"]
    if conversation := visit.query("c", 40):
        topics.append(f"conversation:{conversation}")
    if customer := visit.query("customer", 40):
        topics.append(f"customer:{customer}")
    if visit.query("troubles"):
        topics.append("log")
    response = web.StreamResponse(headers=HEADERS)
    # Nobody waits for the rest of this stream when the hub stops or the page goes.
    response.force_close()
    async with (
        visit.needs.feed.subscribe(*topics) as changes,
        visit.needs.presence.page(visit.needs.agents, visit.agent.id),
    ):
        await response.prepare(visit.request)
        try:
            with suppress(ConnectionError, TimeoutError):
                await _write(visit, response, b"retry: 1000\n\n")
                await _follow(visit, response, changes, troubles_only="log" in topics)
        finally:
            hang_up(visit.request.transport)
    return response


async def _write(visit: Visit, response: web.StreamResponse, data: bytes) -> None:
    """Raises TimeoutError for a page that takes nothing: it is let go, is not there any more, and comes back anew."""
    async with asyncio.timeout(visit.needs.slow_seconds):
        await response.write(data)


async def _follow(visit: Visit, response: web.StreamResponse, changes: Any, *, troubles_only: bool) -> None:
    loop = asyncio.get_running_loop()
    seen = loop.time()
    while True:
        taken: Sequence[Change] = await changes.next(timeout=15)
        # Whoever is taken off, or is another person now, is shown nothing more: at once, and not with the next look.
        due = loop.time() - seen > SEEN_EVERY
        if due or any(one.what == "agent" for one in taken):
            agent = await visit.needs.agents.of_session(visit.token, clock.now())
            if agent is None:
                return  # signed out elsewhere
            # Never because of a change alone: what is noted here is itself a change that pages may hear of.
            if due or agent.seen_at is None:  # their last page at another process was closed
                seen = loop.time()
                await visit.needs.agents.seen(agent.id, clock.now())
        told = {json.dumps(line): line for change in taken if (line := _line(change, troubles_only))}
        if not taken:
            await _write(visit, response, b": still here\n\n")
        elif told:
            data = json.dumps({"changes": list(told.values())}, ensure_ascii=False, separators=(",", ":"))
            await _write(visit, response, f"event: change\ndata: {data}\n\n".encode("utf-8", "replace"))
            await asyncio.sleep(BREATH)


def _line(change: Change, troubles_only: bool) -> dict[str, Any] | None:
    """What a page is told of one change: enough to know which parts to ask for and what to say aloud."""
    if change.what == "agent":
        return None
    line: dict[str, Any] = {"what": change.what, "id": change.id}
    value = change.value
    if isinstance(value, Interaction):
        if troubles_only and value.status not in (*status.TROUBLED, status.QUEUED, status.SENT):
            return None
        line |= {"conversation": value.conversation_id, "customer": value.customer_id, "way": value.direction}
        if value.direction == "in":
            line["name"] = value.author.name
        if value.status in status.TROUBLED:
            line["trouble"] = True
    elif isinstance(value, Lead):
        line |= {"conversation": value.conversation_id, "name": value.customer_name, "flagged": value.flagged}
    elif isinstance(value, Typist):
        line |= {"conversation": value.conversation_id, "name": value.name}
    elif isinstance(value, Conversation):
        line |= {"unread": value.unread, "name": value.customer_name, "by": value.last.author}
    return line
