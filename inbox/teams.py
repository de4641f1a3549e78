"""Settings of teams: administrators name them, choose who is in one, and how its answers are signed."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from multidict import MultiDictProxy

from core.errors import Conflict, Invalid, NotFound
from core.teams.team import LONGEST_NAME, LONGEST_SIGNATURE
from inbox.page import done
from inbox.page import page as rendered
from inbox.visit import Visit, text_field

HERE = "/inbox/settings/teams"


async def page(visit: Visit) -> web.StreamResponse:
    """Every team, and a place to make one more."""
    return await _page(visit)


async def _page(visit: Visit, status: int = 200, **shown: Any) -> web.Response:
    agents = await visit.needs.agents.all()
    return await rendered(
        visit,
        "teams.html",
        status=status,
        teams=[team for team in await visit.needs.teams.all() if team.active],
        agents=agents,
        names={agent.id: agent.name for agent in agents},
        **{"wrong": "", "field": "", "at": "", "typed": {}, **shown},
    )


async def add(visit: Visit) -> web.StreamResponse:
    """One more."""
    typed = _typed(await visit.form())
    try:
        await visit.needs.teams.add(**typed)
    except (Invalid, Conflict) as error:
        return await _wrong(visit, error, "new", typed)
    return done(visit, "saved", HERE)


async def change(visit: Visit) -> web.StreamResponse:
    """Its name, who is in it, and its signature."""
    id = visit.request.match_info["id"]
    typed = _typed(await visit.form())
    try:
        kept = await visit.needs.teams.change(id, **typed)
    except (Invalid, Conflict) as error:
        return await _wrong(visit, error, id, typed)
    if kept is None:
        raise NotFound("This team is not there any more.")
    return done(visit, "saved", HERE)


async def remove(visit: Visit) -> web.StreamResponse:
    """It is given nothing more; the conversations it had stay."""
    if not await visit.needs.teams.remove(visit.request.match_info["id"]):
        raise NotFound("This team is not there any more.")
    return done(visit, "removed", HERE)


def _typed(form: MultiDictProxy[Any]) -> dict[str, Any]:
    return {
        "name": text_field(form, "name", LONGEST_NAME + 1),
        "members": [id for id in form.getall("member", []) if isinstance(id, str)],
        "signature": text_field(form, "signature", LONGEST_SIGNATURE),
    }


async def _wrong(visit: Visit, error: Invalid | Conflict, at: str, typed: dict[str, Any]) -> web.Response:
    status = 422 if isinstance(error, Invalid) else 409
    return await _page(visit, status, wrong=error.sentence, field=getattr(error, "field", "name"), at=at, typed=typed)
