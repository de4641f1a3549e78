"""Resend: Svix signatures, events, and mails that are fetched."""

# ruff: noqa: E501 - a row of the table is easier to compare on few long lines than on many short ones

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from channels.email.providers.resend import Resend
from core.channel import Arrival, Ignored
from core.errors import CannotStore, DeliveryError, NotFromThem, Rejected, RetryLater, Unreadable
from tests.channel_contract import NOW, Case, ChannelContract, Signed, differences, like
from tests.channels.email.providers.made import (
    ACCOUNT,
    COMPLAINT,
    NOTHING_SET,
    OURS,
    RAW,
    SVIX_KEY,
    arrival,
    body,
    by_imap,
    receipt,
)

ID = "56761188-7520-42d8-8898-ff6fc54ce618"


def event(word: str, **data: Any) -> dict[str, Any]:
    known = {"email_id": ID, "created_at": "2026-11-23T11:00:00.982Z", "from": "Help <help@shop.test>", "subject": "Order",
             "to": ["Ann <ann@example.org>"], "headers": [{"name": "Message-ID", "value": f"<{OURS}>"}]}  # fmt: skip
    return {"type": word, "created_at": "2026-11-23T11:00:01.126Z", "data": known | data}


def bounce(kind: str, message: str, **more: Any) -> bytes:
    return body(event("email.bounced", bounce={"type": kind, "subType": "General", "message": message, **more}))


RECEIVED = event("email.received", message_id="<in-1@example.org>", attachments=[])
FETCHED = {**RECEIVED, "data": {**RECEIVED["data"], "switchboard_raw": b64encode(RAW).decode()}}

CASES = (
    Case("sent", body(event("email.sent")), (receipt("sent"),)),
    Case("delivered", body(event("email.delivered")), (receipt("delivered"),)),
    Case("delivered to two", body(event("email.delivered", to=["ann@example.org", "ann@example.org"])),
         (receipt("delivered"), receipt("delivered"))),
    Case("a hard bounce", bounce("Permanent", "The server sent a hard bounce.", diagnosticCode=["smtp; 550 5.1.1 unknown"]),
         (receipt("failed", gone=True, code="5.1.1"),)),
    Case("a hard bounce of an older kind", body(event("email.bounced", bounce={"message": "a hard bounce message"})),
         (receipt("failed", gone=True),)),
    Case("refused as spam", bounce("Permanent", "x", diagnosticCode=["smtp; 550 5.7.1 spam"]), (receipt("failed"),)),
    Case("a soft bounce", bounce("Transient", "Mailbox full", diagnosticCode=["smtp; 552 5.2.2 full"]),
         (receipt("failed", code="5.2.2"),)),
    Case("suppressed", bounce("Permanent", "Resend has suppressed sending to this address"), (receipt("failed"),)),
    Case("delayed", body(event("email.delivery_delayed")), (receipt("delayed"),)),
    Case("a complaint", body(event("email.complained")), COMPLAINT),
    Case("opened", body(event("email.opened")), (receipt("read"),)),
    Case("clicked", body(event("email.clicked", click={"link": "https://shop.test"})), (receipt("read"),)),
    Case("failed", body(event("email.failed", failed={"reason": "reached_daily_quota"})), (receipt("failed"),)),
    Case("named by their id alone", body(event("email.delivered", headers=None)), (receipt("delivered", external_id=ID,
         outbound=None),)),
    Case("of another thing", body({"type": "contact.created", "data": {}}), (like(Ignored),)),
    Case("without a recipient", body(event("email.delivered", to=[])), Unreadable),
    Case("a mail that was fetched", body(FETCHED), (arrival(),)),
    Case("a mail that was not fetched", body(RECEIVED), Unreadable),
    Case("no event at all", body({}), Unreadable),
)  # fmt: skip


def signed(content: bytes, at: datetime = NOW, key: bytes = SVIX_KEY, id: str = "msg_1") -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    mac = hmac.new(key, f"{id}.{stamp}.".encode() + content, hashlib.sha256).digest()
    return {"svix-id": id, "svix-timestamp": stamp, "svix-signature": f"v1,{b64encode(mac).decode()}"}


class TestContract(ChannelContract):
    cases = CASES
    not_theirs = (b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": NaN}')

    def adapter(self) -> Resend:
        return Resend(ACCOUNT)

    def signed(self) -> list[Signed]:
        content = body(event("email.delivered"))
        both = signed(content)
        both["svix-signature"] = signed(content, key=b"the old key")["svix-signature"] + " " + both["svix-signature"]
        return [
            Signed(content, signed(content)),
            Signed(content, both),
            Signed(content, signed(content, NOW - timedelta(seconds=299))),
            Signed(content, signed(content, NOW + timedelta(seconds=299))),
        ]

    def forged(self) -> list[Signed]:
        content = body(event("email.delivered"))
        good = signed(content)
        return [
            Signed(content, {}),
            Signed(content, signed(content, key=b"another key")),
            Signed(content + b" ", good),
            Signed(content, {**good, "svix-id": "msg_2"}),
            Signed(content, {**good, "svix-timestamp": str(int(NOW.timestamp()) + 1)}),
            Signed(content, signed(content, NOW - timedelta(seconds=301))),
            Signed(content, signed(content, NOW + timedelta(seconds=301))),
            Signed(content, {**good, "svix-signature": good["svix-signature"].replace("v1,", "v2,")}),
            Signed(content, {**good, "svix-signature": ""}),
            Signed(content, {k: v for k, v in good.items() if k != "svix-timestamp"}),
        ]


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_не base64"])
def test_without_a_usable_secret_nobody_is_let_in(secret: str) -> None:
    account = replace(NOTHING_SET, secrets={"resend_secret": secret})
    with pytest.raises(NotFromThem, match="no Resend signing secret"):
        Resend(account).verify(b"{}", signed(b"{}", key=b""), NOW)


class Api:
    """Resend's side: the answers to what is asked, in order."""

    def __init__(self, *answers: bytes | DeliveryError) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, Mapping[str, str]]] = []

    async def __call__(self, url: str, headers: Mapping[str, str]) -> bytes:
        self.asked.append((url, headers))
        answer = self.answers.pop(0)
        if isinstance(answer, DeliveryError):
            raise answer
        return answer


WHERE = body({"id": ID, "raw": {"download_url": "https://inbound-cdn.resend.com/raw?signature=s"}})


async def test_the_mail_is_fetched_as_it_came_and_is_the_entry_the_mailbox_made() -> None:
    resend, api = Resend(ACCOUNT), Api(WHERE, RAW)
    complete = await resend.complete(body(RECEIVED), {}, api)
    assert api.asked == [
        (f"https://api.resend.com/emails/receiving/{ID}", {"Authorization": "Bearer re_123"}),
        ("https://inbound-cdn.resend.com/raw?signature=s", {}),
    ]
    (told,) = resend.parse(complete, {})
    assert not differences(told, arrival())
    assert isinstance(told, Arrival)
    assert (told.address, told.key) == (by_imap().address, by_imap().key)


async def test_nothing_is_fetched_for_other_events() -> None:
    api = Api()
    content = body(event("email.delivered"))
    assert await Resend(ACCOUNT).complete(content, {}, api) == content


@pytest.mark.parametrize(
    "answers",
    [
        (RetryLater("away"),),
        (Rejected("404"),),
        (b"<html>",),
        (body({"raw": None}),),
        (body({"raw": {"download_url": "http://169.254.169.254/"}}),),
        (WHERE, RetryLater("away")),
    ],
)
async def test_a_mail_that_cannot_be_fetched_is_asked_for_again(answers: tuple[bytes | DeliveryError, ...]) -> None:
    with pytest.raises(CannotStore):
        await Resend(ACCOUNT).complete(body(RECEIVED), {}, Api(*answers))
    with pytest.raises(CannotStore, match="no Resend API key"):
        await Resend(replace(ACCOUNT, secrets={})).complete(body(RECEIVED), {}, Api())
