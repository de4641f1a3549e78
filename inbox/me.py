"""The agent's own things: name, language, theme, signature, password, and whether they are away."""

from __future__ import annotations

from aiohttp import web

from core.agents.passwords import LONGEST, SHORTEST
from core.errors import Invalid
from inbox.page import done
from inbox.page import page as rendered
from inbox.sign_in import YEAR
from inbox.visit import Visit, text_field


async def page(visit: Visit) -> web.StreamResponse:
    """The form."""
    return await rendered(visit, "me.html", shortest=SHORTEST)


async def change(visit: Visit) -> web.StreamResponse:
    """Name, language, theme and signature."""
    form = await visit.form()
    name, language, theme = (text_field(form, field, 100).strip() for field in ("name", "language", "theme"))
    if not name:
        raise Invalid("Write a name.", field="name")
    language = language if language in visit.needs.languages else visit.agent.language
    signature = text_field(form, "signature", 2000).rstrip() if "signature" in form else None
    await visit.needs.agents.change(visit.agent.id, name=name, language=language, signature=signature)
    answer = web.HTTPSeeOther("/inbox/me?said=saved")
    secure = visit.needs.secure_cookies
    answer.set_cookie("language", language, path="/", samesite="Lax", secure=secure, max_age=YEAR)
    answer.set_cookie(
        "theme", theme if theme in ("light", "dark") else "", path="/", samesite="Lax", secure=secure, max_age=YEAR
    )
    raise answer


async def password(visit: Visit) -> web.StreamResponse:
    """A new password, which ends every session of this agent."""
    form = await visit.form()
    old, new, again = (text_field(form, field) for field in ("old", "new", "again"))
    checked(new)
    if new != again:
        raise Invalid("The two passwords differ.", field="again")
    place = visit.needs.visitor_ip(visit.request)
    email = visit.agent.email
    if visit.needs.tries.wait(place, email) or await visit.needs.agents.check(email, old) is None:
        visit.needs.tries.failed(place, email)
        raise Invalid("The present password is another one.", field="old")
    await visit.needs.agents.change(visit.agent.id, password=new)
    raise web.HTTPSeeOther("/inbox/sign-in?said=password")


def checked(password: str) -> str:
    """`password`; raises Invalid when it is too short."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid("A password has at least 10 characters.", field="new")
    return password


async def away(visit: Visit) -> web.StreamResponse:
    """Whether new customers are told that somebody is there."""
    away = text_field(await visit.form(), "away") == "1"
    await visit.needs.agents.change(visit.agent.id, away=away)
    return done(visit, "away" if away else "back", "/inbox/")
