"""What `Email` tells of a mail beyond its text: what was written now, and everything `switchboard normalise` prints."""

# ruff: noqa: E501 - what programs write is easier to compare on few long lines than on many short ones

from __future__ import annotations

import hashlib
import json

from channels.email.adapter import Email
from core.channel import Arrival
from core.interactions.interaction import content_document, content_of
from core.visible.text import visible_text
from tests.channels.email.mails import ACCOUNT, mail, mixed

HISTORY = "On Mon, Mar 12, 2024 at 10:11 AM Shop <help@shop.test> wrote:\n> old"


def arrival(raw: bytes) -> Arrival:
    (event,) = Email(ACCOUNT).parse(raw, {})
    assert isinstance(event, Arrival)
    return event


def test_the_whole_text_is_kept_and_what_was_written_now_beside_it() -> None:
    content = arrival(mail("Subject: Re: a", body=f"Yes.\n\n{HISTORY}")).content
    assert content.text == f"Yes.\n\n{HISTORY}"
    assert content.said == content.visible == "Yes."
    assert content_of(content_document(content)).said == "Yes."


def test_a_mail_with_nothing_folded_stores_its_text_once() -> None:
    content = arrival(mail("Subject: a", body="Hello\n")).content
    assert content.visible is None
    assert content.said == "Hello"
    assert "visible" not in content_document(content)


def test_a_document_without_text_is_folded_by_its_elements() -> None:
    raw = mail(
        "Content-Type: text/html", body='<div>Yes.</div><div class="yahoo_quoted">old, in no known language</div>'
    )
    assert arrival(raw).content.said == "Yes."


def test_a_document_helps_where_the_text_shows_no_quote() -> None:
    plain = "Content-Type: text/plain\n\nYes.\n\nold, in no known language"
    html = (
        'Content-Type: text/html\n\n<div>Yes.</div><div id="divRplyFwdMsg"><b>x:</b> y</div>old, in no known language'
    )
    raw = mail("Content-Type: multipart/alternative; boundary=b0", body=mixed(plain, html))
    assert arrival(raw).content.said == "Yes."


def test_what_is_forwarded_is_what_is_said() -> None:
    body = "See below.\n\nFrom: Eve <eve@example.org>\nSent: 12.03.2024 10:11\nSubject: Chair\n\nIt is broken."
    assert arrival(mail("Subject: FW: Chair", body=body)).content.said == body
    assert arrival(mail("Subject: RE: Chair", body=body)).content.said == "See below."


def test_a_mail_is_described_field_by_field() -> None:
    text = f"Content-Type: text/plain\n\nYes.\n\n{HISTORY}"
    file = "Content-Type: text/csv; name=a.csv\nContent-Disposition: attachment\n\n1,2"
    raw = mail(
        "Cc: Bob <bob@example.org>", "Reply-To: ann2@example.org", "Subject: Re: a", "Date: Mon, 11 Mar 2024 10:11:00 +0100",
        "In-Reply-To: <m0@shop.test>", "Content-Type: multipart/mixed; boundary=b0", body=mixed(text, file),
    )  # fmt: skip
    described = Email(ACCOUNT).describe(raw, {})
    assert described is not None
    fields = dict(described.fields)
    assert json.loads(json.dumps(fields)) == fields
    assert fields == {
        "from": {"name": "Ann Lee", "address": "ann@example.org"},
        "to": [{"name": "", "address": "help@shop.test"}],
        "cc": [{"name": "Bob", "address": "bob@example.org"}],
        "reply_to": [{"name": "", "address": "ann2@example.org"}],
        "subject": "Re: a",
        "date": "2024-03-11T09:11:00+00:00",
        "message_id": "m1@example.org",
        "references": ["m0@shop.test"],
        "text": f"Yes.\n\n{HISTORY}",
        "html": None,
        "visible_text": "Yes.",
        "visible_html": None,
        "attachments": [
            {
                "name": "a.csv",
                "type": "text/csv",
                "size": 3,
                "sha256": hashlib.sha256(b"1,2").hexdigest(),
                "inline": False,
            }
        ],
        "kind": "message",
        "bounce": None,
    }
    assert described.files[0].data == b"1,2"


def test_html_is_described_as_an_agent_sees_it() -> None:
    body = '<p onclick="x()">Yes.</p><script>x</script><blockquote type="cite">old</blockquote>'
    described = Email(ACCOUNT).describe(mail("Content-Type: text/html", body=body), {})
    assert described is not None
    assert described.fields["html"] == "<p>Yes.</p><blockquote>old</blockquote>"
    assert described.fields["visible_html"] == "<p>Yes.</p>"
    assert described.fields["visible_text"] == "Yes."


def test_a_bounce_is_described_with_whom_it_did_not_reach_and_why() -> None:
    report = (
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
        "Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 5.1.1 No such user\n"
    )
    raw = mail(
        "From: Mail Delivery System <mailer-daemon@example.org>", "Subject: Undelivered", "Return-Path: <>",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b0",
        body=mixed("Content-Type: text/plain\n\nSorry.", report),
    )  # fmt: skip
    described = Email(ACCOUNT).describe(raw, {})
    assert described is not None
    assert described.fields["kind"] == "bounce"
    bounce = described.fields["bounce"]
    assert (bounce["recipients"], bounce["status"], bounce["permanent"]) == (["gone@example.org"], "5.1.1", True)
    assert "No such user" in bounce["reason"]


def test_a_mail_of_half_a_megabyte_of_quotes_is_read() -> None:
    body = "Yes.\n\n" + "> old\n" * 80_000
    assert visible_text(arrival(mail("Subject: Re: a", body=body)).content.text) == "Yes."
