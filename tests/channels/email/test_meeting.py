"""A calendar invitation is read as the meeting it is; what cannot be read stays a file."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.adapter import Email
from core.channel import Arrival
from tests.channels.email.mails import ACCOUNT, PLAIN, mail, mixed


def invitation(*lines: str, method: str = "REQUEST", body: str = "") -> bytes:
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", f"METHOD:{method}", "BEGIN:VEVENT", "UID:1")
    event = body or "\n".join((*head, *lines, "END:VEVENT", "END:VCALENDAR"))
    return mail(
        'Content-Type: multipart/alternative; boundary="b0"',
        body=mixed(
            f"{PLAIN}You are invited", f"Content-Type: text/calendar; method={method}; charset=utf-8\n\n{event}"
        ),
    )


def told(raw: bytes) -> Any:
    (event,) = Email(ACCOUNT).parse(raw, {})
    assert isinstance(event, Arrival)
    assert event.content.text == "You are invited"
    assert [file.type for file in event.content.files] == ["text/calendar"]
    described = Email(ACCOUNT).describe(raw, {})
    assert described is not None
    assert described.fields.get("meeting") == event.data.get("meeting")
    return event.data.get("meeting")


def test_an_invitation_says_what_when_and_where() -> None:
    raw = invitation(
        "SUMMARY:Встреча\\, важная",
        "DTSTART;TZID=Europe/Kyiv:20261124T100000",
        "DTEND;TZID=Europe/Kyiv:20261124T110000",
        "LOCATION:Room 5",
        'ORGANIZER;CN="Ann Lee":mailto:ann@example.org',
        "RRULE:FREQ=WEEKLY",
    )
    assert told(raw) == {
        "what": "invited",
        "title": "Встреча, важная",
        "start": "2026-11-24T08:00:00+00:00",
        "end": "2026-11-24T09:00:00+00:00",
        "where": "Room 5",
        "organiser": "Ann Lee",
        "repeats": "yes",
    }


@pytest.mark.parametrize(
    ("method", "lines", "wanted"),
    [
        ("CANCEL", ("SUMMARY:x", "STATUS:CANCELLED"), {"what": "cancelled", "title": "x"}),
        ("REPLY", ("ATTENDEE;PARTSTAT=DECLINED:mailto:a@b.c",), {"what": "answered", "answer": "declined"}),
        ("PUBLISH", ("DTSTART;VALUE=DATE:20261224",), {"what": "shared", "start": "2026-12-24"}),
        ("REQUEST", ("DTSTART:20261124T100000",), {"what": "invited", "start": "2026-11-24T10:00:00"}),
        ("ADD", ("DTSTART;TZID=FLE Standard Time:20261124T100000",),
         {"what": "invited", "start": "2026-11-24T08:00:00+00:00"}),
        ("REQUEST", ("DTSTART:nonsense", "SUMMARY:y"), {"what": "invited", "title": "y"}),
        ("REQUEST", ("ORGANIZER:mailto:ann@example.org",), {"what": "invited", "organiser": "ann@example.org"}),
    ],
)  # fmt: skip
def test_kinds_of_meetings(method: str, lines: tuple[str, ...], wanted: object) -> None:
    assert told(invitation(*lines, method=method)) == wanted


@pytest.mark.parametrize("body", ["BEGIN:VCALENDAR", "nonsense", "BEGIN:VCALENDAR\nEND:VCALENDAR", "x" * 300_000])
def test_what_cannot_be_read_is_a_file_and_no_meeting(body: str) -> None:
    assert told(invitation(body=body)) is None


@given(
    st.lists(st.sampled_from(["SUMMARY:\ud800a", "DTSTART:2026", "BEGIN:VEVENT", "END:VEVENT", ";:=\x00", "RRULE:X"]))
)
def test_any_calendar_is_read_or_not(lines: list[str]) -> None:
    raw = invitation(body="\n".join(["BEGIN:VCALENDAR", *lines]).encode("utf-8", "replace").decode())
    assert Email(ACCOUNT).parse(raw, {})
