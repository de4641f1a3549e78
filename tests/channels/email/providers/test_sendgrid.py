"""SendGrid: signed events, and Inbound Parse as it came and in pieces."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from channels.email.providers.sendgrid import SendGrid
from core.channel import Arrival, Ignored
from core.content import File
from core.errors import NotFromThem, Unreadable
from tests.channel_contract import NOW, Case, ChannelContract, Signed, like
from tests.channels.email.providers.made import (
    ACCOUNT,
    COMPLAINT,
    EC_KEY,
    NOTHING_SET,
    OURS,
    PASSWORD,
    PDF,
    RAW,
    a_pdf,
    arrival,
    basic,
    body,
    by_imap,
    multipart,
    receipt,
    withdrawal,
)


def event(word: str, **data: Any) -> dict[str, Any]:
    known = {"email": "ann@example.org", "timestamp": 1795431600, "smtp-id": f"<{OURS}>", "event": word}
    return known | {"sg_event_id": "ZGVsaXZlcmVk", "sg_message_id": "14c5d75ce93.filter0001.1"} | data


def batch(*events: Any) -> bytes:
    return body(list(events))


HEADERS = (
    "Received: by mx0047p1mdw1.sendgrid.net with SMTP\r\nFrom: Ann =?utf-8?q?L=C3=A9e?= <ann@example.org>\r\n"
    "To: Help <help@shop.test>\r\nSubject: Order\r\nDate: Mon, 23 Nov 2026 11:00:00 +0000\r\n"
    f"Message-ID: <in-1@example.org>\r\nIn-Reply-To: <{OURS}>\r\n"
    'Content-Type: multipart/mixed; boundary="b0"\r\n'
)
ABOUT = {
    "from": "Ann Lée <ann@example.org>",
    "to": "Help <help@shop.test>",
    "subject": "Order",
    "envelope": '{"to":["help@shop.test"],"from":"ann@example.org"}',
    "SPF": "pass",
    "dkim": "{@example.org : pass}",
    "spam_score": "0.1",
}
MIME, MIME_HEADERS = multipart({**ABOUT, "email": RAW})
PIECES: dict[str, str | bytes] = {
    **ABOUT,
    "headers": HEADERS,
    "text": "Where is it? Где?".encode("koi8-r"),
    "charsets": '{"to":"UTF-8","from":"UTF-8","subject":"UTF-8","text":"koi8-r"}',
    "attachments": "2",
    "attachment-info": '{"attachment1":{"filename":"order.pdf","name":"order.pdf","type":"application/pdf"},'
    '"attachment2":{"filename":"logo.png","type":"image/png","content-id":"logo@1"}}',
    "html": '<p>Where is it? <img src="cid:logo@1"></p>',
}
FILES = {"attachment1": ("order.pdf", "application/pdf", PDF), "attachment2": ("logo.png", "image/png", b"PNG")}
WHOLE, WHOLE_HEADERS = multipart(PIECES, FILES)
NO_HEADERS, NO_HEADERS_HEADERS = multipart({"from": ABOUT["from"], "subject": "Order", "text": "Hi"})

CASES = (
    Case("processed", batch(event("processed")), (receipt("sent"),)),
    Case("delivered", batch(event("delivered", response="250 OK")), (receipt("delivered"),)),
    Case("several at once", batch(event("processed"), event("delivered"), event("open")),
         (receipt("sent"), receipt("delivered"), receipt("read"))),
    Case("a hard bounce", batch(event("bounce", type="bounce", status="5.1.1", reason="550 5.1.1 no such user")),
         (receipt("failed", gone=True, code="5.1.1"),)),
    Case("a hard bounce without any reason", batch(event("bounce", type="bounce")), (receipt("failed", gone=True),)),
    Case("a bounce because the mailbox is full", batch(event("bounce", type="bounce", status="5.2.2",
         reason="552 5.2.2 mailbox full")), (receipt("failed", code="5.2.2"),)),
    Case("blocked for now: soft", batch(event("bounce", type="blocked", status="5.7.1", reason="550 5.7.1 blocked")),
         (receipt("failed", code="5.7.1"),)),
    Case("dropped, because it bounced before", batch(event("dropped", reason="Bounced Address")),
         (receipt("failed", gone=True),)),
    Case("dropped, because they complained before", batch(event("dropped", reason="Spam Reporting Address")),
         (receipt("failed"),)),
    Case("deferred", batch(event("deferred", response="452 4.2.2 over quota", attempt="5")), (receipt("delayed"),)),
    Case("a complaint, which names the mail by our mark", batch(event("spamreport", **{"smtp-id": None,
         "message-id": OURS})), COMPLAINT),
    Case("a complaint about a mail that is not named", batch(event("spamreport", **{"smtp-id": None, "sg_message_id":
         None})), (receipt("failed", code="complaint", external_id="unknown", outbound=None), withdrawal("complaint"))),
    Case("unsubscribed from a group", batch(event("group_unsubscribe")), (withdrawal("unsubscribe"),)),
    Case("opened by Apple's proxy", batch(event("open", sg_machine_open=True)), (like(Ignored),)),
    Case("a word we do not know", batch(event("teleported")), (like(Ignored, reason="unknown event: teleported"),)),
    Case("one broken entry of a list", batch(event("delivered"), 7), Unreadable),
    Case("a mail as it came", MIME, (arrival(data={**by_imap().data, "verified": True, "authenticity": "proved"}),),
         MIME_HEADERS),
    Case("a mail in pieces, in another charset, with a picture in place", WHOLE, (arrival(files=(a_pdf(), like(File,
         name="logo.png", content_id="logo@1", data=b"PNG"))),), WHOLE_HEADERS),
    Case("a mail with hardly anything", NO_HEADERS, (arrival(text="Hi", files=(), external_id=None, reply_to=()),),
         NO_HEADERS_HEADERS),
    Case("a form that is no mail", multipart({"a": "b"})[0], Unreadable),
)  # fmt: skip


def signed(content: bytes, at: datetime = NOW, key: ec.EllipticCurvePrivateKey = EC_KEY) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    signature = key.sign(stamp.encode() + content, ec.ECDSA(SHA256()))
    return {
        "x-twilio-email-event-webhook-signature": b64encode(signature).decode(),
        "x-twilio-email-event-webhook-timestamp": stamp,
    }


class TestContract(ChannelContract):
    cases = CASES
    not_theirs = (b"", b"[", b"{", b"\xff\xfe", b"[" * 100_000, b"--x\r\nbroken")

    def adapter(self) -> SendGrid:
        return SendGrid(ACCOUNT)

    def signed(self) -> list[Signed]:
        content = batch(event("delivered"))
        return [
            Signed(content, signed(content)),
            Signed(content, signed(content, NOW - timedelta(hours=72))),
            Signed(MIME, MIME_HEADERS | signed(MIME)),
            Signed(MIME, MIME_HEADERS | basic(PASSWORD)),
        ]

    def forged(self) -> list[Signed]:
        content = batch(event("delivered"))
        good = signed(content)
        later = {**good, "x-twilio-email-event-webhook-timestamp": str(int(NOW.timestamp()) + 9)}
        return [
            Signed(content, {}),
            Signed(content, basic("guess")),
            Signed(content, signed(content, key=ec.generate_private_key(ec.SECP256R1()))),
            Signed(batch(event("spamreport")), good),
            Signed(content, later),
            Signed(content, signed(content, NOW - timedelta(hours=74))),
            Signed(content, signed(content, NOW + timedelta(hours=1))),
            Signed(content, {**good, "x-twilio-email-event-webhook-timestamp": ""}),
            Signed(content, {**good, "x-twilio-email-event-webhook-signature": "no base64!"}),
            # A signature that is there and wrong is not made good by a password.
            Signed(content, {**later, **basic(PASSWORD)}),
        ]


@pytest.mark.parametrize("key", ["", "no key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"])
def test_without_a_usable_key_no_signature_is_believed(key: str) -> None:
    content = batch(event("delivered"))
    account = replace(NOTHING_SET, settings={"sendgrid_public_key": key})
    with pytest.raises(NotFromThem, match="no SendGrid verification key"):
        SendGrid(account).verify(content, signed(content), NOW)
    with pytest.raises(NotFromThem, match="no inbound password"):
        SendGrid(account).verify(content, basic(""), NOW)


def test_one_broken_entry_does_not_hide_the_others() -> None:
    with pytest.raises(Unreadable) as caught:
        SendGrid(ACCOUNT).parse(batch(event("delivered"), 7, event("open")), {})
    assert [one.status for one in caught.value.read] == ["delivered", "read"]


def test_the_mail_as_it_came_is_the_entry_the_mailbox_made() -> None:
    (told,) = SendGrid(ACCOUNT).parse(MIME, MIME_HEADERS)
    assert isinstance(told, Arrival)
    assert (told.address, told.key) == (by_imap().address, by_imap().key)


@pytest.mark.parametrize(
    ("changed", "verified"),
    [
        ({}, True),
        ({"SPF": "fail"}, False),
        ({"SPF": "softfail"}, False),
        ({"envelope": '{"from":"ann@elsewhere.test"}'}, False),
        ({"envelope": "{"}, False),
        ({"from": "Ann <ann@example.org>, Eve <eve@elsewhere.test>"}, False),
    ],
)
def test_a_sender_is_verified_only_by_spf_for_their_own_domain(changed: dict[str, str], verified: bool) -> None:
    (told,) = SendGrid(ACCOUNT).parse(*multipart({**ABOUT, **changed, "email": RAW}))
    assert isinstance(told, Arrival)
    assert told.identities[0].verified is verified
    assert told.identities[0].doubted is not verified
