"""What providers send, taken apart without trust: JSON, words in it, moments."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from core.channel import Event
from core.content import clean
from core.errors import NotThisFormat, Unreadable

LONGEST = 2000  # characters of one word; identifiers and sentences are shorter


def load(body: bytes) -> Any:
    """The JSON in `body`. Raises NotThisFormat."""

    def no_number(word: str) -> Any:
        raise NotThisFormat(f"{word} is not JSON.")

    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=no_number)
    except (ValueError, RecursionError) as error:
        raise NotThisFormat("The body is not JSON in UTF-8.") from error


def table(value: Any) -> dict[str, Any]:
    """`value` when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[Any]:
    """`value` when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """`value` when it is text, of any length; else empty."""
    return clean(value) if isinstance(value, str) else ""


def word(value: Any, *path: str) -> str:
    """The text or number at `path`, as text of at most 2,000 characters; empty when there is none."""
    for name in path:
        value = table(value).get(name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)[:40]
    return text(value)[:LONGEST].strip()


def moment(value: Any) -> datetime | None:
    """The moment in `value`: Unix seconds, or milliseconds, or ISO 8601, which without a zone is UTC."""
    try:
        if isinstance(value, str) and not value.strip().replace(".", "", 1).isdigit():
            found = datetime.fromisoformat(value.strip())
            found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        elif isinstance(value, int | float | str) and not isinstance(value, bool):
            seconds = float(value)
            found = datetime.fromtimestamp(seconds / 1000 if seconds >= 1e11 else seconds, UTC)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return found if 1980 <= found.year < 2200 else None


def each(values: Iterable[Any], read: Callable[[Any], list[Event]]) -> list[Event]:
    """The events of every value; what one broken value hides is told after all others were read. Raises Unreadable."""
    events: list[Event] = []
    broken: list[Unreadable] = []
    for value in values:
        try:
            events.extend(read(value))
        except Unreadable as error:
            events.extend(error.read)
            broken.append(error)
    if broken:
        raise Unreadable(broken[0].sentence, code=broken[0].code, read=events)
    return events
