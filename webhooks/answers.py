"""The one place where an IntakeError becomes an HTTP answer: JSON with a stable code and a sentence, no traceback."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from core.database import away, cannot_store
from core.errors import (
    CannotStore,
    IntakeError,
    NotFromThem,
    NotThisFormat,
    SwitchboardError,
    TooLarge,
    TooMany,
    UnknownAccount,
    Unreadable,
)
from core.trace import request as asked_for

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STATUS: dict[type[IntakeError], int] = {
    NotFromThem: 401,
    NotThisFormat: 400,
    TooLarge: 413,
    UnknownAccount: 404,
    TooMany: 429,
    Unreadable: 200,
    CannotStore: 503,
}


def answered(handler: Handler) -> Handler:
    """`handler`, with its errors as answers."""

    async def answering(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except IntakeError as error:
            return answer(error)
        except (web.HTTPException, ConnectionError):
            raise
        except Exception as error:
            if away(error):
                return answer(cannot_store(error))
            # Not a yes, so the sender keeps what it has and sends it again.
            log.exception("webhooks.failed", code=error.code if isinstance(error, SwitchboardError) else "")
            return refusal(500, "failed", "This could not be taken in; it was noted. Please send it again later.")

    return answering


def answer(error: IntakeError) -> web.Response:
    """The answer for what a door refuses."""
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 400)
    return refusal(status, error.code, error.sentence, after=getattr(error, "after", None))


def refusal(status: int, code: str, sentence: str, *, after: float | None = None) -> web.Response:
    """`{"error", "sentence"}`, and `request` where it is our fault, to report it by; `after` is in seconds."""
    body = {"error": code, "sentence": sentence}
    if status >= 500 and (number := asked_for()):
        body["request"] = number
    response = web.json_response(body, status=status)
    if after is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(after)))
    if status == 413:
        response.force_close()  # what is still coming is not read
    return response
