"""Whether a machine wrote a mail, so that no machine of ours answers it (RFC 3834), and which kind of machine."""

from __future__ import annotations

import re
from typing import Literal

from channels.email.parse import Mail

Kind = Literal["message", "auto_reply", "bounce", "complaint", "receipt"]

_BULK = frozenset({b"bulk", b"junk", b"list", b"auto_reply", b"auto-reply"})
_MARKS = frozenset({"list-id", "list-unsubscribe", "x-autoreply", "x-autorespond", "x-autoresponder", "feedback-id",
                    "x-auto-reply-from", "x-mail-autoreply", "x-failed-recipients", "x-campaign-id"})  # fmt: skip
_MACHINES = re.compile(
    r"(?:mailer-daemon|postmaster|mail-daemon|no-?_?reply|do-?_?not-?_?reply|bounces?|notifications?-noreply)"
    r"(?:[+._-].*)?\Z"
)
_AWAY = re.compile(
    r"(?i)\s*(?:auto(?:matic)?[ -]?(?:reply|response|antwort)|automatische antwort|out of (?:the )?office|"
    r"abwesenheit|réponse automatique|respuesta automática|risposta automatica|автоответ|автоматический ответ|"
    r"автовідповідь|автоматична відповідь|autoodpowied)"
)


def kind(mail: Mail) -> Kind:
    """What sort of mail it is; `message` when nothing says otherwise."""
    root = mail.parts
    report = root.type_params.get("report-type", "").lower() if root.type == "multipart/report" else ""
    types = {part.type for part in root.walk()} if report or root.type.startswith("multipart/") else {root.type}
    if report == "feedback-report" or (report and "message/feedback-report" in types):
        return "complaint"
    if report == "delivery-status" or "message/delivery-status" in types or root.first("x-failed-recipients"):
        return "bounce"
    if report == "disposition-notification" or (report and "message/disposition-notification" in types):
        return "receipt"
    local = mail.sender.address.lower().partition("@")[0]
    if local in ("mailer-daemon", "mail-daemon") and root.first("return-path") == b"<>":
        return "bounce"
    submitted = root.first("auto-submitted").lower()
    if submitted.startswith(b"auto-replied") or root.first("x-autoreply") or root.first("x-autorespond"):
        return "auto_reply"
    return "auto_reply" if _AWAY.match(mail.subject) else "message"


def automatic(mail: Mail) -> bool:
    """True when an automatic answer would reach a machine, a list, or somebody who asked for none."""
    root = mail.parts
    submitted = root.first("auto-submitted").lower().strip()
    suppressed = root.first("x-auto-response-suppress").lower()
    return (
        kind(mail) != "message"
        or (submitted != b"" and not submitted.startswith(b"no"))
        or root.first("precedence").lower().strip() in _BULK
        or any(name in _MARKS for name, _ in root.fields)
        or (suppressed != b"" and suppressed != b"none")
        or root.first("return-path").strip() == b"<>"
        or _MACHINES.match(mail.sender.address.lower().partition("@")[0]) is not None
    )
