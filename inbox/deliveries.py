"""What a person decides about a message that did not, or may not have, gone out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal

from aiohttp import web

from core.addresses.address import KnownAddress
from core.interactions import status
from core.interactions.interaction import Interaction
from core.reach import others
from inbox.page import done
from inbox.visit import Visit, text_field


async def retry(visit: Visit) -> web.StreamResponse:
    """Send it again."""
    entry = await visit.needs.desk.retry(visit.agent, visit.request.match_info["id"])
    return done(visit, "retried", _back(entry))


async def elsewhere(visit: Visit) -> web.StreamResponse:
    """Send it to another address of the customer."""
    address = text_field(await visit.form(), "address", 1000)
    entry = await visit.needs.desk.elsewhere(visit.agent, visit.request.match_info["id"], address)
    return done(visit, "elsewhere", _back(entry))


async def reach(visit: Visit, entries: Sequence[Interaction]) -> dict[str, list[KnownAddress]]:
    """By entry that did not arrive: where else its customer can be written to."""
    failed = [entry for entry in entries if entry.status == status.FAILED and not entry.data.get("onward")]
    ids = dict.fromkeys(entry.customer_id for entry in failed if entry.customer_id)
    found = await asyncio.gather(*(visit.needs.addresses.of_customer(id) for id in ids))
    theirs = dict(zip(ids, found, strict=True))
    return {
        entry.id: others(theirs[entry.customer_id], entry.address, visit.needs.able)[:3]
        for entry in failed
        if entry.customer_id
    }


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
