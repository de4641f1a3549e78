"""Brevo: events of transactional mail, and inbound mail whose attachments are fetched."""

# ruff: noqa: E501 - a row of the table is easier to compare on few long lines than on many short ones

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from channels.email.providers.brevo import Brevo
from core.channel import Arrival, Ignored
from core.content import File
from core.errors import CannotStore, DeliveryError, NotFromThem, Rejected, RetryLater, Unreadable
from tests.channel_contract import NOW, Case, ChannelContract, Signed, differences, like
from tests.channels.email.providers.made import (
    ACCOUNT,
    COMPLAINT,
    NOTHING_SET,
    OURS,
    PASSWORD,
    PDF,
    PDF64,
    a_pdf,
    arrival,
    basic,
    body,
    receipt,
    withdrawal,
)


def event(word: str, **data: Any) -> dict[str, Any]:
    known = {"event": word, "email": "ann@example.org", "id": 26224, "date": "2026-11-23 12:00:00", "ts": 1795431600}
    return known | {"message-id": f"<{OURS}>", "ts_event": 1795431600, "sending_ip": "192.0.2.1"} | data


ITEM: dict[str, Any] = {
    "Uuid": ["aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"],
    "MessageId": "<in-1@example.org>",
    "InReplyTo": f"<{OURS}>",
    "From": {"Name": "Ann Lée", "Address": "ann@example.org"},
    "To": [{"Name": None, "Address": "help@shop.test"}],
    "Cc": [],
    "ReplyTo": None,
    "SentAtDate": "Mon, 23 Nov 2026 11:00:00 +0000",
    "Subject": "Order",
    "Attachments": [
        {"Name": "order.pdf", "ContentType": "application/pdf", "ContentLength": 17, "ContentID": None, "DownloadToken": "tok/1"}
    ],
    "Headers": {
        "Received": ["by in.brevo.test", "from mx.example.org"],
        "From": "Ann Lée <ann@example.org>",
        "Message-ID": "<in-1@example.org>",
        "Subject": "Order",
        "To": "help@shop.test",
        "Content-Type": "multipart/mixed",
    },
    "SpamScore": 2.9,
    "ExtractedMarkdownMessage": "Where is it?",
    "RawHtmlBody": None,
    "RawTextBody": "Where is it? Где?",
}  # fmt: skip
COMPLETE = {**ITEM, "Attachments": [{**ITEM["Attachments"][0], "SwitchboardContent": PDF64}]}

CASES = (
    Case("requested", body(event("request")), (receipt("sent"),)),
    Case("delivered", body(event("delivered")), (receipt("delivered"),)),
    Case("several at once", body([event("delivered"), event("unique_opened")]), (receipt("delivered"), receipt("read"))),
    Case("a hard bounce", body(event("hard_bounce", reason="550 5.1.1 No such user")),
         (receipt("failed", gone=True, code="5.1.1"),)),
    Case("an address that is none", body(event("invalid_email")), (receipt("failed", gone=True),)),
    Case("a soft bounce", body(event("soft_bounce", reason="552 5.2.2 mailbox is full")), (receipt("failed", code="5.2.2"),)),
    Case("blocked", body(event("blocked", reason="blocked : due to blacklist user")), (receipt("failed"),)),
    Case("deferred", body(event("deferred", reason="452 4.2.2")), (receipt("delayed"),)),
    Case("a complaint", body(event("spam")), COMPLAINT),
    Case("unsubscribed", body(event("unsubscribed")), (withdrawal("unsubscribe"),)),
    Case("opened by a proxy", body(event("unique_proxy_open")), (like(Ignored),)),
    Case("named by our mark", body(event("delivered", **{"message-id": "<x@smtp-relay.mailin.fr>", "X-Mailin-custom": OURS})),
         (receipt("delivered"),)),
    Case("a word we do not know", body(event("teleported")), (like(Ignored, reason="unknown event: teleported"),)),
    Case("an event without a recipient", body(event("delivered", email=None)), Unreadable),
    Case("a mail with its attachment", body({"items": [COMPLETE]}), (arrival(name="Ann Lée"),)),
    Case("a mail whose attachment was not fetched", body({"items": [ITEM]}),
         (arrival(files=(like(File, name="order.pdf", data=None, problem="It was left at Brevo."),)),)),
    Case("several mails", body({"items": [COMPLETE, {**COMPLETE, "Headers": {"From": "bob@example.org"}}]}),
         (arrival(), like(Arrival, subject="Order"))),
    Case("an item that is no mail", body({"items": [7]}), Unreadable),
)  # fmt: skip


class TestContract(ChannelContract):
    cases = CASES
    not_theirs = (b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": NaN}')

    def adapter(self) -> Brevo:
        return Brevo(ACCOUNT)

    def signed(self) -> list[Signed]:
        content = body(event("delivered"))
        return [Signed(content, basic(PASSWORD)), Signed(content, {"authorization": f"bearer {PASSWORD}"})]

    def forged(self) -> list[Signed]:
        content = body(event("delivered"))
        headers: list[dict[str, str]] = [
            {},
            basic("wrong"),
            {"authorization": "Bearer"},
            {"authorization": "Bearer wrong"},
        ]
        return [Signed(content, one) for one in headers]


def test_without_a_password_nobody_is_let_in() -> None:
    with pytest.raises(NotFromThem, match="no inbound password"):
        Brevo(NOTHING_SET).verify(b"{}", {"authorization": "Bearer "}, NOW)


class Files:
    """Brevo's side: what it answers to a request for an attachment."""

    def __init__(self, answer: bytes | DeliveryError) -> None:
        self.answer = answer
        self.asked: list[tuple[str, Mapping[str, str]]] = []

    async def __call__(self, url: str, headers: Mapping[str, str]) -> bytes:
        self.asked.append((url, headers))
        if isinstance(self.answer, DeliveryError):
            raise self.answer
        return self.answer


async def test_attachments_are_fetched_before_the_yes() -> None:
    brevo, files = Brevo(ACCOUNT), Files(PDF)
    complete = await brevo.complete(body({"items": [ITEM]}), {}, files)
    assert files.asked == [("https://api.brevo.com/v3/inbound/attachments/tok%2F1", {"api-key": "xkeysib-1"})]
    events = brevo.parse(complete, {})
    assert not differences(events, (arrival(files=(a_pdf(),)),))
    assert b"xkeysib" not in complete


async def test_what_has_no_attachment_is_left_as_it_is() -> None:
    files = Files(PDF)
    for content in (body(event("delivered")), body({"items": [{**ITEM, "Attachments": []}]})):
        assert await Brevo(ACCOUNT).complete(content, {}, files) == content
    assert not files.asked


async def test_brevo_away_means_send_it_again() -> None:
    with pytest.raises(CannotStore):
        await Brevo(ACCOUNT).complete(body({"items": [ITEM]}), {}, Files(RetryLater("away")))


@pytest.mark.parametrize(
    ("account", "words"), [(ACCOUNT, "did not hand it over"), (replace(ACCOUNT, secrets={}), "no Brevo API key")]
)
async def test_an_attachment_that_cannot_be_had_is_named_with_the_reason(account: Any, words: str) -> None:
    complete = await Brevo(account).complete(body({"items": [ITEM]}), {}, Files(Rejected("404")))
    (told,) = Brevo(account).parse(complete, {})
    assert isinstance(told, Arrival)
    assert told.content.text == "Where is it? Где?"
    assert words in (told.content.files[0].problem or "")
