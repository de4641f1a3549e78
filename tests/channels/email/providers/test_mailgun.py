"""Mailgun: its forms, its events, and a signature that does not cover the body."""

# ruff: noqa: E501 - a row of the table is easier to compare on few long lines than on many short ones

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Any

import pytest

from channels.email.providers.mailgun import Mailgun
from core.channel import Arrival, Ignored
from core.content import File
from core.errors import IntakeError, NotFromThem, Unreadable
from tests.channel_contract import NOW, Case, ChannelContract, Signed, assert_storable, differences, like, variations
from tests.channels.email.providers.made import (
    ACCOUNT,
    COMPLAINT,
    NOTHING_SET,
    OURS,
    PDF,
    RAW,
    a_pdf,
    arrival,
    body,
    by_imap,
    form,
    multipart,
    receipt,
    withdrawal,
)

TOKEN = "08fa9a8cf6f5c1ed0d1b5b9e0c0a7d1e8a1f5a9c2b3d4e5f60"


def signature(at: float = NOW.timestamp(), token: str = TOKEN, key: str | None = None) -> dict[str, str]:
    secret = ACCOUNT.secrets["mailgun_signing_key"] if key is None else key
    stamp = str(int(at))
    mac = hmac.new(secret.encode(), (stamp + token).encode(), hashlib.sha256).hexdigest()
    return {"timestamp": stamp, "token": token, "signature": mac}


def event(word: str, **data: Any) -> dict[str, Any]:
    return {
        "signature": signature(),
        "event-data": {
            "id": "CPgfbmQMTCKtHW6uIWtuVe",
            "timestamp": 1795431600.1,
            "log-level": "info",
            "event": word,
            "recipient": "Ann@Example.org",
            "message": {
                "headers": {"to": "ann@example.org", "message-id": OURS, "from": "help@shop.test"},
                "size": 111,
            },
            **data,
        },
    }


def failed(severity: str, reason: str, **status: Any) -> bytes:
    return body(event("failed", severity=severity, reason=reason, **{"delivery-status": status}))


HEADERS = [
    ["Received", "by in.mailgun.test"],
    ["From", "Ann Lée <ann@example.org>"],
    ["To", "Help <help@shop.test>"],
    ["Subject", "Order"],
    ["Date", "Mon, 23 Nov 2026 11:00:00 +0000"],
    ["Message-Id", "<in-1@example.org>"],
    ["In-Reply-To", f"<{OURS}>"],
    ["Content-Type", 'multipart/mixed; boundary="b0"'],
]
PARSED = {
    **signature(),
    "recipient": "help@shop.test",
    "sender": "ann@example.org",
    "from": "Ann Lée <ann@example.org>",
    "subject": "Order",
    "body-plain": "Where is it? Где?",
    "body-html": '<p>Where is it? <img src="cid:logo@1"></p>',
    "stripped-text": "Where is it?",
    "message-headers": body(HEADERS).decode(),
    "attachment-count": "2",
    "content-id-map": '{"<logo@1>": "attachment-2"}',
}
FILES = {"attachment-1": ("order.pdf", "application/pdf", PDF), "attachment-2": ("logo.png", "image/png", b"PNG")}
WHOLE, WHOLE_HEADERS = multipart(PARSED, FILES)
MIME, MIME_HEADERS = multipart({**signature(), "recipient": "help@shop.test", "body-mime": RAW})
SMALL, SMALL_HEADERS = form({**PARSED, "body-html": "", "content-id-map": ""})
STORED, STORED_HEADERS = form(
    {
        **PARSED,
        "attachments": '[{"url": "https://storage.test/1", "content-type": "application/pdf", "name": "order.pdf"}]',
    }
)

CASES = (
    Case("accepted", body(event("accepted")), (receipt("sent"),)),
    Case("delivered", body(event("delivered")), (receipt("delivered"),)),
    Case("a hard bounce", failed("permanent", "bounce", code=550, message="5.1.1 The email account does not exist",
         **{"enhanced-code": "5.1.1"}), (receipt("failed", gone=True, code="5.1.1"),)),
    Case("suppressed after a hard bounce", failed("permanent", "suppress-bounce", code=605, description="Not delivering "
         "to previously bounced address"), (receipt("failed", gone=True),)),
    Case("a permanent failure for spam leaves the address alive", failed("permanent", "bounce", code=550,
         message="5.7.1 Message rejected as spam"), (receipt("failed", code="5.7.1"),)),
    Case("a soft bounce", failed("permanent", "generic", code=552, message="5.2.2 Mailbox full", **{"bounce-type":
         "soft"}), (receipt("failed", code="5.2.2"),)),
    Case("given up after many tries", failed("permanent", "old", code=602, message="Too old"), (receipt("failed"),)),
    Case("a failure that is tried again", failed("temporary", "generic", code=452, message="4.2.2 over quota"),
         (receipt("delayed"),)),
    Case("a complaint", body(event("complained")), COMPLAINT),
    Case("unsubscribed", body(event("unsubscribed")), (withdrawal("unsubscribe"),)),
    Case("opened", body(event("opened", **{"client-info": {"client-name": "Firefox"}})), (receipt("read"),)),
    Case("opened by a machine", body(event("opened", **{"client-info": {"bot": "apple"}})), (like(Ignored),)),
    Case("a word we do not know", body(event("teleported")), (like(Ignored, reason="unknown event: teleported"),)),
    Case("an event without a recipient", body(event("delivered", recipient="")), Unreadable),
    Case("signed JSON that is no event", body({"signature": signature()}), Unreadable),
    Case("a mail as it came", MIME, (arrival(),), MIME_HEADERS),
    Case("a mail in pieces, with a picture in place", WHOLE, (arrival(files=(a_pdf(), like(File, name="logo.png",
         content_id="logo@1", data=b"PNG")), html=PARSED["body-html"]),), WHOLE_HEADERS),
    Case("a mail without attachments, urlencoded", SMALL, (arrival(files=()),), SMALL_HEADERS),
    Case("a mail whose files stayed at Mailgun", STORED, (arrival(files=(like(File, name="order.pdf", data=None),)),),
         STORED_HEADERS),
    Case("a form that is no mail", form(signature())[0], Unreadable),
)  # fmt: skip


class TestContract(ChannelContract):
    cases = CASES
    not_theirs = (b"", b"{", b"\xff\xfe", b"{" * 100_000, b"--x\r\nbroken", b"<xml/>", MIME[:-4], MIME[:-20])

    def adapter(self) -> Mailgun:
        return Mailgun(ACCOUNT)

    def signed(self) -> list[Signed]:
        early = (NOW - timedelta(hours=8)).timestamp()
        return [
            Signed(body(event("delivered")), {}),
            Signed(*multipart({**signature(token="mime"), "body-mime": RAW})),
            Signed(*form({**PARSED, **signature(early, "other-token")})),
        ]

    def forged(self) -> list[Signed]:
        old = (NOW - timedelta(hours=10)).timestamp()
        ahead = (NOW + timedelta(hours=1)).timestamp()
        wrong = [
            signature(key="key-of-somebody-else"),
            {**signature(), "signature": ""},
            {**signature(), "timestamp": str(int(NOW.timestamp()) + 1)},
            {**signature(), "token": TOKEN[::-1]},
            {**signature(), "signature": "я" * 64},
            signature(old),
            signature(ahead),
            {},
        ]
        return [
            *(Signed(body({**event("delivered"), "signature": one}), {}) for one in wrong),
            *(Signed(*form({**{k: v for k, v in PARSED.items() if k not in signature()}, **one})) for one in wrong),
            Signed(b"", {}),
            Signed(b"{", {}),
            Signed(body({**event("delivered"), "pad": "x" * 2**20}), {}),
        ]


def test_a_signature_is_good_for_one_content_only() -> None:
    mailgun = Mailgun(ACCOUNT)
    mailgun.verify(MIME, MIME_HEADERS, NOW)
    again, headers = multipart({**signature(), "recipient": "help@shop.test", "body-mime": RAW}, boundary="another")
    assert again != MIME
    mailgun.verify(again, headers, NOW)  # the same content, sent again under another boundary
    other, headers = multipart({**signature(), "recipient": "help@shop.test", "body-mime": RAW + b"P.S."})
    with pytest.raises(NotFromThem, match="something else"):
        mailgun.verify(other, headers, NOW)
    with pytest.raises(NotFromThem, match="something else"):
        mailgun.verify(body(event("complained")), {}, NOW)


def test_without_a_key_nobody_is_let_in() -> None:
    unset = signature(key="")
    with pytest.raises(NotFromThem, match="no Mailgun signing key"):
        Mailgun(NOTHING_SET).verify(body({**event("delivered"), "signature": unset}), {}, NOW)


def test_the_mail_as_it_came_is_the_entry_the_mailbox_made() -> None:
    (event_,) = Mailgun(ACCOUNT).parse(MIME, MIME_HEADERS)
    assert isinstance(event_, Arrival)
    assert (event_.address, event_.key) == (by_imap().address, by_imap().key)
    assert by_imap().identities[0].verified
    assert not event_.identities[0].verified  # it did not come through the server whose word is taken


def test_sent_again_in_pieces_it_has_the_same_key() -> None:
    first, again = (
        Mailgun(ACCOUNT).parse(*multipart({**PARSED, **signature(token=token)}, FILES, boundary=token))
        for token in ("first", "again")
    )
    assert first == again


def test_a_delivery_report_in_pieces_is_seen_for_what_it_is() -> None:
    headers = [["From", "MAILER-DAEMON@mx.test"], ["Content-Type", "multipart/report; report-type=delivery-status"]]
    status = b"Final-Recipient: rfc822; ann@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    fields = {"message-headers": body(headers).decode(), "body-plain": "It failed.", "from": "MAILER-DAEMON@mx.test"}
    original = b"Message-ID: <" + OURS.encode() + b">\r\nTo: ann@example.org\r\n\r\n"
    files = {
        "attachment-1": ("", "message/delivery-status", b"Reporting-MTA: dns; mx.test\r\n\r\n" + status),
        "attachment-2": ("", "message/rfc822", original),
    }
    (told,) = Mailgun(ACCOUNT).parse(*multipart(fields, files))
    assert not differences(told, receipt("failed", gone=True))


def test_hostile_values_inside_the_form_raise_nothing_but_intake_errors() -> None:
    inner = {"message-headers": HEADERS, "content-id-map": {"<logo@1>": "attachment-2"}, "attachments": [{"name": "a"}]}
    for name, value in inner.items():
        for content in variations(body(value), name, swaps=200):
            try:
                events = Mailgun(ACCOUNT).parse(*multipart({**PARSED, name: content}, FILES))
            except IntakeError:
                continue
            for one in events:
                assert_storable(one, "email")
