"""Brevo: inbound parsing, and the webhooks of transactional mail. It signs nothing: a password or token proves it.

Inbound: https://developers.brevo.com/docs/inbound-parse-webhooks
Events: https://developers.brevo.com/docs/transactional-webhooks
Proof: https://developers.brevo.com/docs/secured-webhooks
Attachments: https://developers.brevo.com/reference/get_inbound-attachments-downloadtoken
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from channels.email.header import base64
from channels.email.providers.inbound import Fields, Piece, arrived, named, written
from channels.email.providers.payload import each, load, moment, rows, table, text, word
from channels.email.providers.proof import password
from channels.email.providers.receipts import Meaning, known, told
from core.channel import Account, Event
from core.content import File
from core.doors import Fetches
from core.errors import CannotStore, Rejected, RetryLater, Unreadable

SIZE = 50 * 1024**2
FILES = "https://api.brevo.com/v3/inbound/attachments/"
FETCHED = "SwitchboardContent"  # what `complete` adds to an attachment, in base64
FAILED = "SwitchboardProblem"
MOST_FILES = 100

EVENTS: dict[str, Meaning] = {
    "request": "sent",
    "sent": "sent",
    "delivered": "delivered",
    "deferred": "delayed",
    "soft_bounce": "soft",
    "hard_bounce": "hard",
    "invalid_email": "hard",
    "blocked": "soft",
    "error": "soft",
    "opened": "read",
    "unique_opened": "read",
    "click": "read",
    "proxy_open": "machine",
    "unique_proxy_open": "machine",
    "spam": "complaint",
    "complaint": "complaint",
    "unsubscribed": "unsubscribed",
}


class Brevo:
    """Secrets: `inbound_password`; `brevo_api_key` for attachments. Implements ReceivesWebhooks and Completes."""

    max_body = SIZE

    def __init__(self, account: Account) -> None:
        self._account = account

    def verify(self, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
        """Raises NotFromThem unless the password is right (basic auth, bearer token or a custom header)."""
        password(headers, self._account.secrets.get("inbound_password", ""))

    async def complete(self, body: bytes, headers: Mapping[str, str], fetch: Fetches) -> bytes:
        """`body` with the attachments in it, which Brevo keeps on its side. Raises CannotStore to be sent it again."""
        value = load(body)
        key = self._account.secrets.get("brevo_api_key", "")
        waiting = [one for item in rows(table(value).get("items")) for one in rows(table(item).get("Attachments"))
                   if word(one, "DownloadToken")]  # fmt: skip
        if not waiting:
            return body
        size = 0
        for one in waiting[:MOST_FILES]:
            if not key or size > SIZE:
                one[FAILED] = "It was left at Brevo: " + (
                    "this line has no Brevo API key." if not key else "too large."
                )
                continue
            try:
                data = await fetch(FILES + quote(word(one, "DownloadToken"), safe=""), {"api-key": key})
            except RetryLater as error:
                raise CannotStore("An attachment could not be fetched right now; send it again.", after=30) from error
            except Rejected as error:
                one[FAILED] = f"Brevo did not hand it over: {error.sentence}"
                continue
            size += len(data)
            one[FETCHED] = b64encode(data).decode()
        return json.dumps(value).encode()

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        """One event or several, or mails under `items`. Raises NotThisFormat or Unreadable."""
        value = load(body)
        if isinstance(value, dict) and "items" in value:
            return each(rows(value["items"]), self._mail)
        return each(value if isinstance(value, list) else [value], self._event)

    def _event(self, value: Any) -> list[Event]:
        event = word(value, "event")
        if not event:
            raise Unreadable("This is neither a mail nor an event of Brevo.", code="no_event")
        own = word(value, "X-Mailin-custom")
        return told(
            self._account,
            known(EVENTS, event),
            event,
            word(value, "email"),
            own if re.fullmatch(r"<?[^\s<>@]+@[^\s<>@]+>?", own) else word(value, "message-id"),
            said=word(value, "reason"),
            at=moment(table(value).get("ts_event")) or moment(table(value).get("ts")),
        )

    def _mail(self, value: Any) -> list[Event]:
        given = table(value)
        fields = _fields(given)
        if not fields:
            raise Unreadable("One of the items is no mail.", code="no_mail")
        pieces: list[Piece] = []
        missing: list[File] = []
        for one in rows(given.get("Attachments")):
            name, kind = word(one, "Name"), word(one, "ContentType")
            if isinstance(table(one).get(FETCHED), str):
                data = base64(text(one[FETCHED]).encode("ascii", "replace"))
                pieces.append(Piece(name, kind, data, word(one, "ContentID")))
            else:
                problem = word(one, FAILED) or "It was left at Brevo."
                missing.append(
                    File(name[:200] or "attachment", kind[:100] or "application/octet-stream", problem=problem)
                )
        mail = written(fields, text(given.get("RawTextBody")), text(given.get("RawHtmlBody")), pieces)
        return arrived(mail, self._account, missing=missing[:500])


def _fields(given: dict[str, Any]) -> Fields:
    """Fields that are there once come as text, others as a list."""
    pairs = [(text(name), one) for name, value in table(given.get("Headers")).items()
             for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]  # fmt: skip
    others = (("To", "To"), ("Cc", "Cc"))
    return named(
        pairs,
        ("From", _mailbox(given.get("From"))),
        ("Reply-To", _mailbox(given.get("ReplyTo"))),
        *((name, ", ".join(filter(None, map(_mailbox, rows(given.get(field)))))) for name, field in others),
        ("Subject", text(given.get("Subject"))),
        ("Date", text(given.get("SentAtDate"))),
        ("Message-ID", text(given.get("MessageId"))),
        ("In-Reply-To", text(given.get("InReplyTo"))),
    )


def _mailbox(value: Any) -> str:
    name, address = re.sub(r'["\\]', "", word(value, "Name")), word(value, "Address")
    return f'"{name}" <{address}>' if name and address else address
