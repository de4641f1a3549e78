"""Mailjet: the Event API, one by one and grouped, and mails in parts."""

# ruff: noqa: E501 - a row of the table is easier to compare on few long lines than on many short ones

from __future__ import annotations

from typing import Any

import pytest

from channels.email.providers.mailjet import Mailjet
from core.channel import Arrival, Ignored
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
    a_pdf,
    arrival,
    basic,
    body,
    receipt,
    withdrawal,
)


def event(word: str, **data: Any) -> dict[str, Any]:
    known = {"event": word, "time": 1795431600, "email": "ann@example.org", "MessageID": 19421777835146490}
    return known | {"Message_GUID": "1ab23cd4-e567-8901-2345-6789f0gh1i2j", "CustomID": OURS, "Payload": ""} | data


MAIL: dict[str, Any] = {
    "Sender": "ann@example.org",
    "Recipient": "help@shop.test",
    "Date": "20261123T110000",
    "From": "Ann Lée <ann@example.org>",
    "Subject": "Order",
    "Headers": {
        "Return-Path": ["<ann@example.org>"],
        "Received": ["by parse.mailjet.com", "from mx.example.org"],
        "MIME-Version": ["1.0"],
        "From": "=?utf-8?q?Ann_L=C3=A9e?= <ann@example.org>",
        "Date": "Mon, 23 Nov 2026 11:00:00 +0000",
        "Message-ID": "<in-1@example.org>",
        "In-Reply-To": f"<{OURS}>",
        "Subject": "Order",
        "To": "Help <help@shop.test>",
        "Content-Type": ['multipart/mixed; boundary="b0"'],
    },
    "Parts": [
        {"Headers": {"Content-Type": ['text/plain; charset="UTF-8"']}, "ContentRef": "Text-part"},
        {"Headers": {"Content-Type": ['text/html; charset="UTF-8"']}, "ContentRef": "Html-part"},
        {
            "Headers": {
                "Content-Type": ["application/pdf"],
                "Content-Disposition": ['attachment; filename="order.pdf"'],
                "Content-Transfer-Encoding": ["base64"],
            },
            "ContentRef": "Attachment1",
        },
        {
            "Headers": {"Content-Type": ['image/png; name="logo.png"'], "Content-ID": ["<logo@1>"]},
            "ContentRef": "InlineAttachment1",
        },
    ],
    "Text-part": "Where is it? Где?",
    "Html-part": '<p>Where is it? <img src="cid:logo@1"></p>',
    "Attachment1": PDF64,
    "InlineAttachment1": "UE5H",
    "SpamAssassinScore": "1.7",
}

CASES = (
    Case("sent is their word for delivered", body(event("sent", smtp_reply="sent (250 2.0.0 OK)")), (receipt("delivered"),)),
    Case("grouped", body([event("sent"), event("open"), event("click")]),
         (receipt("delivered"), receipt("read"), receipt("read"))),
    Case("a hard bounce", body(event("bounce", blocked=False, hard_bounce=True, error_related_to="recipient",
         error="user unknown", comment="Host or domain name not found. 550 5.1.1")),
         (receipt("failed", gone=True, code="5.1.1"),)),
    Case("a soft bounce", body(event("bounce", hard_bounce=False, error_related_to="mailbox", error="mailbox full")),
         (receipt("failed", code="5.2.2"),)),
    Case("blocked", body(event("blocked", error_related_to="mailjet", error="preblocked")), (receipt("failed"),)),
    Case("a complaint", body(event("spam", source="JMRPP")), COMPLAINT),
    Case("unsubscribed", body(event("unsub", mj_list_id=1)), (withdrawal("unsubscribe"),)),
    Case("without a mark it is named by their id", body(event("sent", CustomID="")), (receipt("delivered",
         external_id="1ab23cd4-e567-8901-2345-6789f0gh1i2j", outbound=None),)),
    Case("a word we do not know", body(event("teleported")), (like(Ignored, reason="unknown event: teleported"),)),
    Case("one broken entry of a list", body([event("sent"), None]), Unreadable),
    Case("a mail in parts, with a picture in place", body(MAIL), (arrival(files=(a_pdf(), like(File, name="logo.png",
         content_id="logo@1", data=b"PNG")), html=MAIL["Html-part"]),)),
    Case("a mail without parts", body({**MAIL, "Parts": [], "Html-part": ""}), (arrival(files=()),)),
    Case("neither mail nor event", body({}), Unreadable),
)  # fmt: skip


class TestContract(ChannelContract):
    cases = CASES
    not_theirs = (b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": NaN}')

    def adapter(self) -> Mailjet:
        return Mailjet(ACCOUNT)

    def signed(self) -> list[Signed]:
        return [Signed(body(event("sent")), basic(PASSWORD)), Signed(body(MAIL), basic(PASSWORD))]

    def forged(self) -> list[Signed]:
        return [Signed(body(event("sent")), one) for one in ({}, basic("wrong"), basic(PASSWORD[:-1]))]


def test_without_a_password_nobody_is_let_in() -> None:
    with pytest.raises(NotFromThem, match="no inbound password"):
        Mailjet(NOTHING_SET).verify(body(event("sent")), basic(""), NOW)


def test_sent_again_it_has_the_same_key_and_another_text_another_one() -> None:
    keys = []
    for mail in (MAIL, {**MAIL, "SpamAssassinScore": "2"}, {**MAIL, "Text-part": "Where?"}):
        (told,) = Mailjet(ACCOUNT).parse(body(mail), {})
        assert isinstance(told, Arrival)
        keys.append(told.key)
    assert keys[0] == keys[1] != keys[2]
