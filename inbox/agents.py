"""The people who answer: administrators add them, change what they may do, and give new passwords."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web

from core.agents.agent import Role
from core.agents.passwords import new_password
from core.errors import Conflict, Invalid, NotFound
from core.feed import agent_changed
from inbox.page import done
from inbox.page import page as rendered
from inbox.visit import Visit, text_field

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,250}")


async def page(visit: Visit, status: int = 200, **shown: Any) -> web.StreamResponse:
    """Everybody, and the form for one more."""
    usual: dict[str, Any] = {"fresh": None, "password": "", "wrong": "", "field": "", "typed": {}}
    return await rendered(
        visit, "agents.html", status=status, agents=await visit.needs.agents.all(), **{**usual, **shown}
    )


async def add(visit: Visit) -> web.StreamResponse:
    """One more, with a password to hand over, shown once."""
    form = await visit.form()
    name, email, language = (text_field(form, field, 320).strip() for field in ("name", "email", "language"))
    role: Role = "admin" if text_field(form, "role") == "admin" else "agent"
    try:
        if not name:
            raise Invalid("Write a name.", field="name")
        if not _EMAIL.fullmatch(email):
            raise Invalid("Write a mail address, like name@example.org.", field="email")
        password = new_password()
        known = language if language in visit.needs.languages else "en"
        fresh = await visit.needs.agents.add(name[:100], email, password, role=role, language=known)
    except (Invalid, Conflict) as error:
        typed = {"name": name, "email": email, "role": role, "language": language}
        field = getattr(error, "field", "") or "email"
        return await page(visit, 422, wrong=error.sentence, field=field, typed=typed)
    return await page(visit, fresh=fresh, password=password)


async def change(visit: Visit) -> web.StreamResponse:
    """`do`: admin, agent, activate, deactivate, or password."""
    agents, id = visit.needs.agents, visit.request.match_info["id"]
    agent, do = await agents.get(id), text_field(await visit.form(), "do", 20)
    if agent is None:
        raise NotFound("This agent is not there any more.")
    if do in ("deactivate", "agent") and id == visit.agent.id:
        raise Invalid("You cannot take away your own rights; ask another administrator.")
    if do == "password":
        password = new_password()
        after = await agents.change(id, password=password)
        visit.needs.feed.announce(agent_changed(id))
        if id == visit.agent.id:
            raise web.HTTPSeeOther("/inbox/sign-in")
        return await page(visit, fresh=after, password=password)
    if do in ("admin", "agent"):
        await agents.change(id, role="admin" if do == "admin" else "agent")
    elif do in ("activate", "deactivate"):
        await agents.change(id, active=do == "activate")
    visit.needs.feed.announce(agent_changed(id))
    return done(visit, "saved", "/inbox/settings/agents")
