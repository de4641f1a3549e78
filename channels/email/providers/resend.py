"""Resend: webhooks signed the way of Svix. A received mail is only named; it is fetched from Resend's API.

Events: https://resend.com/docs/webhooks/event-types
Signature: https://docs.svix.com/receiving/verifying-payloads/how-manual
Inbound: https://resend.com/docs/webhooks/emails/received
The mail: https://resend.com/docs/api-reference/emails/retrieve-received-email
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlsplit

from channels.email.header import base64
from channels.email.mark import MARK_FIELD
from channels.email.providers.inbound import arrived
from channels.email.providers.payload import each, load, moment, rows, table, text, word
from channels.email.providers.proof import decoded, fresh, same
from channels.email.providers.receipts import Meaning, known, told
from channels.email.renamed import known_names
from core.channel import Account, Event
from core.doors import Fetches
from core.errors import CannotStore, DeliveryError, NotFromThem, NotThisFormat, Unreadable

WINDOW = 300  # Svix signs each try anew
MAILS = "https://api.resend.com/emails/receiving/"
FETCHED = "switchboard_raw"  # what `complete` adds to `data`: the raw mail in base64

EVENTS: dict[str, Meaning] = {
    "email.sent": "sent",
    "email.delivered": "delivered",
    "email.delivery_delayed": "delayed",
    "email.bounced": "soft",
    "email.failed": "soft",
    "email.suppressed": "soft",
    "email.opened": "read",
    "email.clicked": "read",
    "email.complained": "complaint",
    "email.scheduled": "nothing",
}


class Resend:
    """Secrets: `resend_secret` (whsec_…), `resend_api_key` to fetch mails. Implements ReceivesWebhooks, Completes."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def verify(self, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
        """Raises NotFromThem unless `svix-signature` signs id, time and body, 5 minutes ago at most."""
        key = decoded(self._account.secrets.get("resend_secret", "").removeprefix("whsec_"))
        if not key:
            raise NotFromThem("This line has no Resend signing secret yet, or one that cannot be read.")
        id, stamp, given = (headers.get(f"svix-{name}", "").strip() for name in ("id", "timestamp", "signature"))
        if not (id and stamp and given):
            raise NotFromThem("svix-id, svix-timestamp or svix-signature is missing.")
        signed = f"{id}.{stamp}.".encode("utf-8", "replace") + body
        right = "v1," + b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        if not any(same(one, right) for one in given[:5000].split()):
            raise NotFromThem("The signature is not right. Check the signing secret.")
        fresh(stamp, now, WINDOW)

    async def complete(self, body: bytes, headers: Mapping[str, str], fetch: Fetches) -> bytes:
        """`body` with the raw mail in it, when it names a received one. Raises CannotStore to be sent it again."""
        value = load(body)
        id = word(value, "data", "email_id")
        if word(value, "type") != "email.received" or not id:
            return body
        key = self._account.secrets.get("resend_api_key", "")
        if not key:
            raise CannotStore("This line has no Resend API key yet, so the mail cannot be fetched.", after=600)
        try:
            answer = load(await fetch(MAILS + quote(id, safe=""), {"Authorization": f"Bearer {key}"}))
            where = word(answer, "raw", "download_url")
            if urlsplit(where).scheme != "https":
                raise CannotStore("Resend does not say where the mail is.", after=60)
            raw = await fetch(where, {})
        except (DeliveryError, NotThisFormat, ValueError) as error:
            raise CannotStore("The mail could not be fetched from Resend; send the event again.", after=60) from error
        value["data"][FETCHED] = b64encode(raw).decode()
        return json.dumps(value).encode()

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        """The events of one notification, a receipt per recipient. Raises NotThisFormat or Unreadable."""
        value = load(body)
        event, data = word(value, "type"), table(table(value).get("data"))
        if not event:
            raise Unreadable("There is no event in it.", code="no_event")
        if event == "email.received":
            raw = text(data.get(FETCHED))
            if not raw:
                raise Unreadable("The mail itself was not fetched from Resend.", code="no_mail")
            return arrived(base64(raw.encode("ascii", "replace")), self._account)
        meaning = known(EVENTS, event)
        bounce = table(data.get("bounce"))
        # Older payloads have no type; a bounce is Resend's word for a permanent refusal.
        if event == "email.bounced" and word(bounce, "type") in ("", "Permanent"):
            meaning = "soft" if "suppress" in word(bounce, "message").lower() else "hard"
        codes = " ".join(word({"code": one}, "code") for one in rows(bounce.get("diagnosticCode")))
        said = codes or word(bounce, "message") or word(data, "failed", "reason") or word(data, "suppressed", "message")
        fields = {word(one, "name").lower(): word(one, "value") for one in rows(data.get("headers"))}
        id = fields.get("message-id") or word(data, "message_id") or word(data, "email_id")
        mark, at = fields.get(MARK_FIELD, ""), moment(table(value).get("created_at"))
        other = next(iter(known_names([word(data, "message_id").strip("<> ")])[-1:]), "")

        def one(recipient: object) -> list[Event]:
            to = word({"to": recipient}, "to")
            return told(self._account, meaning, event, to, id, mark=mark, other=other, said=said, at=at)

        recipients = data.get("to")
        return each(recipients if isinstance(recipients, list) and recipients else [recipients], one)
