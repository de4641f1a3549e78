"""From bytes to one Update, with whatever Telegram, or somebody who pretends to be it, may put there. Pure.

https://core.telegram.org/bots/api#update
"""

from __future__ import annotations

import json
import math
from typing import Any

import orjson
from aiogram.types import Update

from channels.telegram.plain import LATEST
from core.content import clean
from core.errors import NotThisFormat, Unreadable


def loaded(body: bytes) -> tuple[dict[str, Any], bool]:
    """The update, and whether a strict reader read it. Raises NotThisFormat."""
    strict = True
    try:
        raw = orjson.loads(body)
    except ValueError:
        strict = False
        # Stricter than need be (lone surrogates, large numbers): what it refuses is read the patient way.
        raw = _patiently(body)
    update_id = raw.get("update_id") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not isinstance(update_id, int) or isinstance(update_id, bool):
        raise NotThisFormat("The body is not an Update of the Telegram Bot API: it has no update_id.")
    return raw, strict


def _patiently(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotThisFormat("The body is not JSON.") from error


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def read_update(raw: dict[str, Any]) -> Update:
    """The update in `raw`. Raises Unreadable when it contradicts the Bot API."""
    try:
        return Update.model_validate(_tidied(raw))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"This update is not as the Bot API describes it: {_place(error)}") from error


def edit_date(raw: dict[str, Any]) -> str:
    """The edit date as it came, because an absurd one still tells one edit from the next."""
    edited = raw.get("edited_message") or raw.get("edited_business_message")
    return clean(str(edited.get("edit_date")))[:24] if isinstance(edited, dict) else ""


def _tidied(value: Any, key: str = "") -> Any:
    """`value` with writable text, dates that exist, and no number that neither MongoDB nor JSON can hold."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        if (key == "date" or key.endswith("_date")) and not 0 <= value <= LATEST:
            return 0
        if not -(2**63) <= value < 2**63 or not math.isfinite(value):
            raise ValueError(f"the number in {clean(key)[:40]} is too large")
        return value
    if isinstance(value, list):
        return [_tidied(inner, key) for inner in value]
    return {clean(name): _tidied(inner, name) for name, inner in value.items()}


def _place(error: Exception) -> str:
    """Where in the update the trouble is, without its content (a person's words do not belong in a log)."""
    describe = getattr(error, "errors", None)
    if describe is None:
        return str(error)[:200] if isinstance(error, ValueError) else "it is nested too deeply"
    first = describe(include_url=False, include_context=False, include_input=False)[0]
    return clean(".".join(str(step) for step in first["loc"]) + ": " + str(first["msg"]))[:200]
