"""A mail in JSON types, as `switchboard normalise email` prints it."""

from __future__ import annotations

import hashlib
from typing import Any

from channels.email.addresses import Mailbox
from channels.email.bounce import Report, report
from channels.email.machine import kind
from channels.email.meeting import meeting
from channels.email.parse import Mail
from channels.email.visible import visible_document, visible_words
from core.content import File
from core.sanitise import sanitise


def described(mail: Mail) -> dict[str, Any]:
    """Who wrote what to whom, what of it was written now, the attachments, and what a machine reports.

    `html` and `visible_html` are sanitised; `from`, `date`, `message_id`, both HTMLs and `bounce` are None where there
    is none; `meeting` is there only where one is. Times are ISO 8601 in UTC. Any string may still hold what JSON cannot
    (a lone surrogate from a header).
    """
    sort = kind(mail)
    notification = report(mail) if sort == "bounce" else None
    folded = visible_document(mail) if sort in ("message", "auto_reply") else None
    words = visible_words(mail) if sort in ("message", "auto_reply") else mail.text
    html = sanitise(mail.html) if mail.html else None
    return {
        "from": _person(mail.sender) if mail.sender.address or mail.sender.name else None,
        "to": [_person(box) for box in mail.to],
        "cc": [_person(box) for box in mail.cc],
        "reply_to": [_person(box) for box in mail.reply_to],
        "subject": mail.subject,
        "date": mail.sent.isoformat() if mail.sent else None,
        "message_id": mail.message_id,
        "references": list(mail.references),
        "text": mail.text,
        "html": html,
        "visible_text": words,
        "visible_html": sanitise(folded.visible) if folded is not None and folded.folded else html,
        "attachments": [_attachment(file) for file in mail.files],
        "kind": sort,
        "bounce": _bounce(notification) if notification is not None else None,
        **({"meeting": invitation} if (invitation := meeting(mail)) else {}),
    }


def _person(box: Mailbox) -> dict[str, str]:
    return {"name": box.name, "address": box.address}


def _attachment(file: File) -> dict[str, Any]:
    data = file.data or b""
    return {
        "name": file.name,
        "type": file.type,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "inline": file.content_id is not None,
    }


def _bounce(notification: Report) -> dict[str, Any]:
    """The report as one: the worst of its outcomes, and every recipient it speaks of."""
    outcomes = notification.outcomes
    failed = [one for one in outcomes if one.action == "failed"]
    told = next(iter(failed or outcomes), None)
    named = dict.fromkeys(one.recipient for one in (failed or outcomes) if one.recipient)
    return {
        "recipients": list(named or dict.fromkeys(notification.original_to)),
        "status": told.why.status if told else "",
        "permanent": any(one.why.permanent for one in failed),
        "reason": told.sentence if told else "",
    }
