"""What a mail means to the hub: an arrival, receipts for a mail of ours, or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from channels.email.account import MailAccount
from channels.email.addresses import Mailbox, canonical, domain_of
from channels.email.authenticity import proved
from channels.email.bounce import Outcome, Report, report
from channels.email.machine import automatic, kind
from channels.email.parse import Mail
from core.channel import Address, Arrival, Content, Event, Identity, Ignored, Receipt

# What the author wrote, which no server on the way changes. The rest (Received, spam marks, seals) differs per copy.
_AUTHORS = ("from", "sender", "reply-to", "to", "cc", "date", "subject", "message-id", "in-reply-to", "references",
            "content-type", "content-transfer-encoding")  # fmt: skip
_LISTED = 100  # recipients kept per field


def events(mail: Mail, account: MailAccount, headers: Mapping[str, str]) -> list[Event]:
    """The events in `mail`. `headers` are the parcel's: `internal-date` and `problem`, both optional."""
    sort = kind(mail)
    notification = report(mail) if sort == "bounce" else None
    if notification:
        receipts = _receipts(mail, notification, account)
        if receipts:
            return receipts
    sender = mail.sender
    if sender.address and canonical(sender.address) == account.address:
        # A form on the shop's own site writes from our address and names the customer in Reply-To.
        others = [box for box in mail.reply_to if canonical(box.address) != account.address]
        if not others:
            return [Ignored("our own mail came back")]
        sender = others[0]
    fingerprint = content_hash(mail)
    person = canonical(sender.address) if sender.address else f"unknown-{fingerprint[:16]}@invalid"
    verified = sender is mail.sender and proved(mail, account.authserv_id)
    return [
        Arrival(
            address=Address("email", account.name, person),
            key=_key(mail, fingerprint),
            content=Content(text=mail.text, html=mail.html, subject=mail.subject or None, files=mail.files),
            at=mail.sent or _moment(headers.get("internal-date", "")),
            name=sender.name,
            external_id=mail.message_id,
            reply_to=mail.references,
            identities=(Identity("email", person, verified=verified),) if sender.address else (),
            data=_data(mail, sort, notification, headers, verified=verified),
        )
    ]


def _key(mail: Mail, fingerprint: str) -> str:
    known = mail.message_id or ""
    return f"{known}#{fingerprint}" if len(known.encode()) <= 400 else f"#{fingerprint}"  # it goes into an index


def content_hash(mail: Mail) -> str:
    """SHA-256 (hex) of what the author wrote: the same for every copy of a mail, however it travelled."""
    digest = hashlib.sha256()
    for name in _AUTHORS:
        for value in mail.parts.all(name):
            digest.update(name.encode() + b":" + b" ".join(value.split()) + b"\n")
    digest.update(b"\n" + mail.raw[mail.parts.start :].replace(b"\r\n", b"\n").rstrip())
    return digest.hexdigest()


def _receipts(mail: Mail, notification: Report, account: MailAccount) -> list[Event]:
    """Receipts for the mail of ours a notification speaks of; none when it is not ours to begin with."""
    original = notification.original_id
    if original is None or domain_of(original).lower() != account.domain:
        return []
    found: list[Event] = []
    for outcome in notification.outcomes:
        # Our mails have one recipient each, so our own To is surer than the address it was forwarded to.
        to = notification.original_to[0] if len(notification.original_to) == 1 else outcome.recipient
        if outcome.action == "failed":
            found.append(_failed(Address("email", account.name, to), original, outcome, mail.sent))
        elif outcome.action == "delivered":
            address = Address("email", account.name, to)
            found.append(Receipt(address, original, "delivered", outcome.status, at=mail.sent))
        else:
            found.append(Ignored(f"delivery report: {outcome.action[:20]}"))
    return found


def _failed(address: Address, original: str, outcome: Outcome, at: datetime | None) -> Receipt:
    sentence = (
        "This mail address does not exist (any more)." if outcome.gone else "The mail came back: it was not delivered."
    )
    return Receipt(
        address,
        original,
        "failed",
        code=outcome.status or "bounce",
        sentence=f"{sentence} {outcome.reason}".strip(),
        at=at,
        gone=outcome.gone,
    )


def _data(
    mail: Mail, sort: str, notification: Report | None, headers: Mapping[str, str], *, verified: bool
) -> dict[str, Any]:
    data: dict[str, Any] = {
        "from": _person(mail.sender),
        "to": [_person(box) for box in mail.to[:_LISTED]],
        "cc": [_person(box) for box in mail.cc[:_LISTED]],
        "reply_to": [_person(box) for box in mail.reply_to[:_LISTED]],
        "kind": sort,
        "automatic": automatic(mail),
        "verified": verified,
    }
    if notification:
        data["bounce"] = [
            {"recipient": one.recipient, "action": one.action, "status": one.status, "reason": one.reason}
            for one in notification.outcomes[:_LISTED]
        ]
    if mail.shortened:
        data["shortened"] = True
    if headers.get("problem"):
        data["problem"] = headers["problem"]
    return data


def _person(box: Mailbox) -> dict[str, str]:
    return {"name": box.name, "address": box.address}


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
