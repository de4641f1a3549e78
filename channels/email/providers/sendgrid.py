"""SendGrid: Inbound Parse, and the Event Webhook.

Inbound: https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook
Events: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
Signatures: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
and https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/securing-your-parse-webhooks
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from channels.email.addresses import canonical, domain_of, mailboxes
from channels.email.authenticity import Verdict
from channels.email.charset import Charsets
from channels.email.header import block
from channels.email.header import text as words_of
from channels.email.providers import form
from channels.email.providers.inbound import Fields, Piece, arrived, named, written
from channels.email.providers.payload import each, load, moment, table, word
from channels.email.providers.proof import decoded, fresh, password
from channels.email.providers.receipts import MARK, Meaning, known, told
from core.channel import Account, Event
from core.errors import IntakeError, NotFromThem, Unreadable

SIZE = 50 * 1024**2
SIGNATURE = "x-twilio-email-event-webhook-signature"
STAMP = "x-twilio-email-event-webhook-timestamp"
# Inbound Parse tries for three days. The signature covers the whole body, so what is sent again is the same entry.
WINDOW = 73 * 3600

EVENTS: dict[str, Meaning] = {
    "processed": "sent",
    "delivered": "delivered",
    "deferred": "delayed",
    "bounce": "hard",
    "blocked": "soft",
    "dropped": "soft",
    "open": "read",
    "click": "read",
    "spamreport": "complaint",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
    "group_resubscribe": "nothing",
    "account_status_change": "nothing",
}


class SendGrid:
    """Settings: `sendgrid_public_key`, the verification key. Secrets: `inbound_password`. Implements ReceivesWebhooks.

    Either proof will do: the signature (ECDSA over time and body), or the password where Inbound Parse is not signed.
    """

    max_body = SIZE

    def __init__(self, account: Account) -> None:
        self._account = account

    def verify(self, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
        """Raises NotFromThem unless signature or password is right."""
        signature = headers.get(SIGNATURE, "")
        if not signature:
            password(headers, self._account.secrets.get("inbound_password", ""))
            return
        stamp = headers.get(STAMP, "").strip()
        try:
            _key(self._account).verify(decoded(signature), stamp.encode() + body, ec.ECDSA(SHA256()))
        except InvalidSignature as error:
            raise NotFromThem("The signature is not right. Check the verification key.") from error
        fresh(stamp, now, WINDOW)

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        """A list of events (JSON) or one mail (a form). Raises NotThisFormat or Unreadable."""
        if body[:100].lstrip().startswith((b"[", b"{")):
            value = load(body)
            return each(value if isinstance(value, list) else [value], self._event)
        return self._mail(form.read(body, headers))

    def _event(self, value: Any) -> list[Event]:
        event = word(value, "event")
        if not event:
            raise Unreadable("An entry of the list is no event.", code="no_event")
        meaning = known(EVENTS, event)
        said = word(value, "reason") or word(value, "response")
        if event == "bounce" and word(value, "type") == "blocked":
            meaning = "soft"
        elif event == "dropped" and said.lower() in ("bounced address", "invalid"):
            meaning, said = "hard", ""
        elif event == "open" and table(value).get("sg_machine_open") is True:
            meaning = "machine"
        return told(
            self._account,
            meaning,
            event,
            word(value, "email"),
            word(value, MARK) or word(value, "smtp-id") or word(value, "sg_message_id"),
            status=word(value, "status"),
            said=said,
            at=moment(table(value).get("timestamp")),
        )

    def _mail(self, given: form.Form) -> list[Event]:
        verdict: Verdict = "proved" if _spf_of_the_sender(given) else "unknown"
        raw = given.bytes("email")
        if raw is not None:
            return arrived(raw, self._account, verdict=verdict)
        if given.entry("from") is None and given.entry("headers") is None:
            raise Unreadable("This is no mail of Inbound Parse.", code="no_mail")
        charsets = _json(given.text("charsets"))

        def read(name: str) -> str:
            return given.text(name, word(charsets, name) or "utf-8")

        info = _json(given.text("attachment-info"))
        pieces = [
            Piece(one.filename or word(info, one.name, "filename"), word(info, one.name, "type") or one.type, one.data,
                  word(info, one.name, "content-id"))
            for one in given.entries
            if one.name.startswith("attachment") and one.filename is not None
        ]  # fmt: skip
        others = (("From", read("from")), ("To", read("to")), ("Cc", read("cc")), ("Subject", read("subject")))
        mail = written(named(_fields(given), *others), read("text"), read("html"), pieces)
        return arrived(mail, self._account, verdict=verdict)


def _key(account: Account) -> ec.EllipticCurvePublicKey:
    lines = str(account.settings.get("sendgrid_public_key") or "").splitlines()
    der = decoded("".join(line.strip() for line in lines if not line.startswith("-----")))
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise NotFromThem("This line has no SendGrid verification key yet, or one that cannot be read.") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise NotFromThem("The SendGrid verification key is of another kind.")
    return key


def _fields(given: form.Form) -> Fields:
    head = given.bytes("headers") or b""
    fields, _ = block(head + b"\n\n", 0, len(head) + 2, lambda _: False)
    return [(name, words_of(value, Charsets()) if name == "subject" else value.decode("utf-8", "replace"))
            for name, value in fields]  # fmt: skip


def _spf_of_the_sender(given: form.Form) -> bool:
    """SPF passed for the very domain in From. (The field `dkim` repeats what the sender wrote, and proves nothing.)"""
    senders = mailboxes(given.bytes("from") or b"", Charsets())
    if given.text("SPF").strip().lower() != "pass" or len(senders) != 1:
        return False
    domain = domain_of(canonical(senders[0].address))
    envelope = domain_of(canonical(word(_json(given.text("envelope")), "from")))
    return bool(domain) and envelope == domain


def _json(words: str) -> dict[str, Any]:
    try:
        return table(load(words.encode())) if words.strip() else {}
    except IntakeError:
        return {}
