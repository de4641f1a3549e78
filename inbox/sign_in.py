"""Sign-in and sign-out."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from aiohttp import web

from core import clock
from core.errors import Invalid, NotAllowed, TooLarge
from inbox.needs import Needs
from inbox.page import plain_page
from inbox.visit import Visit, cookie_name, from_our_page, posted, text_field, visit_of

YEAR = 365 * 86_400
LARGEST = 16 * 1024  # bytes of a sign-in


async def page(needs: Needs, request: web.Request) -> web.StreamResponse:
    """The form; who is signed in goes on."""
    onward = within_inbox(request.query.get("next", ""))
    if await visit_of(needs, request):
        raise web.HTTPSeeOther(onward)
    signed_out = request.query.get("said") in ("signed_out", "password")
    return plain_page(
        needs,
        request,
        "sign_in.html",
        onward=onward,
        email="",
        wrong="",
        said=request.query["said"] if signed_out else "",
        first=not await needs.agents.anybody(),
    )


async def post(needs: Needs, request: web.Request) -> web.StreamResponse:
    """Check mail address and password; a session on success, the form with a sentence otherwise."""
    try:
        from_our_page(needs, request)
    except NotAllowed:
        return _again(needs, request, 403, "", "/inbox/", "Open the sign-in page itself and try once more.")
    try:
        form = await posted(request, LARGEST)
    except (Invalid, TooLarge) as error:
        return _again(needs, request, 413 if isinstance(error, TooLarge) else 422, "", "/inbox/", error.sentence)
    email, password = text_field(form, "email", 320).strip(), text_field(form, "password")
    onward = within_inbox(text_field(form, "next"))
    place = needs.visitor_ip(request)
    if needs.tries.wait(place, email):
        sentence = "Too many tries. Wait ten minutes, or ask an administrator for a new password."
        return _again(needs, request, 429, email, onward, sentence)
    agent = await needs.agents.check(email, password)
    if agent is None:
        needs.tries.failed(place, email)
        return _again(needs, request, 401, email, onward, "Mail address and password do not fit together.")
    needs.tries.succeeded(place, email)
    hours = timedelta(hours=needs.session_hours)
    token = await needs.agents.begin_session(agent, clock.now() + hours)
    answer = web.HTTPSeeOther(onward, headers={"Cache-Control": "no-store"})
    answer.set_cookie(
        cookie_name(needs),
        token,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=needs.secure_cookies,
        max_age=int(hours.total_seconds()),
    )
    answer.set_cookie("language", agent.language, path="/", samesite="Lax", secure=needs.secure_cookies, max_age=YEAR)
    raise answer


async def sign_out(visit: Visit) -> web.StreamResponse:
    """End the session here and in the database."""
    await visit.needs.agents.end_session(visit.token)
    answer = web.HTTPSeeOther("/inbox/sign-in?said=signed_out", headers={"Clear-Site-Data": '"cache"'})
    answer.del_cookie(cookie_name(visit.needs), path="/", secure=visit.needs.secure_cookies)
    raise answer


def _again(
    needs: Needs, request: web.Request, status: int, email: str, onward: str, sentence: str
) -> web.StreamResponse:
    return plain_page(
        needs, request, "sign_in.html", status=status, onward=onward, email=email, wrong=sentence, said="", first=False
    )


def within_inbox(onward: str) -> str:
    """Where to go after signing in: only ever a page of the inbox."""
    try:
        parts = urlsplit(onward[:500].replace("\\", "/"))
    except ValueError:
        return "/inbox/"
    inside = not parts.scheme and not parts.netloc and parts.path.startswith("/inbox/") and "//" not in parts.path
    sane = inside and parts.path.isprintable() and not parts.path.startswith("/inbox/sign-in")
    return onward[:500] if sane and onward.isascii() and onward.isprintable() else "/inbox/"
