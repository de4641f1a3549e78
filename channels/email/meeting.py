"""The calendar invitation in a mail (RFC 5545, 6047), as what a person wants to know of a meeting."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Literal

from icalendar import Calendar

from channels.email.mime import body
from channels.email.parse import Mail
from core.content import clean

_FIRST, _LAST = 1970, 2200  # years
LARGEST = 200_000  # bytes; an invitation has some thousand
_TYPES = ("text/calendar", "application/ics")
_METHODS: dict[str, Literal["invited", "cancelled", "answered", "shared"]] = {
    "REQUEST": "invited",
    "ADD": "invited",
    "CANCEL": "cancelled",
    "REPLY": "answered",
    "COUNTER": "answered",
}
_ANSWERS: dict[str, Literal["accepted", "declined", "tentative"]] = {
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "tentative",
}


def meeting(mail: Mail) -> dict[str, Any] | None:
    """The first meeting that the mail speaks of, None when there is none that can be read.

    `what` is invited, cancelled, answered or shared; `answer` is accepted, declined or tentative. `start` and `end` are
    UTC times, or days (`2026-11-24`) of a meeting without hours; a time without a zone stays without one.
    """
    part = next((one for one in mail.parts.walk() if one.type in _TYPES and not one.parts), None)
    if part is None or part.end - part.start > LARGEST:
        return None
    try:
        calendar: Any = Calendar.from_ical(body(mail.raw, part).decode("utf-8", "replace"))
        event: Any = next(iter(calendar.walk("VEVENT")), None)
        if event is None:
            return None
        return _told(str(calendar.get("METHOD", "")).upper(), event)
    except Exception:  # whatever the library stumbles over: the mail is read all the same, with the file
        return None


def _told(method: str, event: Any) -> dict[str, Any]:
    what = "cancelled" if _word(event, "STATUS").upper() == "CANCELLED" else _METHODS.get(method, "shared")
    found = {
        "what": what,
        "title": _word(event, "SUMMARY"),
        "start": _moment(event, "DTSTART"),
        "end": _moment(event, "DTEND"),
        "where": _word(event, "LOCATION"),
        "organiser": _person(event.get("ORGANIZER")),
        "answer": _answer(event) if what == "answered" else "",
        "repeats": "yes" if event.get("RRULE") else "",
    }
    return {name: value for name, value in found.items() if value}


def _word(event: Any, name: str) -> str:
    value = event.get(name)
    return clean(" ".join(str(value).split()))[:500] if value is not None else ""


def _moment(event: Any, name: str) -> str:
    try:
        value = event.get(name).dt
    except Exception:  # not there, or written so that no time can be read
        return ""
    if not isinstance(value, date) or not _FIRST <= value.year < _LAST:
        return ""  # nobody meets then, and in another zone such a time may be none at all
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()
    return value.isoformat()


def _person(value: Any) -> str:
    if value is None:
        return ""
    address = str(value).partition(":")[2] if str(value).lower().startswith("mailto:") else str(value)
    name = str(getattr(value, "params", {}).get("CN", ""))
    return clean(" ".join((name or address).split()))[:320]


def _answer(event: Any) -> str:
    guests = event.get("ATTENDEE")
    guest = guests[0] if isinstance(guests, list) and guests else guests
    return _ANSWERS.get(str(getattr(guest, "params", {}).get("PARTSTAT", "")).upper(), "")
