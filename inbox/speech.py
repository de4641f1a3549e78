"""Words outside templates: the language of a visitor, and a sentence in it."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from jinja2 import Environment


def language_of(templates: Environment, request: web.Request) -> str:
    """What somebody who is not signed in reads: as chosen before, else as their browser asks for."""
    functions: Any = templates.globals
    return str(functions["language_for"](request.cookies.get("language"), request.headers.get("Accept-Language", "")))


def translated(templates: Environment, language: str, text: str) -> str:
    """`text` in `language`; as it is when there is no translation."""
    functions: Any = templates.globals
    return str(functions["translate"](language, text))
