"""Delivery status notifications (RFC 3464): which mail of ours did not arrive, for whom, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass

from channels.email.addresses import canonical, mailboxes
from channels.email.charset import Charsets
from channels.email.header import Fields, block, message_ids, text
from channels.email.mime import body
from channels.email.parse import Mail

_ORIGINALS = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers",
                        "message/global-headers"})  # fmt: skip
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened for one recipient. `action` is failed, delayed, delivered, relayed or expanded."""

    recipient: str
    action: str
    status: str
    reason: str

    @property
    def gone(self) -> bool:
        """The address itself is dead: status 5.1.x, but for the two that speak of the sender's address."""
        return self.action == "failed" and self.status.startswith("5.1.") and self.status not in ("5.1.7", "5.1.8")


@dataclass(frozen=True, slots=True)
class Report:
    """A whole notification. `original_id` and `original_to` are of the mail it speaks of, where it says so."""

    outcomes: tuple[Outcome, ...]
    original_id: str | None
    original_to: tuple[str, ...]


def report(mail: Mail) -> Report | None:
    """The notification in `mail`, or None when it holds none that machines can read."""
    outcomes: list[Outcome] = []
    original: Fields = []
    charsets = Charsets()
    for part in mail.parts.walk():
        if part.type in ("message/delivery-status", "message/global-delivery-status"):
            outcomes.extend(_outcomes(body(mail.raw, part), charsets))
        elif part.type in _ORIGINALS and not original:
            data = body(mail.raw, part)[:500_000].lstrip(b"\r\n")
            original, _ = block(data, 0, len(data), lambda _: False)
    if not outcomes:
        return None
    ids = [one for name, value in original if name == "message-id" for one in message_ids(value)]
    to = [box.address for name, value in original if name == "to" for box in mailboxes(value, charsets)]
    return Report(tuple(outcomes), ids[0] if ids else None, tuple(canonical(one) for one in to))


def _outcomes(data: bytes, charsets: Charsets) -> list[Outcome]:
    found: list[Outcome] = []
    at = 0
    while at < len(data) and len(found) < 500:
        fields, after = block(data, at, len(data), lambda _: False)
        if after <= at:
            break
        at = after
        values = {name: text(value, charsets) for name, value in reversed(fields)}
        recipient = _recipient(values.get("original-recipient", "")) or _recipient(values.get("final-recipient", ""))
        action = values.get("action", "").strip().lower().split(" ")[0]
        if not recipient or not action:
            continue
        reason = values.get("diagnostic-code", "").partition(";")[2].strip() or values.get("diagnostic-code", "")
        status = _STATUS.search(values.get("status", "")) or _STATUS.search(reason)
        precise = _STATUS.search(reason)
        if status and precise and status[1].endswith(".0.0"):
            status = precise
        found.append(Outcome(recipient, action, status[1] if status else "", reason[:500]))
    return found


def _recipient(value: str) -> str:
    address = value.rpartition(";")[2].strip().strip("<>")
    return canonical(address) if "@" in address else ""
