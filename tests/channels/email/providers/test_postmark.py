"""Postmark: events of message streams, and inbound mail with and without the raw mail in it."""

# ruff: noqa: E501 - a row of the table is easier to compare on few long lines than on many short ones

from __future__ import annotations

from typing import Any

import pytest

from channels.email.providers.postmark import BOUNCES, Postmark
from core.channel import Arrival, Ignored, Receipt
from core.content import File
from core.errors import NotFromThem, Unreadable
from tests.channel_contract import NOW, Case, ChannelContract, Signed, like
from tests.channels.email.providers.made import (
    ACCOUNT,
    COMPLAINT,
    NOTHING_SET,
    OURS,
    PASSWORD,
    PDF64,
    RAW,
    a_pdf,
    arrival,
    basic,
    body,
    by_imap,
    receipt,
    withdrawal,
)


def event(record: str, **data: Any) -> dict[str, Any]:
    known = {"RecordType": record, "ServerID": 23, "MessageStream": "outbound", "Recipient": "ann@example.org"}
    return known | {"MessageID": "883953f4-6105-42a2-a16a-77a8eac79483", "Metadata": {"message-id": OURS}} | data


def bounce(kind: str, details: str = "", **data: Any) -> bytes:
    known = {"ID": 42, "Type": kind, "TypeCode": 1, "Name": kind, "Email": "ann@example.org", "Details": details}
    when = {"BouncedAt": "2026-11-23T06:00:00.2735393-05:00", "Inactive": True, "CanActivate": True}
    return body({k: v for k, v in event("Bounce").items() if k != "Recipient"} | known | when | data)


MAIL: dict[str, Any] = {
    "FromName": "Ann Lée",
    "From": '"Ann Lée" <ann@example.org>',
    "FromFull": {"Email": "ann@example.org", "Name": "Ann Lée", "MailboxHash": ""},
    "To": '"Help" <help@shop.test>',
    "ToFull": [{"Email": "help@shop.test", "Name": "Help", "MailboxHash": ""}],
    "Cc": "",
    "OriginalRecipient": "hash@inbound.postmarkapp.com",
    "Subject": "Order",
    "MessageID": "22c74902-a0c1-4511-804f-341342852c90",
    "ReplyTo": "",
    "Date": "Mon, 23 Nov 2026 11:00:00 +0000",
    "TextBody": "Where is it? Где?",
    "HtmlBody": '<p>Where is it? <img src="cid:logo@1"></p>',
    "StrippedTextReply": "Where is it?",
    "Headers": [
        {"Name": "Message-ID", "Value": "<in-1@example.org>"},
        {"Name": "In-Reply-To", "Value": f"<{OURS}>"},
        {"Name": "MIME-Version", "Value": "1.0"},
        {"Name": "X-Spam-Status", "Value": "No"},
        {"Name": "Bad name:", "Value": "a\r\nBcc: eve@elsewhere.test"},
        {"Name": "X-Split", "Value": "a\r\nReply-To: eve@elsewhere.test\r\n\r\nHello"},
    ],
    "Attachments": [
        {"Name": "order.pdf", "Content": PDF64, "ContentType": "application/pdf", "ContentLength": 17, "ContentID": ""},
        {"Name": "../../logo.png", "Content": "UE5H", "ContentType": "image/png", "ContentLength": 3, "ContentID": "logo@1"},
    ],
}  # fmt: skip

CASES = (
    Case("delivered", body(event("Delivery", DeliveredAt="2026-11-23T11:00:00Z")), (receipt("delivered"),)),
    Case("a hard bounce", bounce("HardBounce", "smtp;550 5.1.1 user unknown"), (receipt("failed", gone=True, code="5.1.1"),)),
    Case("a hard bounce without details", bounce("HardBounce"), (receipt("failed", gone=True, code="bounce"),)),
    Case("a soft bounce", bounce("SoftBounce", "smtp;552 5.2.2 mailbox full"), (receipt("failed", code="5.2.2"),)),
    Case("a DNS error", bounce("DnsError"), (receipt("failed", code="soft_bounce"),)),
    Case("tried again", bounce("Transient", "452 4.2.2"), (receipt("delayed"),)),
    Case("a complaint", body(event("SpamComplaint", Email="ann@example.org", Type="SpamComplaint")), COMPLAINT),
    Case("a complaint told as a bounce", bounce("SpamComplaint"), COMPLAINT),
    Case("opened", body(event("Open", ReceivedAt="2026-11-23T11:00:00Z", FirstOpen=True)), (receipt("read"),)),
    Case("clicked", body(event("Click", ClickLocation="HTML")), (receipt("read"),)),
    Case("unsubscribed", body(event("SubscriptionChange", SuppressSending=True, SuppressionReason="ManualSuppression")),
         (withdrawal("unsubscribe"),)),
    Case("subscribed again", body(event("SubscriptionChange", SuppressSending=False)), (like(Ignored),)),
    Case("their own out-of-office", bounce("AutoResponder"), (like(Ignored),)),
    Case("a bounce of an unknown kind", bounce("Teleported"), (like(Ignored, reason="unknown event: bounce Teleported"),)),
    Case("a word we do not know", body(event("Teleported")), (like(Ignored, reason="unknown event: Teleported"),)),
    Case("an event of a mail that is not named", body(event("Delivery", MessageID="", Metadata={})), (like(Ignored),)),
    Case("without a mark it is named by their id", body(event("Delivery", Metadata={})), (receipt("delivered",
         external_id="883953f4-6105-42a2-a16a-77a8eac79483", outbound=None),)),
    Case("a mail in pieces, with a picture in place", body(MAIL), (arrival(files=(a_pdf(), like(File, name="logo.png",
         content_id="logo@1", data=b"PNG")), html=MAIL["HtmlBody"]),)),
    Case("a mail as it came", body({**MAIL, "RawEmail": RAW.decode()}), (arrival(),)),
    Case("neither mail nor event", body({"a": 1}), Unreadable),
    Case("a list", body([MAIL]), Unreadable),
)  # fmt: skip


class TestContract(ChannelContract):
    cases = CASES
    not_theirs = (b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": NaN}', b"<xml/>")

    def adapter(self) -> Postmark:
        return Postmark(ACCOUNT)

    def signed(self) -> list[Signed]:
        content = body(event("Delivery"))
        return [
            Signed(content, basic(PASSWORD)),
            Signed(content, basic(PASSWORD, user="")),
            Signed(content, {"authorization": f"Bearer {PASSWORD}"}),
            Signed(content, {"x-switchboard-secret": PASSWORD}),
        ]

    def forged(self) -> list[Signed]:
        content = body(event("Delivery"))
        return [
            Signed(content, headers)
            for headers in (
                {},
                basic(""),
                basic("wrong"),
                basic(PASSWORD + " "),
                basic(PASSWORD.upper()),
                {"authorization": "Basic !!!"},
                {"authorization": f"Digest {PASSWORD}"},
                {"authorization": PASSWORD},
                {"x-switchboard-secret": "wrong"},
                {"x-switchboard-secret": ""},
                # What is in the header everybody reads counts, not another one beside it.
                {**basic("wrong"), "x-switchboard-secret": PASSWORD},
                {"authorization": "Bearer пароль"},
            )
        ]


def test_without_a_password_nobody_is_let_in() -> None:
    for headers in ({}, basic(""), {"x-switchboard-secret": ""}):
        with pytest.raises(NotFromThem, match="no inbound password"):
            Postmark(NOTHING_SET).verify(body(event("Delivery")), headers, NOW)


def test_the_mail_as_it_came_is_the_entry_the_mailbox_made() -> None:
    (told,) = Postmark(ACCOUNT).parse(body({**MAIL, "RawEmail": RAW.decode()}), {})
    assert isinstance(told, Arrival)
    assert (told.address, told.key) == (by_imap().address, by_imap().key)


def test_a_field_of_the_json_cannot_write_other_fields() -> None:
    (told,) = Postmark(ACCOUNT).parse(body(MAIL), {})
    assert isinstance(told, Arrival)
    assert told.data["reply_to"] == []
    assert told.content.text == "Where is it? Где?"


@pytest.mark.parametrize("kind", BOUNCES)
def test_only_what_says_that_nobody_is_there_makes_an_address_dead(kind: str) -> None:
    events = Postmark(ACCOUNT).parse(bounce(kind), {})
    dead = [one for one in events if isinstance(one, Receipt) and one.gone]
    assert bool(dead) is (kind in ("HardBounce", "BadEmailAddress"))
