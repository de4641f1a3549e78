"""Mails that came back: which of ours, for whom, and why. RFC 3464 reports, and what servers write in free text.

Free-text reports (Exim, qmail, old Postfix and Exchange, Gmail, Yahoo, Mail.ru, Yandex, Lotus Domino, …) are read by
their words; where they name nobody, the mail they return does. All of it is only believed with a mark of ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from channels.email.addresses import canonical, mailboxes
from channels.email.charset import Charsets
from channels.email.header import Fields, block, message_ids, text
from channels.email.mark import MARK_FIELD, proved
from channels.email.mime import Part, body
from channels.email.parse import Mail
from channels.email.reason import Reason, reason
from core.said import Said

_ORIGINALS = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers",
                        "message/global-headers"})  # fmt: skip
_REPORTS = ("message/delivery-status", "message/global-delivery-status")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_LOOKED_AT = 200_000  # characters of a free-text report; the rest is the mail it returns
_MOST = 500

# Where the report ends and the mail it returns begins.
_RETURNED = re.compile(
    r"(?im)^[ \t>]*(?:-{2,}[ ]?(?:this is a copy of (?:the|your) message|below this line is a copy|(?:the )?(?:body|"
    r"header)s? of|original message|returned (?:message|mail)|forwarded message|included is a copy|unsent message|"
    r"message header)|(?:this is a copy of|the following is a copy of|included below is|"
    r"copy of (?:the )?(?:original )?message|original message (?:headers|follows)|original (?:mail|headers)|"
    r"исходное сообщение|текст (?:исходного )?(?:письма|сообщения)|(?:return-path|received|message-id): ))"
)  # fmt: skip
_ADDRESS = re.compile(r"(?<![^\s<>\"'(\[:;,/])([^\s<>\"'()\[\]:;,@]{1,64}@[A-Za-z0-9.-]{1,200}\.[A-Za-z0-9-]{2,60})")
_THREAD = re.compile(r"(?im)^[ \t>]*(?:references|in-reply-to)[ \t]*:[^\n]*(?:\n[ \t>]+<[^\n]*)*")
_ID_SHAPED = re.compile(r"[a-z0-9]{8,40}\.[a-v0-9]{16}@")
_DELAYED = re.compile(
    r"(?i)delayed|still being retried|has not (?:yet )?been delivered|not yet been delivered|"
    r"could not be delivered (?:yet|for)|will (?:be )?(?:retr|keep trying|continue)|delivery attempts will continue|"
    r"this is a warning message only|you do not need to resend|no action is required|temporarily deferred|задержк|"
    r"будут продолжены|\(delay\)|not delivered yet|verzögert|retardé"
)
_FINAL = re.compile(
    r"(?i)permanent (?:error|failure|fatal)|(?:has )?given up|giving up|will not be retried|not going to try again|"
    r"failed permanently|\(failure\)|returning message to sender|returned to sender|delivery (?:has )?failed"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened for one recipient (empty: not named). `action` is failed, delayed, delivered, relayed, expanded."""

    recipient: str
    action: str
    why: Reason
    said: str

    @property
    def sentence(self) -> str:
        """For the agent: what it means, and what the server said."""
        return Said(self.why.sentence, self.said)


@dataclass(frozen=True, slots=True)
class Report:
    """A whole notification. `original_id` and `original_to` are of the mail it speaks of, where it says so."""

    outcomes: tuple[Outcome, ...]
    original_id: str | None
    original_to: tuple[str, ...]


def report(mail: Mail) -> Report:
    """What a bounce says, whatever it is made of; without an outcome when it says nothing that can be understood."""
    charsets = Charsets()
    outcomes: list[Outcome] = []
    original: Fields = []
    for part in mail.parts.walk():
        if part.type in _REPORTS:
            outcomes.extend(_outcomes(body(mail.raw, part), charsets))
        elif part.type in _ORIGINALS and not original:
            original = _fields(body(mail.raw, part)[:500_000])
    words = mail.text[:_LOOKED_AT]
    start = _RETURNED.search(words)
    told = words[: start.start()] if start else words
    if not original and start:
        original = _returned(words[start.start() :])
    if not outcomes:
        outcomes = _free(mail, told, _to(original, charsets))
    alone = len(outcomes) == 1
    outcomes = [one if one.said else _told_in_words(one, told, alone=alone) for one in outcomes[:_MOST]]
    ids = [one for name, value in original if name == "message-id" for one in message_ids(value)]
    return Report(tuple(outcomes), ids[0] if ids else None, tuple(_to(original, charsets)))


def origin(mail: Mail, key: str) -> str | None:
    """The id of the message of ours that came back, proved by its mark; None when no mark proves any.

    The surest place first: the address the report was sent to, the id our envelope asked to be quoted, the fields of
    the mail that is returned. Its References hold older marks of ours, so those count for nothing.
    """
    if not key:
        return None
    own, returned, envelope = [], [], []
    for part in mail.parts.walk():
        if part.type in _REPORTS:
            fields = _fields(body(mail.raw, part)[:100_000])
            envelope += [value for name, value in fields if name in ("original-envelope-id", "x-original-message-id")]
        elif part.type in _ORIGINALS:
            returned += _marks(_fields(body(mail.raw, part)[:500_000]))
    for name in ("delivered-to", "x-original-to", "envelope-to", "to"):
        own += mail.parts.all(name)[:20]
    words = mail.text[:_LOOKED_AT]
    inline = re.findall(r"(?im)^[ \t>]*(?:message-id|x-switchboard)[ \t]*:[ \t]*(?:\n[ \t]+)?(\S{1,300})", words)
    places = (
        own,
        envelope,
        returned,
        [line.encode() for line in inline],
        mail.parts.all("in-reply-to"),
        [value for name in ("x-original-message-id", "x-failed-message-id") for value in mail.parts.all(name)],
        [one.encode() for value in mail.parts.all("references")[:1] for one in message_ids(value)[-1:]],
    )
    for place in places:
        if found := proved(key, b"\n".join(place).decode("utf-8", "replace")):
            return found[0]
    start = _RETURNED.search(words)
    anywhere = proved(key, _THREAD.sub("", words[: start.start()] if start else words))
    return anywhere[0] if len(anywhere) == 1 else None


def _marks(fields: Fields) -> list[bytes]:
    return [value for name, value in fields if name in ("message-id", MARK_FIELD, "return-path", "reply-to", "sender")]


def _fields(data: bytes) -> Fields:
    data = data.lstrip(b"\r\n")
    found, _ = block(data, 0, len(data), lambda _: False)
    return found


def _returned(words: str) -> Fields:
    """The fields of a mail that is returned as text below the report: of the first block that looks like one."""
    start = re.search(r"(?im)^[ \t>]*(?:return-path|received|from|to|message-id|subject|date|mime-version):", words)
    if start is None:
        return []
    lines = [re.sub(r"^[ \t]*>[ ]?", "", line) for line in words[start.start() :].split("\n")[:300]]
    return _fields("\n".join(lines).encode())


def _to(original: Fields, charsets: Charsets) -> list[str]:
    return [canonical(box.address) for name, value in original if name == "to" for box in mailboxes(value, charsets)]


# ----------------------------------------------------------------------------------------------- for machines


def _outcomes(data: bytes, charsets: Charsets) -> list[Outcome]:
    found: list[Outcome] = []
    at = 0
    while at < len(data) and len(found) < _MOST:
        fields, after = block(data, at, len(data), lambda _: False)
        if after <= at:
            break
        at = after
        values = {name: text(value, charsets) for name, value in reversed(fields)}
        recipient = _recipient(values.get("original-recipient", "")) or _recipient(values.get("final-recipient", ""))
        action = values.get("action", "").strip().lower().split(" ")[0]
        if not recipient or not action:
            continue
        said = values.get("diagnostic-code", "").partition(";")[2].strip() or values.get("diagnostic-code", "")
        status = _STATUS.search(values.get("status", ""))
        why = reason(status[1] if status else "", said)
        found.append(Outcome(recipient, action, why, said[:500]))
    return found


def _told_in_words(outcome: Outcome, told: str, *, alone: bool) -> Outcome:
    """An outcome for which the machine's part gives no reason (Exim's): that for people does, behind the recipient."""
    at = told.lower().find(outcome.recipient)
    behind = told[at + len(outcome.recipient) :].lstrip(" \t:>\r\n").split("\n\n")[0] if at >= 0 else ""
    said = behind[:500] or (told[:2000] if alone else "")
    why = reason(outcome.why.status, said)
    return replace(outcome, why=why, said=" ".join(behind.split())[:500] or _telling(said, why.status))


def _recipient(value: str) -> str:
    address = value.rpartition(";")[2].strip().strip("<>")
    return canonical(address) if "@" in address else ""


# ------------------------------------------------------------------------------------------------- in words


def _free(mail: Mail, told: str, original_to: list[str]) -> list[Outcome]:
    """The outcomes of a report in free text: one per recipient it names, or one for nobody in particular."""
    subject = mail.subject
    named = [
        canonical(box.address)
        for name in ("x-failed-recipients", "x-original-to-failed")
        for value in mail.parts.all(name)[:5]
        for box in mailboxes(value, Charsets())
    ]
    ours = {canonical(box.address) for box in (*mail.to, mail.sender)}
    written = [canonical(one) for one in _ADDRESS.findall(told)]
    recipients = named or [one for one in original_to if one in written] or [
        one for one in written if one not in ours and not _speaks(one) and not _ID_SHAPED.match(one)
    ] or original_to  # fmt: skip
    late = bool(_DELAYED.search(subject) or _DELAYED.search(told))
    final = bool(_FINAL.search(subject) or (_FINAL.search(told) and not _DELAYED.search(subject)))
    action = "delayed" if late and not final else "failed"
    why = reason("", told)
    if action == "failed" and not why.status:
        why = why._replace(status="5.0.0")
    said = _telling(told, why.status)
    return [Outcome(one, action, why, said) for one in list(dict.fromkeys(recipients))[:20] or [""]]


def _speaks(address: str) -> bool:
    """Whether an address in a report is that of whom to ask for help, rather than of whom the mail was for."""
    return address.partition("@")[0] in ("postmaster", "mailer-daemon", "abuse", "support", "admin", "webmaster")


def _telling(told: str, status: str) -> str:
    """The lines of a report that say why: those with an SMTP answer or a status, else its first ones."""
    lines = [line.strip(" \t>|") for line in told.split("\n")]
    lines = [line for line in lines if line][:400]
    telling = [line for line in lines if _STATUS.search(line) or re.search(r"(?<![\d.])[45]\d\d[ -]", line)]
    if not telling:
        telling = [line for line in lines if reason("", line).status][:2] or lines[:3]
    return " ".join(telling)[:500]


def is_report(part: Part) -> bool:
    """Whether a part is a delivery report for machines."""
    return part.type in _REPORTS
