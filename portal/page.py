"""A hosted page: its language, its template, and a content security policy that lets nothing in but ours."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from core import clock
from core.content import clean
from portal.language import chosen, words_of
from portal.needs import Needs

POLICY = {
    "default-src": "'none'",
    "worker-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def language_of(needs: Needs, request: web.Request) -> str:
    """What this visitor reads: `?lang=`, else what their browser asks for."""
    return chosen(request.query.get("lang"), request.headers.get("Accept-Language", ""), needs.languages)


def zone_of(request: web.Request) -> str | None:
    """The time zone this browser said it is in (`design/time.js` keeps it in a cookie), unchecked."""
    return clean(unquote(request.cookies.get("zone", "")))[:60] or None


def rendered(needs: Needs, template: str, language: str, section: str, /, **values: Any) -> str:
    """The template with `say` (the words of `section`) and `common` (those of every page) in `language`."""
    return needs.templates.get_template(f"portal/{template}").render(
        language=language,
        say=words_of(language, section),
        common=words_of(language, "page"),
        spoken=list(needs.languages),
        now=clock.now(),
        **values,
    )


def page(
    needs: Needs,
    request: web.Request,
    template: str,
    section: str,
    /,
    *,
    language: str | None = None,
    status: int = 200,
    policy: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> web.Response:
    """The page as an answer. `policy` changes directives of the content security policy."""
    language = language or language_of(needs, request)
    # Only the scripts that the page itself names, and what those import.
    nonce = secrets.token_urlsafe(16)
    values |= {"path": request.path, "zone": zone_of(request), "nonce": nonce}
    html = rendered(needs, template, language, section, **values)
    policies = {**POLICY, "script-src": f"'nonce-{nonce}'", **(policy or {})}
    written = "; ".join(f"{name} {value}" for name, value in policies.items())
    return web.Response(
        text=html,
        status=status,
        content_type="text/html",
        charset="utf-8",
        headers={
            "Content-Security-Policy": written,
            "Content-Language": language,
            "Cache-Control": "no-store",
            "Referrer-Policy": "same-origin",
            "Vary": "Accept-Language",
            "X-Content-Type-Options": "nosniff",
            **(headers or {}),
        },
    )


def missing(needs: Needs, request: web.Request, section: str) -> web.Response:
    """The friendly 404 of a section: what may have happened, and what to do."""
    return page(needs, request, "missing.html", section, status=404, headers={"X-Robots-Tag": "noindex"})
