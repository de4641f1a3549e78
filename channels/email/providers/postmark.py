"""Postmark: the inbound webhook, and the webhooks of message streams. It signs nothing: a password proves it.

Inbound: https://postmarkapp.com/developer/webhooks/inbound-webhook
Events: https://postmarkapp.com/developer/webhooks/webhooks-overview
Bounce types: https://postmarkapp.com/developer/api/bounce-api
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.email.header import base64
from channels.email.providers.inbound import Piece, arrived, named, written
from channels.email.providers.payload import load, moment, rows, table, text, word
from channels.email.providers.proof import password
from channels.email.providers.receipts import MARK, Meaning, known, told
from core.channel import Account, Event
from core.errors import Unreadable

SIZE = 50 * 1024**2

EVENTS: dict[str, Meaning] = {
    "Delivery": "delivered",
    "Open": "read",
    "Click": "read",
    "SpamComplaint": "complaint",
}
BOUNCES: dict[str, Meaning] = {
    "HardBounce": "hard",
    "BadEmailAddress": "hard",
    "ManuallyDeactivated": "soft",
    "SoftBounce": "soft",
    "Transient": "delayed",
    "DnsError": "soft",
    "SpamNotification": "soft",
    "Blocked": "soft",
    "DMARCPolicy": "soft",
    "VirusNotification": "soft",
    "SMTPApiError": "soft",
    "TemplateRenderingFailed": "soft",
    "Unknown": "soft",
    "SpamComplaint": "complaint",
    "Unsubscribe": "unsubscribed",
    "Subscribe": "nothing",
    "AutoResponder": "nothing",
    "ChallengeVerification": "nothing",
    "AddressChange": "nothing",
    "OpenRelayTest": "nothing",
    "Unconfirmed": "nothing",
}
SUPPRESSIONS: dict[str, Meaning] = {
    "SpamComplaint": "complaint",
    "ManualSuppression": "unsubscribed",
    "HardBounce": "nothing",  # the bounce itself is told as well
}
MOMENTS = ("DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt")


class Postmark:
    """Secrets: `inbound_password`. Implements ReceivesWebhooks."""

    max_body = SIZE

    def __init__(self, account: Account) -> None:
        self._account = account

    def verify(self, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
        """Raises NotFromThem unless the password is right (basic auth, or a custom header of the webhook)."""
        password(headers, self._account.secrets.get("inbound_password", ""))

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        """One event, or one mail. Raises NotThisFormat or Unreadable."""
        value = load(body)
        event = word(value, "RecordType")
        if event in ("", "Inbound"):
            return self._mail(table(value))
        meaning = known(EVENTS, event)
        if event == "Bounce":
            event = f"bounce {word(value, 'Type')}"
            meaning = known(BOUNCES, word(value, "Type"))
        elif event == "SubscriptionChange":
            stopped = table(value).get("SuppressSending") is True
            meaning = known(SUPPRESSIONS, word(value, "SuppressionReason")) if stopped else "nothing"
        return told(
            self._account,
            meaning,
            event,
            word(value, "Recipient") or word(value, "Email"),
            word(value, "Metadata", MARK) or word(value, "MessageID"),
            said=word(value, "Details") or word(value, "Description"),
            at=next((at for name in MOMENTS if (at := moment(table(value).get(name)))), None),
        )

    def _mail(self, value: dict[str, Any]) -> list[Event]:
        raw = text(value.get("RawEmail"))
        if raw:
            return arrived(raw.encode("utf-8", "replace"), self._account)
        if not (word(value, "From") or word(value, "FromFull", "Email") or value.get("Headers")):
            raise Unreadable("This is neither a mail nor an event of Postmark.", code="no_event")
        fields = named(
            [(text(table(one).get("Name")), text(table(one).get("Value"))) for one in rows(value.get("Headers"))],
            ("From", text(value.get("From"))),
            *(() if text(value.get("From")) else (("From", word(value, "FromFull", "Email")),)),
            *((name, text(value.get(name))) for name in ("To", "Cc", "Subject", "Date")),
            ("Reply-To", text(value.get("ReplyTo"))),
        )
        pieces = [_piece(one) for one in rows(value.get("Attachments"))]
        mail = written(fields, text(value.get("TextBody")), text(value.get("HtmlBody")), pieces)
        return arrived(mail, self._account)


def _piece(one: Any) -> Piece:
    data = base64(text(table(one).get("Content")).encode("ascii", "replace"))
    return Piece(word(one, "Name"), word(one, "ContentType"), data, word(one, "ContentID"))
