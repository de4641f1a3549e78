"""Complaints of a mail provider (ARF, RFC 5965): somebody pressed "this is spam" on a mail of ours."""

from __future__ import annotations

import re
from dataclasses import dataclass

from channels.email.addresses import canonical, mailboxes
from channels.email.bounce import origin
from channels.email.charset import Charsets
from channels.email.header import block, text
from channels.email.mime import body
from channels.email.parse import Mail

# The feedback types by which a person says that they did not want it; `opt-out` is of the drafts, and still sent.
_UNWANTED = frozenset({"abuse", "opt-out", "opt-out-list", "fraud", "complaint", "miscategorized"})


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a feedback report says. `outbound` is the id of the message of ours it is about, proved; else None.

    `recipient` is who complained, empty where the provider hides it.
    """

    feedback: str
    recipient: str
    outbound: str | None

    @property
    def unwanted(self) -> bool:
        """Whether the person wants no more of it."""
        return self.feedback in _UNWANTED


def complaint(mail: Mail, key: str) -> Complaint:
    """The feedback report in `mail`."""
    charsets = Charsets()
    values: dict[str, str] = {}
    to = ""
    for part in mail.parts.walk():
        data = body(mail.raw, part)[:500_000] if not part.parts else b""
        if part.type == "message/feedback-report":
            fields, _ = block(data.lstrip(b"\r\n"), 0, len(data), lambda _: False)
            values |= {name: text(value, charsets) for name, value in reversed(fields)}
        elif part.type in ("message/rfc822", "text/rfc822-headers") and not to:
            fields, _ = block(data.lstrip(b"\r\n"), 0, len(data), lambda _: False)
            boxes = [box for name, value in fields if name == "to" for box in mailboxes(value, charsets)]
            to = canonical(boxes[0].address) if boxes else ""
    said = re.search(r"[^\s<>]+@[^\s<>]+", values.get("original-rcpt-to", ""))
    recipient = canonical(said[0]) if said else to
    feedback = values.get("feedback-type", "").strip().lower()
    return Complaint(feedback, recipient, origin(mail, key))
