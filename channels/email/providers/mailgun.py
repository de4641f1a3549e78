"""Mailgun: routes that forward mail to a URL, and webhooks about mail we sent.

Inbound: https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http
Events: https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads
Signature: https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.email.providers import form
from channels.email.providers.inbound import Fields, Piece, arrived, named, written
from channels.email.providers.payload import load, moment, rows, table, text, word
from channels.email.providers.proof import fresh, same
from channels.email.providers.receipts import Meaning, known, told
from core.channel import Account, Event
from core.content import File
from core.errors import IntakeError, NotFromThem, Unreadable

SIZE = 50 * 1024**2
WINDOW = 9 * 3600  # Mailgun tries for 8 hours, and does not say whether it signs each try anew
REMEMBERED = 20_000  # tokens
LARGEST_EVENT = 1024**2

EVENTS: dict[str, Meaning] = {
    "accepted": "sent",
    "delivered": "delivered",
    "opened": "read",
    "clicked": "read",
    "rejected": "soft",
    "complained": "complaint",
    "unsubscribed": "unsubscribed",
    "stored": "nothing",
    "list_member_uploaded": "nothing",
}
# `failed` is told apart by its reason; what is "temporary" is tried again by Mailgun.
REASONS: dict[str, Meaning] = {"bounce": "hard", "suppress-bounce": "hard"}


class Mailgun:
    """Secrets: `mailgun_signing_key`, the HTTP webhook signing key. Implements ReceivesWebhooks.

    The signature covers a time and a token, not the body. So each token is good for one content: whoever caught a
    signature cannot send something else with it. Redelivery of the same content stays welcome.
    """

    max_body = SIZE

    def __init__(self, account: Account) -> None:
        self._account = account
        self._used: OrderedDict[str, str] = OrderedDict()

    def verify(self, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
        """Raises NotFromThem unless `signature` is the HMAC-SHA256 of `timestamp` and `token`, 9 hours old at most."""
        key = self._account.secrets.get("mailgun_signing_key", "")
        if not key:
            raise NotFromThem("This line has no Mailgun signing key yet.")
        try:
            stamp, token, signature, content = _signature(body, headers)
        except NotFromThem:
            raise
        except IntakeError as error:
            raise NotFromThem("There is no signature: this is neither Mailgun's form nor its JSON.") from error
        if not (stamp and token and signature):
            raise NotFromThem("timestamp, token or signature is missing.")
        right = hmac.new(key.encode(), f"{stamp}{token}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()
        if not same(signature.lower(), right):
            raise NotFromThem("The signature is not right. Check the HTTP webhook signing key.")
        fresh(stamp, now, WINDOW)
        if self._used.setdefault(token, content) != content:
            raise NotFromThem("This signature was used for something else before.")
        if len(self._used) > REMEMBERED:
            self._used.popitem(last=False)

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        """One event (JSON) or one mail (a form). Raises NotThisFormat or Unreadable."""
        if _is_json(body):
            value = load(body)
            if "event-data" not in table(value):
                raise Unreadable("There is no event-data in it.", code="no_event")
            return self._event(table(value["event-data"]))
        return self._mail(form.read(body, headers))

    def _event(self, data: dict[str, Any]) -> list[Event]:
        event = word(data, "event")
        status = table(data.get("delivery-status"))
        meaning = known(EVENTS, event)
        if event == "failed":
            meaning = _failure(word(data, "severity"), word(data, "reason"), word(status, "bounce-type"))
        elif meaning == "read" and word(data, "client-info", "bot"):
            meaning = "machine"
        return told(
            self._account,
            meaning,
            event,
            word(data, "recipient"),
            word(data, "message", "headers", "message-id"),
            status=word(status, "enhanced-code"),
            said=f"{word(status, 'code')} {word(status, 'message') or word(status, 'description')}".strip()
            or word(data, "reason"),
            at=moment(data.get("timestamp")),
        )

    def _mail(self, given: form.Form) -> list[Event]:
        raw = given.bytes("body-mime")
        if raw is not None:
            return arrived(raw, self._account)
        fields = _fields(given)
        if not fields and not given.text("body-plain"):
            raise Unreadable("This is neither a mail nor an event of Mailgun.", code="no_event")
        ids = {text(name): id for id, name in _json(given.text("content-id-map"), {}).items()}
        pieces = [Piece(one.filename, one.type, one.data, ids.get(one.name, "")) for one in given.entries
                  if one.filename is not None and one.name.startswith("attachment-")]  # fmt: skip
        html = "\n".join(one.data.decode("utf-8", "replace") for one in given.entries if one.name == "body-html")
        # The action "store" leaves the files at Mailgun; "forward" sends them along.
        missing = [
            File(word(one, "name")[:200] or "attachment", word(one, "content-type")[:100] or "application/octet-stream",
                 problem="It was left at Mailgun. Let the route forward mails instead of storing them.")
            for one in rows(_json(given.text("attachments"), []))[:500]
        ]  # fmt: skip
        mail = written(fields, given.text("body-plain"), html, pieces)
        return arrived(mail, self._account, missing=missing)


def _is_json(body: bytes) -> bool:
    return body[:100].lstrip().startswith(b"{")


def _signature(body: bytes, headers: Mapping[str, str]) -> tuple[str, str, str, str]:
    """timestamp, token, signature, and what they were sent with."""
    if _is_json(body):
        if len(body) > LARGEST_EVENT:  # nothing authentic is: forms carry the mails
            raise NotFromThem("This is too large for an event.")
        value = load(body)
        stamp, token, signature = (word(value, "signature", name) for name in ("timestamp", "token", "signature"))
        return stamp, token, signature, hashlib.sha256(body).hexdigest()
    given = form.read(body, headers)
    stamp, token, signature = (given.text(name).strip() for name in ("timestamp", "token", "signature"))
    return stamp, token[:200], signature[:200], given.digest()


def _failure(severity: str, reason: str, bounce: str) -> Meaning:
    if severity == "temporary":
        return "delayed"
    return "soft" if bounce == "soft" else REASONS.get(reason, "hard" if bounce == "hard" else "soft")


def _fields(given: form.Form) -> Fields:
    pairs = rows(_json(given.text("message-headers"), []))
    fields = [(text(one[0]), text(one[1])) for one in pairs if isinstance(one, list) and len(one) == 2]
    told_ = (("From", "from"), ("Subject", "subject"), ("To", "To"), ("Message-Id", "Message-Id"), ("Date", "Date"))
    return named(fields, *((name, given.text(field)) for name, field in told_))


def _json(words: str, otherwise: Any) -> Any:
    """What is in a field that holds JSON; `otherwise` when it is empty, broken or of another kind."""
    try:
        value = load(words.encode()) if words.strip() else otherwise
    except IntakeError:
        return otherwise
    return value if isinstance(value, type(otherwise)) else otherwise
