"""Amazon SES through Amazon SNS: received mails, and what became of those we sent.

Inbound: https://docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-contents.html
Events: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
Notifications: https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.email.authenticity import Verdict
from channels.email.header import base64
from channels.email.mark import MARK_FIELD
from channels.email.providers import sns
from channels.email.providers.inbound import arrived
from channels.email.providers.payload import each, load, moment, rows, table, text, word
from channels.email.providers.receipts import Meaning, known, told
from channels.email.renamed import ses_id
from core.channel import Account, Event, Ignored
from core.doors import Fetches
from core.errors import CannotStore, IntakeError, NotFromThem, Rejected, RetryLater, Unreadable

CERTIFICATES = 8  # kept; Amazon changes them about once a year

EVENTS: dict[str, Meaning] = {
    "Send": "sent",
    "Delivery": "delivered",
    "DeliveryDelay": "delayed",
    "Bounce": "soft",
    "Complaint": "complaint",
    "Reject": "soft",
    "Rendering Failure": "soft",
    "Open": "read",
    "Click": "read",
    "Subscription": "unsubscribed",
}
VERDICTS: dict[str, Verdict] = {"PASS": "proved", "FAIL": "failed"}  # GRAY: the domain has no policy
# Of a permanent bounce: these say that nobody is there; the others speak of this mail.
HARD = ("General", "NoEmail", "Suppressed", "OnAccountSuppressionList")


class Ses:
    """Settings: `ses_topics`, their ARNs. Implements ReceivesWebhooks, NeedsKeys and Completes."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._topics = re.findall(r"[^\s,]+", str(account.settings.get("ses_topics") or ""))
        self._certificates: OrderedDict[str, bytes] = OrderedDict()

    async def keys(self, body: bytes, headers: Mapping[str, str], fetch: Fetches) -> None:
        """Have the certificate at hand. Raises NotFromThem when it is not Amazon's, CannotStore when away."""
        url = sns.certificate_url(sns.envelope(body, self._topics))
        if url in self._certificates:
            return
        try:
            self._certificates[url] = await fetch(url, {})
        except RetryLater as error:
            raise CannotStore(
                "Amazon's certificate could not be fetched right now; send it again.", after=30
            ) from error
        except Rejected as error:
            raise NotFromThem("There is no certificate where this says.") from error
        if len(self._certificates) > CERTIFICATES:
            self._certificates.popitem(last=False)

    def verify(self, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
        """Raises NotFromThem unless it is of one of our topics and Amazon signed it, 2 hours ago at most."""
        value = sns.envelope(body, self._topics)
        pem = self._certificates.get(sns.certificate_url(value))
        if pem is None:
            raise NotFromThem("The certificate was not fetched.")
        sns.verify(value, pem, now)

    async def complete(self, body: bytes, headers: Mapping[str, str], fetch: Fetches) -> bytes:
        """Says yes to Amazon's question whether one of our topics may send here. Called only for what is verified."""
        value = table(load(body))
        if word(value, "Type") != "SubscriptionConfirmation":
            return body
        url = word(value, "SubscribeURL")
        if word(value, "TopicArn") not in self._topics or not sns.ours(url, value):
            raise NotFromThem("This subscription is not one of ours to confirm.")
        try:
            await fetch(url, {})
        except (RetryLater, Rejected) as error:
            raise CannotStore("The subscription could not be confirmed right now; ask again.", after=30) from error
        return body

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        """The events of one notification, a receipt per recipient. Raises NotThisFormat or Unreadable."""
        value = load(body)
        kind = word(value, "Type")
        if kind in sns.QUESTIONS:
            return [Ignored("subscription confirmed" if kind == sns.QUESTIONS[0] else "subscription ended")]
        if kind != "Notification":
            raise Unreadable("This is no notification of Amazon SNS.", code="no_event")
        message = text(value.get("Message"))
        try:
            inner = table(load(message.encode()))
        except IntakeError:
            return [Ignored(f"a plain message: {message[:60]}")]  # a test, or “successfully validated SNS topic”
        event = word(inner, "notificationType") or word(inner, "eventType")
        if event == "Received":
            return self._mail(inner)
        return self._event(event, inner) if event else [Ignored("a message without a type")]

    def _event(self, event: str, inner: dict[str, Any]) -> list[Event]:
        meaning = known(EVENTS, event)
        mail = table(inner.get("mail"))
        # "Rendering Failure" is under "failure", every other under its own name.
        about = table(inner.get("failure" if event.startswith("Rendering") else event[:1].lower() + event[1:]))
        if event == "Bounce" and word(about, "bounceType") == "Permanent" and word(about, "bounceSubType") in HARD:
            meaning = "hard"
        if event == "Open" and word(about, "userAgent").startswith("GoogleImageProxy-prefetch"):
            meaning = "machine"
        listed = {
            "Bounce": "bouncedRecipients",
            "Complaint": "complainedRecipients",
            "DeliveryDelay": "delayedRecipients",
        }
        spoken_of = rows(about.get(listed.get(event, "recipients"))) or rows(mail.get("destination"))
        said = word(about, "smtpResponse") or word(about, "reason") or word(about, "errorMessage")
        fields = {word(one, "name").lower(): word(one, "value") for one in rows(mail.get("headers"))}
        id, at = _message_id(mail, fields), moment(about.get("timestamp")) or moment(mail.get("timestamp"))

        def one(recipient: Any) -> list[Event]:
            person = recipient if isinstance(recipient, dict) else {"emailAddress": recipient}
            return told(
                self._account,
                meaning,
                event,
                word(person, "emailAddress"),
                id,
                mark=fields.get(MARK_FIELD, ""),
                other=ses_id(word(mail, "messageId")) if word(mail, "messageId") else "",
                status=word(person, "status"),
                said=word(person, "diagnosticCode") or said,
                at=at,
            )

        return each(spoken_of or [None], one)

    def _mail(self, inner: dict[str, Any]) -> list[Event]:
        receipt = table(inner.get("receipt"))
        content = text(inner.get("content"))
        if not content:
            where = f"{word(receipt, 'action', 'bucketName')}/{word(receipt, 'action', 'objectKey')}"[:300]
            raise Unreadable(
                f"The mail is in the bucket {where}, not in the notification. Let the rule publish to SNS.",
                code="in_s3",
            )
        encoded = word(receipt, "action", "encoding").upper() == "BASE64"
        raw = base64(content.encode("ascii", "replace")) if encoded else content.encode("utf-8", "replace")
        return arrived(raw, self._account, verdict=VERDICTS.get(word(receipt, "dmarcVerdict", "status"), "unknown"))


def _message_id(mail: dict[str, Any], fields: Mapping[str, str]) -> str:
    """The Message-ID we wrote where SES tells the headers; else the one it put in its place."""
    own = fields.get("message-id") or word(mail, "commonHeaders", "messageId")
    given = word(mail, "messageId")
    return own or (ses_id(given) if given else "")
