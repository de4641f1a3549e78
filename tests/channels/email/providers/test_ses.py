"""Amazon SES: envelopes of SNS really signed, certificates fetched from nowhere but Amazon, subscriptions confirmed."""

# ruff: noqa: E501 - a row of the table is easier to compare on few long lines than on many short ones

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from channels.email.providers.ses import Ses
from core.channel import Arrival, Ignored
from core.doors import Completes, NeedsKeys
from core.errors import CannotStore, DeliveryError, IntakeError, NotFromThem, Rejected, RetryLater, Unreadable
from tests.channel_contract import NOW, Case, ChannelContract, Signed, assert_storable, like, variations
from tests.channels.email.providers.made import (
    ACCOUNT,
    COMPLAINT,
    NOTHING_SET,
    OURS,
    RAW,
    TOPIC,
    arrival,
    body,
    by_imap,
    receipt,
    withdrawal,
)

URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-56e67fcb41f6fec09b0196692625d385.pem"
KEY = rsa.generate_private_key(65537, 2048)


def certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = KEY, days: int = 300) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(7)
    builder = builder.not_valid_before(NOW - timedelta(days=30)).not_valid_after(NOW + timedelta(days=days))
    return builder.public_key(key.public_key()).sign(key, SHA256()).public_bytes(Encoding.PEM)


PEM = certificate()


def envelope(
    message: Any, at: datetime = NOW, version: str = "2", key: rsa.RSAPrivateKey = KEY, **changed: Any
) -> dict[str, Any]:
    """A notification as SNS makes it, signed after `changed` was put in."""
    value = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": message if isinstance(message, str) else body(message).decode(),
        "Timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.123Z"),
        "SignatureVersion": version,
        "SigningCertURL": URL,
        "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
        **changed,
    }
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if value["Type"] != "Notification":
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{value[name]}\n" for name in names if name in value)
    hash_ = SHA1() if version == "1" else SHA256()  # noqa: S303 - what Amazon signs with in version 1
    return value | {"Signature": b64encode(key.sign(text.encode(), padding.PKCS1v15(), hash_)).decode()}


def question(**changed: Any) -> dict[str, Any]:
    asked = {
        "Type": "SubscriptionConfirmation",
        "Token": "2336412f37",
        "SubscribeURL": f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37",
    }
    return envelope("You have chosen to subscribe to the topic.", **(asked | changed))


MAIL = {
    "timestamp": "2026-11-23T11:00:00.000Z",
    "messageId": "0102018f7a-sesid-000000",
    "source": "help@shop.test",
    "destination": ["ann@example.org"],
    "headersTruncated": False,
    "headers": [{"name": "From", "value": "help@shop.test"}, {"name": "Message-ID", "value": f"<{OURS}>"}],
    "commonHeaders": {"messageId": f"<{OURS}>"},
}


def event(word: str, about: str = "", **data: Any) -> bytes:
    return body(envelope({"eventType": word, "mail": MAIL, about or word.lower(): data}))


def bounce(kind: str, sub: str, status: str, said: str, name: str = "notificationType") -> bytes:
    hit = [{"emailAddress": "ann@example.org", "action": "failed", "status": status, "diagnosticCode": said}]
    data = {"bounceType": kind, "bounceSubType": sub, "bouncedRecipients": hit, "timestamp": "2026-11-23T11:00:01.000Z"}
    return body(envelope({name: "Bounce", "mail": MAIL, "bounce": data}))


def received(content: str, encoding: str = "BASE64", dmarc: str = "PASS", **changed: Any) -> bytes:
    receipt_ = {"dmarcVerdict": {"status": dmarc}, "action": {"type": "SNS", "topicArn": TOPIC, "encoding": encoding}}
    inner = {"notificationType": "Received", "mail": MAIL, "receipt": receipt_, "content": content}
    return body(envelope(inner | changed))


WHOLE = received(b64encode(RAW).decode())
IN_S3 = {"action": {"type": "S3", "bucketName": "shop", "objectKey": "k1"}}
VERIFIED = {**by_imap().data, "verified": True, "authenticity": "proved"}
DOUBTED = {**by_imap().data, "verified": False, "authenticity": "failed", "doubted": True}

CASES = (
    Case("sent", event("Send"), (receipt("sent"),)),
    Case("delivered", event("Delivery", recipients=["ann@example.org"], smtpResponse="250 2.6.0 OK"), (receipt("delivered"),)),
    Case("delivered, with the id SES gave where headers are left out", body(envelope({"notificationType": "Delivery", "mail":
         {k: v for k, v in MAIL.items() if k not in ("headers", "commonHeaders")}, "delivery": {"recipients":
         ["ann@example.org"]}})), (receipt("delivered", external_id="0102018f7a-sesid-000000@email.amazonses.com",
         outbound=None),)),
    Case("named by our mark, whatever id the mail got on the way", body(envelope({"eventType": "Delivery", "delivery": {}, "mail":
         {**MAIL, "headers": [{"name": "Message-ID", "value": "<x@email.amazonses.com>"}, {"name": "X-Switchboard", "value":
         OURS.partition("@")[0]}]}})), (receipt("delivered", external_id="x@email.amazonses.com",
         also="0102018f7a-sesid-000000@email.amazonses.com"),)),
    Case("a hard bounce", bounce("Permanent", "General", "5.1.1", "smtp; 550 5.1.1 user unknown"),
         (receipt("failed", gone=True, code="5.1.1"),)),
    Case("a hard bounce by event publishing", bounce("Permanent", "NoEmail", "5.1.1", "", "eventType"),
         (receipt("failed", gone=True),)),
    Case("on the suppression list", bounce("Permanent", "OnAccountSuppressionList", "", ""), (receipt("failed", gone=True),)),
    Case("a soft bounce", bounce("Transient", "MailboxFull", "5.2.2", "smtp; 552 5.2.2 full"), (receipt("failed", code="5.2.2"),)),
    Case("too large", bounce("Transient", "MessageTooLarge", "5.3.4", "552 5.3.4 too large"), (receipt("failed", code="5.3.4"),)),
    Case("a complaint", event("Complaint", complainedRecipients=[{"emailAddress": "ann@example.org"}],
         complaintFeedbackType="abuse"), COMPLAINT),
    Case("delayed", event("DeliveryDelay", "deliveryDelay", delayType="MailboxFull", delayedRecipients=[{"emailAddress":
         "ann@example.org", "status": "4.2.2", "diagnosticCode": "452 4.2.2"}]), (receipt("delayed"),)),
    Case("rejected for a virus", event("Reject", reason="Bad content"), (receipt("failed"),)),
    Case("could not be rendered", event("Rendering Failure", "failure", errorMessage="no name"), (receipt("failed"),)),
    Case("opened", event("Open", userAgent="Mozilla/5.0"), (receipt("read"),)),
    Case("unsubscribed", event("Subscription", contactList="x"), (withdrawal("unsubscribe"),)),
    Case("a word we do not know", event("Teleport"), (like(Ignored, reason="unknown event: Teleport"),)),
    Case("Amazon's test of the topic", body(envelope("Successfully validated SNS topic for Amazon SES event publishing.")),
         (like(Ignored),)),
    Case("the question whether to subscribe", body(question()), (like(Ignored, reason="subscription confirmed"),)),
    Case("a mail as it came, verified by Amazon", WHOLE, (arrival(data=VERIFIED),)),
    Case("a mail in UTF-8, forged in Amazon's eyes", received(RAW.decode(), "UTF8", "FAIL"), (arrival(data=DOUBTED),)),
    Case("a mail that was left in a bucket", received("", receipt=IN_S3), Unreadable),
    Case("no notification at all", body({"Type": "Else"}), Unreadable),
)  # fmt: skip


class Amazon:
    """Amazon's side: the certificate under its address, or an error; remembers what was asked."""

    def __init__(self, answer: bytes | DeliveryError = PEM) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def __call__(self, url: str, headers: Mapping[str, str]) -> bytes:
        assert not headers
        self.asked.append(url)
        if isinstance(self.answer, DeliveryError):
            raise self.answer
        return self.answer


class TestContract(ChannelContract):
    cases = CASES
    not_theirs = (b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": NaN}')

    def adapter(self) -> Ses:
        ses = Ses(ACCOUNT)
        content = body(envelope("x"))
        with suppress(StopIteration):  # a fetch that answers at once needs no loop
            ses.keys(content, {}, Amazon()).send(None)
        return ses

    def signed(self) -> list[Signed]:
        late = envelope("x", NOW - timedelta(minutes=100))
        return [
            Signed(WHOLE, {}),
            Signed(body(envelope("x", version="1")), {}),
            Signed(body(envelope("x", Subject="Amazon SES Email Event Notification")), {}),
            Signed(body(envelope("x", TopicArn=TOPIC.replace("shop-mail", "other"))), {}),
            Signed(body(question()), {}),
            Signed(body(late), {}),
        ]

    def forged(self) -> list[Signed]:
        good = envelope("x")
        stranger = rsa.generate_private_key(65537, 2048)
        values = [
            {},
            {**good, "Message": "y"},
            {**good, "Subject": "added later"},
            {**good, "Timestamp": "2026-11-23T12:00:01.123Z"},
            {**good, "Signature": ""},
            {**good, "Signature": "no base64"},
            {**good, "SignatureVersion": "1"},
            {**good, "SignatureVersion": "3"},
            envelope("x", key=stranger),
            envelope("x", TopicArn="arn:aws:sns:eu-west-1:999999999999:shop-mail"),
            envelope("x", NOW - timedelta(hours=3)),
            envelope("x", NOW + timedelta(hours=1)),
            envelope("x", Timestamp="soon"),
            {**question(), "SubscribeURL": "https://evil.test/"},
            {**good, "pad": "x" * 2**20},
        ]
        return [Signed(b"{", {}), *(Signed(body(value), {}) for value in values)]


def test_it_fetches_and_completes() -> None:
    assert isinstance(Ses(ACCOUNT), NeedsKeys)
    assert isinstance(Ses(ACCOUNT), Completes)


async def test_the_certificate_is_fetched_once() -> None:
    ses, amazon = Ses(ACCOUNT), Amazon()
    for _ in range(3):
        await ses.keys(WHOLE, {}, amazon)
        ses.verify(WHOLE, {}, NOW)
    assert amazon.asked == [URL]


async def test_without_the_certificate_nothing_is_believed() -> None:
    with pytest.raises(NotFromThem, match="not fetched"):
        Ses(ACCOUNT).verify(WHOLE, {}, NOW)
    with pytest.raises(CannotStore):
        await Ses(ACCOUNT).keys(WHOLE, {}, Amazon(RetryLater("away")))
    with pytest.raises(NotFromThem):
        await Ses(ACCOUNT).keys(WHOLE, {}, Amazon(Rejected("404")))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.test/SimpleNotificationService-1.pem",
        "https://evil.test/SimpleNotificationService-1.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.test/SimpleNotificationService-1.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-1.pem",
        "https://bucket.s3.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.eu-west-1.amazonaws.com/other.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem?x=1",
        "https://sns.eu-west-1.amazonaws.com/x/../SimpleNotificationService-1.pem",
        "https://[sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
        "file:///etc/passwd",
    ],
)
async def test_a_certificate_from_anywhere_else_is_not_even_fetched(url: str) -> None:
    amazon = Amazon()
    with pytest.raises(NotFromThem):
        await Ses(ACCOUNT).keys(body(envelope("x", SigningCertURL=url)), {}, amazon)
    assert not amazon.asked


async def test_nothing_is_fetched_for_a_topic_that_is_not_ours() -> None:
    amazon = Amazon()
    other = body(envelope("x", TopicArn="arn:aws:sns:eu-west-1:999999999999:theirs"))
    for ses in (Ses(ACCOUNT), Ses(NOTHING_SET)):
        with pytest.raises(NotFromThem):
            await ses.keys(other, {}, amazon)
    with pytest.raises(NotFromThem, match="no Amazon SNS topic"):
        await Ses(NOTHING_SET).keys(WHOLE, {}, amazon)
    assert not amazon.asked


@pytest.mark.parametrize(
    "pem", [b"", b"nonsense", certificate(days=-1), certificate(ec.generate_private_key(ec.SECP256R1()))],
    ids=["empty", "nonsense", "expired", "another kind of key"],
)  # fmt: skip
async def test_a_certificate_that_is_no_good_proves_nothing(pem: bytes) -> None:
    ses = Ses(ACCOUNT)
    await ses.keys(WHOLE, {}, Amazon(pem))
    with pytest.raises(NotFromThem):
        ses.verify(WHOLE, {}, NOW)


async def test_a_subscription_of_our_topic_is_confirmed_and_no_other() -> None:
    amazon = Amazon(b"<ConfirmSubscriptionResponse/>")
    content = body(question())
    assert await Ses(ACCOUNT).complete(content, {}, amazon) == content
    assert amazon.asked == [question()["SubscribeURL"]]
    for changed in (
        {"TopicArn": "arn:aws:sns:eu-west-1:999999999999:theirs"},
        {"SubscribeURL": "https://evil.test/?Action=ConfirmSubscription"},
        {"SubscribeURL": "http://sns.eu-west-1.amazonaws.com/"},
        {"SubscribeURL": ""},
    ):
        with pytest.raises(NotFromThem):
            await Ses(ACCOUNT).complete(body(question(**changed)), {}, amazon)
    assert len(amazon.asked) == 1
    with pytest.raises(CannotStore):
        await Ses(ACCOUNT).complete(content, {}, Amazon(RetryLater("away")))


async def test_nothing_is_asked_for_an_ordinary_notification() -> None:
    amazon = Amazon()
    assert await Ses(ACCOUNT).complete(WHOLE, {}, amazon) == WHOLE
    ended = body(question(Type="UnsubscribeConfirmation"))
    assert await Ses(ACCOUNT).complete(ended, {}, amazon) == ended
    assert not amazon.asked


@pytest.mark.parametrize("content", [WHOLE, received(RAW.decode(), "UTF8")], ids=["base64", "utf-8"])
def test_the_mail_as_it_came_is_the_entry_the_mailbox_made(content: bytes) -> None:
    (told,) = Ses(ACCOUNT).parse(content, {})
    assert isinstance(told, Arrival)
    assert (told.address, told.key) == (by_imap().address, by_imap().key)


def test_where_a_mail_was_left_is_told() -> None:
    with pytest.raises(Unreadable, match="shop/k1"):
        Ses(replace(ACCOUNT, secrets={})).parse(received("", receipt=IN_S3), {})


def test_hostile_values_inside_the_message_raise_nothing_but_intake_errors() -> None:
    hit = [{"emailAddress": "ann@example.org", "status": "5.1.1", "diagnosticCode": "550"}]
    bounced = {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": hit, "timestamp": "2026"}
    receipt_ = {"dmarcVerdict": {"status": "PASS"}, "action": {"encoding": "BASE64"}}
    inners = (
        {"notificationType": "Bounce", "mail": MAIL, "bounce": bounced},
        {"notificationType": "Received", "mail": MAIL, "receipt": receipt_, "content": b64encode(RAW).decode()},
    )
    for inner in inners:
        for content in variations(body(inner), "inner", swaps=300):
            try:
                events = Ses(ACCOUNT).parse(body({"Type": "Notification", "Message": content.decode("latin-1")}), {})
            except IntakeError:
                continue
            for one in events:
                assert_storable(one, "email")


def test_nobody_vouches_for_the_person_in_reply_to() -> None:
    raw = RAW.replace(
        b"From: =?utf-8?q?Ann_L=C3=A9e?= <ann@example.org>", b"From: Form <help@shop.test>\r\nReply-To: ann@example.org"
    )
    (told,) = Ses(ACCOUNT).parse(received(b64encode(raw).decode()), {})
    assert isinstance(told, Arrival)
    assert told.address.person == "ann@example.org"
    assert not told.identities[0].verified
