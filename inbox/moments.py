"""Points in time that people choose: "tomorrow morning", or a date and time typed in their own zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from core.errors import Invalid

MORNING = time(9)


def zone_of(name: str | None) -> tzinfo:
    """The agent's zone, as their browser told it; UTC when it did not."""
    try:
        return ZoneInfo(name) if name and len(name) < 64 else UTC
    except (KeyError, ValueError, OSError):
        return UTC


def presets(now: datetime, zone: str | None) -> list[tuple[str, str, datetime]]:
    """(name, words, when) of what is offered for putting a conversation aside."""
    local = now.astimezone(zone_of(zone))
    tomorrow = datetime.combine(local.date() + timedelta(days=1), MORNING, local.tzinfo)
    monday = datetime.combine(local.date() + timedelta(days=7 - local.weekday()), MORNING, local.tzinfo)
    return [
        ("hour", "In an hour", now + timedelta(hours=1)),
        ("hours", "In three hours", now + timedelta(hours=3)),
        ("tomorrow", "Tomorrow morning", tomorrow.astimezone(UTC)),
        ("monday", "Monday morning", monday.astimezone(UTC)),
    ]


def chosen(text: str, zone: str | None) -> datetime:
    """What `<input type="datetime-local">` sent, in UTC. Raises Invalid."""
    try:
        at = datetime.fromisoformat(text.strip())
        return (at if at.tzinfo else at.replace(tzinfo=zone_of(zone))).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid("Choose a date and a time.", field="until") from error
