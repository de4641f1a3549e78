"""Mailjet: the Parse API, and the Event API. It signs nothing: a password proves it.

Inbound: https://dev.mailjet.com/email/guides/parse-api/
Events: https://dev.mailjet.com/email/guides/webhooks/
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.email.charset import Charsets
from channels.email.header import base64, params
from channels.email.providers.inbound import Fields, Piece, arrived, named, written
from channels.email.providers.payload import each, load, moment, rows, table, text, word
from channels.email.providers.proof import password
from channels.email.providers.receipts import Meaning, known, told
from core.channel import Account, Event
from core.errors import Unreadable

SIZE = 50 * 1024**2

EVENTS: dict[str, Meaning] = {
    "sent": "delivered",  # Mailjet's word for: the recipient's server took it
    "open": "read",
    "click": "read",
    "bounce": "soft",
    "blocked": "soft",
    "spam": "complaint",
    "unsub": "unsubscribed",
}


class Mailjet:
    """Secrets: `inbound_password`. Implements ReceivesWebhooks."""

    max_body = SIZE

    def __init__(self, account: Account) -> None:
        self._account = account

    def verify(self, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
        """Raises NotFromThem unless the password is right (basic auth)."""
        password(headers, self._account.secrets.get("inbound_password", ""))

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        """One event or a list of them, or one mail. Raises NotThisFormat or Unreadable."""
        value = load(body)
        if isinstance(value, dict) and "event" not in value:
            return self._mail(value)
        return each(value if isinstance(value, list) else [value], self._event)

    def _event(self, value: Any) -> list[Event]:
        event = word(value, "event")
        if not event:
            raise Unreadable("An entry of the list is no event.", code="no_event")
        meaning = known(EVENTS, event)
        if meaning == "soft" and table(value).get("hard_bounce") is True:
            meaning = "hard"
        said = (word(value, name) for name in ("comment", "error", "smtp_reply"))
        return told(
            self._account,
            meaning,
            event,
            word(value, "email"),
            word(value, "CustomID") or word(value, "Message_GUID") or word(value, "MessageID"),
            said=" ".join(filter(None, said)),
            at=moment(table(value).get("time")),
        )

    def _mail(self, value: dict[str, Any]) -> list[Event]:
        fields = _fields(table(value.get("Headers")))
        if not fields and not word(value, "From"):
            raise Unreadable("This is neither a mail nor an event of Mailjet.", code="no_event")
        fields = named(fields, ("From", word(value, "From")), ("Subject", word(value, "Subject")))
        pieces = [_piece(table(one), value) for one in rows(value.get("Parts"))
                  if "ttachment" in word(one, "ContentRef")]  # fmt: skip
        mail = written(fields, text(value.get("Text-part")), text(value.get("Html-part")), pieces)
        return arrived(mail, self._account)


def _fields(headers: dict[str, Any]) -> Fields:
    """A field comes as text or as a list."""
    return [(text(name), one) for name, value in headers.items()
            for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]  # fmt: skip


def _piece(part: dict[str, Any], whole: dict[str, Any]) -> Piece:
    heads = {name.lower(): value for name, value in _fields(table(part.get("Headers")))}
    charsets = Charsets()
    kind, about = params(heads.get("content-type", "").encode("utf-8", "replace"), charsets)
    _, placed = params(heads.get("content-disposition", "").encode("utf-8", "replace"), charsets)
    return Piece(
        placed.get("filename") or about.get("name") or "",
        kind,
        base64(text(whole.get(word(part, "ContentRef"))).encode("ascii", "replace")),
        heads.get("content-id", "") if placed or "content-id" in heads else "",
    )
