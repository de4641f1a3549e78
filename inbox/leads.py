"""The leads: a board with a column per state, a list with filters, and what agents do with one lead."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from core.leads.lead import GOING, STATES, Lead
from core.leads.rules import amount_of, currency_of, state_of
from inbox.lead_look import KINDS, LeadLook
from inbox.moments import chosen, presets
from inbox.overview import number
from inbox.page import done
from inbox.page import page as rendered
from inbox.visit import Visit, text_field

COLUMN, PAGE, MOST = 30, 50, 400
COUNTED = 1000
CURRENCIES = ("EUR", "USD", "UAH", "GBP", "PLN", "CZK", "RUB", "KZT")


async def page(visit: Visit) -> web.StreamResponse:
    """The board or the list."""
    look = LeadLook.of(visit)
    agents = await visit.needs.agents.all()
    shown = await (_list(visit, look) if look.shape == "list" else _board(visit, look))
    return await rendered(
        visit,
        "leads.html",
        look=look,
        agents=agents,
        names={agent.id: agent.name for agent in agents},
        kinds=[*KINDS, *visit.needs.table],
        states=STATES,
        counted=COUNTED,
        **shown,
    )


async def _board(visit: Visit, look: LeadLook) -> dict[str, Any]:
    zone = visit.request.cookies.get("zone")
    views = [look.view(visit.agent, zone, state) for state in STATES]
    leads = visit.needs.leads
    pages = asyncio.gather(*(leads.page(view, limit=COLUMN) for view in views))
    counts = asyncio.gather(*(leads.count(view, COUNTED) for view in views))
    columns = list(zip(STATES, await pages, await counts, strict=True))
    return {"columns": columns, "nothing": not any(count for _, _, count in columns)}


async def _list(visit: Visit, look: LeadLook) -> dict[str, Any]:
    view = look.view(visit.agent, visit.request.cookies.get("zone"))
    before = visit.query("before", 40) or None
    limit = number(visit.query("rows"), PAGE, MOST)
    found = await visit.needs.leads.page(view, before=before, limit=limit + 1)
    onward = found[limit - 1].id if len(found) > limit else ""
    return {"rows": found[:limit], "onward": onward, "nothing": not found, "older": bool(before)}


async def panel(visit: Visit) -> dict[str, Any]:
    """What the panel beside a conversation needs besides the leads themselves."""
    rules = await visit.needs.leads.rules()
    return {
        "lead_states": STATES,
        "lead_going": GOING,
        "currencies": tuple(dict.fromkeys((rules.currency, *CURRENCIES))),
        "step_times": presets(visit.now, visit.request.cookies.get("zone")),
    }


# ---------------------------------------------------------------------------------------------------- one lead


async def make(visit: Visit) -> web.StreamResponse:
    """Make a lead of a conversation."""
    id = visit.request.match_info["id"]
    await visit.needs.lead_desk.make(visit.agent, id)
    return done(visit, "lead_made", f"/inbox/c/{id}")


async def move(visit: Visit) -> web.StreamResponse:
    """Into another state; lost wants a reason. `was` is the state it was seen in."""
    form = await visit.form()
    id = visit.request.match_info["id"]
    before = await visit.needs.leads.get(id)
    state = state_of(text_field(form, "state", 20))
    after = await visit.needs.lead_desk.move(
        visit.agent, id, state, text_field(form, "reason", 1000), text_field(form, "was", 20)
    )
    undo = None
    if before is not None and before.state != after.state:
        undo = (f"/inbox/leads/{id}/move", {"state": before.state, "reason": before.reason})
    return done(visit, "lead_moved", await _back(visit, after), undo)


async def own(visit: Visit) -> web.StreamResponse:
    """To an agent's id, or to nobody (empty)."""
    form = await visit.form()
    lead = await visit.needs.lead_desk.own(visit.agent, visit.request.match_info["id"], text_field(form, "owner", 40))
    return done(visit, "saved", await _back(visit, lead))


async def worth(visit: Visit) -> web.StreamResponse:
    """An amount and a currency; nothing takes it away."""
    form = await visit.form()
    amount = amount_of(text_field(form, "amount", 40))
    currency = currency_of(text_field(form, "currency", 10))
    lead = await visit.needs.lead_desk.worth(visit.agent, visit.request.match_info["id"], amount, currency)
    return done(visit, "saved", await _back(visit, lead))


async def plan(visit: Visit) -> web.StreamResponse:
    """The next step (`step`), at a preset (`preset`) or a date and time (`until`)."""
    form = await visit.form()
    zone = visit.request.cookies.get("zone")
    named = {name: at for name, _, at in presets(visit.now, zone)}
    preset = text_field(form, "preset", 20)
    at = named[preset] if preset in named else chosen(text_field(form, "until", 40), zone)
    id = visit.request.match_info["id"]
    lead = await visit.needs.lead_desk.plan(visit.agent, id, at, text_field(form, "step", 1000))
    return done(visit, "step_planned", await _back(visit, lead))


async def step_done(visit: Visit) -> web.StreamResponse:
    """The step was taken."""
    lead = await visit.needs.lead_desk.done(visit.agent, visit.request.match_info["id"])
    return done(visit, "step_done", await _back(visit, lead))


async def _back(visit: Visit, lead: Lead) -> str:
    """Where a page without scripts goes on: where it came from."""
    return (
        "/inbox/leads" if text_field(await visit.form(), "from", 10) == "board" else f"/inbox/c/{lead.conversation_id}"
    )
