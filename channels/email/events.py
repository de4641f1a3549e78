"""What a mail means to the hub: an arrival, receipts for a mail of ours, or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from channels.email.account import MailAccount
from channels.email.addresses import Mailbox, canonical
from channels.email.authenticity import Verdict, verdict
from channels.email.bounce import Report, origin, report
from channels.email.complaint import complaint
from channels.email.disposition import disposition
from channels.email.machine import Kind, automatic, challenge, kind
from channels.email.mark import conversation_of, proved, untagged
from channels.email.meeting import meeting
from channels.email.parse import Mail
from channels.email.renamed import known_names
from channels.email.visible import visible_words
from core.channel import Address, Arrival, Event, Identity, Ignored, Receipt, Withdrawal
from core.content import Content

# What the author wrote, which no server on the way changes. The rest (Received, spam marks, seals) differs per copy.
_AUTHORS = ("from", "sender", "reply-to", "to", "cc", "date", "subject", "message-id", "in-reply-to", "references",
            "content-type", "content-transfer-encoding")  # fmt: skip
_LISTED = 100  # recipients kept per field
_STATUSES: Mapping[str, Literal["failed", "delayed", "delivered"]] = {
    "failed": "failed",
    "delayed": "delayed",
    "delivered": "delivered",
}


def events(mail: Mail, account: MailAccount, headers: Mapping[str, str]) -> list[Event]:
    """The events in `mail`. `headers` are the parcel's: `internal-date` and `problem`, both optional.

    What a machine reports of a mail of ours becomes receipts if a mark proves that the mail was ours; without that it
    is kept as a mail like any other, and changes nothing.
    """
    sort = kind(mail)
    notification = report(mail) if sort == "bounce" else None
    told = _told(mail, sort, notification, account)
    if told:
        return told
    sender = mail.sender
    if sender.address and untagged(canonical(sender.address)) == account.address:
        # A form on the shop's own site writes from our address and names the customer in Reply-To.
        others = [box for box in mail.reply_to if untagged(canonical(box.address)) != account.address]
        if not others:
            return [Ignored("our own mail came back")]
        sender = others[0]
    fingerprint = content_hash(mail)
    person = canonical(sender.address) if sender.address else f"unknown-{fingerprint[:16]}@invalid"
    judged = verdict(mail, account.authserv_id) if sender is mail.sender else "unknown"
    # Nobody vouches for a Reply-To, but no more is done with it than with what is typed into a form.
    doubted = judged == "failed" or (judged == "unknown" and not account.trust_from and sender is mail.sender)
    identity = Identity("email", person, verified=judged == "proved", doubted=doubted)
    return [
        Arrival(
            address=Address("email", account.name, person),
            key=_key(mail, fingerprint),
            content=_content(mail, sort),
            at=mail.sent or _moment(headers.get("internal-date", "")),
            name=sender.name,
            external_id=mail.message_id,
            reply_to=known_names(mail.references),
            identities=(identity,) if sender.address else (),
            data=_data(mail, sort, notification, headers, account)
            | _authenticity(judged, doubted=doubted)
            | {"sha256": hashlib.sha256(mail.raw).hexdigest()},
            conversation=conversation_of(account.key, _recipients(mail), account.address, person),
        )
    ]


def _content(mail: Mail, sort: Kind) -> Content:
    words = visible_words(mail) if sort in ("message", "auto_reply") else mail.text
    return Content(
        text=mail.text,
        html=mail.html,
        subject=mail.subject or None,
        files=mail.files,
        visible=words if words != mail.text.strip() else None,
    )


def _recipients(mail: Mail) -> list[str]:
    """Every address the mail says it was sent to."""
    delivered = [
        word.decode("latin-1").strip("<>")
        for name in ("delivered-to", "x-original-to", "envelope-to")
        for value in mail.parts.all(name)[:10]
        for word in value.split()[:5]
    ]
    return [*(box.address for box in (*mail.to, *mail.cc)), *delivered]


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


def _told(mail: Mail, sort: Kind, notification: Report | None, account: MailAccount) -> list[Event]:
    """What a machine reports of a mail of ours; nothing when it is not proved to be ours."""
    if notification is not None:
        ours = origin(mail, account.key)
        return _receipts(mail, notification, account, ours) if ours else []
    if sort == "complaint":
        said = complaint(mail, account.key)
        if said.outbound and said.unwanted:
            address = Address("email", account.name, said.recipient or "unknown@invalid")
            key = f"complaint:{said.outbound}"
            return [Withdrawal(address, key, how="complaint", at=mail.sent, outbound=said.outbound)]
        return [Ignored(f"feedback report: {said.feedback[:20]}")] if said.feedback == "not-spam" else []
    seen = disposition(mail, account.key) if sort == "receipt" else None
    if seen is None or seen.outbound is None:
        return []
    if not (seen.read or seen.arrived):
        return [Ignored(f"read receipt: {seen.what[:20]}")]
    address = Address("email", account.name, seen.recipient or canonical(mail.sender.address))
    status: Literal["read", "delivered"] = "read" if seen.read else "delivered"
    return [Receipt(address, seen.original_id, status, at=mail.sent, outbound=seen.outbound)]


def _receipts(mail: Mail, notification: Report, account: MailAccount, ours: str) -> list[Event]:
    found: list[Event] = []
    for outcome in notification.outcomes:
        to = outcome.recipient or next(iter(notification.original_to), "unknown@invalid")
        status = _STATUSES.get(outcome.action)
        if status is None:
            found.append(Ignored(f"delivery report: {outcome.action[:20]}"))
            continue
        failed = status == "failed"
        found.append(
            Receipt(
                Address("email", account.name, to),
                notification.original_id or "",
                status,
                code=outcome.why.status or ("bounce" if failed else ""),
                sentence=outcome.sentence if failed else outcome.said,
                at=mail.sent,
                gone=failed and outcome.why.gone,
                outbound=ours,
            )
        )
    return found


def _authenticity(judged: Verdict, *, doubted: bool) -> dict[str, Any]:
    return {"verified": judged == "proved", "authenticity": judged} | ({"doubted": True} if doubted else {})


def _data(
    mail: Mail, sort: Kind, notification: Report | None, headers: Mapping[str, str], account: MailAccount
) -> dict[str, Any]:
    asks = sort == "auto_reply" and challenge(mail)
    data: dict[str, Any] = {
        "from": _person(mail.sender, account),
        "to": [_person(box, account) for box in mail.to[:_LISTED]],
        "cc": [_person(box, account) for box in mail.cc[:_LISTED]],
        "reply_to": [_person(box, account) for box in mail.reply_to[:_LISTED]],
        "kind": sort,
        "automatic": automatic(mail, sort),
    }
    if sort != "message":
        data["machine"] = True
    if answers := proved(account.key, " ".join(mail.references)):
        data["answers"] = answers[-20:]
    if asks:
        data["challenge"] = True  # a person has to confirm, or what we wrote is never delivered
    elif sort in ("auto_reply", "receipt"):
        data["quiet"] = True
    if notification:
        data["bounce"] = [
            {"recipient": one.recipient, "action": one.action, "status": one.why.status, "reason": one.said}
            for one in notification.outcomes[:_LISTED]
        ]
    if invitation := meeting(mail):
        data["meeting"] = invitation
    if mail.shortened:
        data["shortened"] = True
    if headers.get("problem"):
        data["problem"] = headers["problem"]
    return data


def _person(box: Mailbox, account: MailAccount) -> dict[str, str]:
    ours = untagged(canonical(box.address)) == account.address
    return {"name": box.name, "address": account.address if ours else box.address}


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
