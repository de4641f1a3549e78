"""Why a mail came back: an enhanced status (RFC 3463, 5248), an SMTP answer, or the words servers use instead.

Hard means that the address is dead: nobody is there, or the whole domain is not. Everything else is soft: this mail
did not arrive, another one may.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.:-])([45]\d\d)[ -](?=\D)")

# The subject and detail of a status whose address is dead, whatever the mail. 1.7 and 1.8 speak of the sender.
_DEAD = frozenset({"1.0", "1.1", "1.2", "1.3", "1.6", "1.9", "1.10", "2.1"})


class Reason(NamedTuple):
    """`status` is an enhanced one or empty; `permanent`: this mail will never arrive; `gone`: the address is dead."""

    status: str
    permanent: bool
    gone: bool
    sentence: str


class _Words(NamedTuple):
    status: str
    gone: bool
    pattern: re.Pattern[str]


def _words(status: str, pattern: str, *, gone: bool = False) -> _Words:
    return _Words(status, gone, re.compile(pattern, re.IGNORECASE))


# What servers write, most telling first. Each pattern is bounded, so that the search stays linear.
_SAYINGS = (
    _words("5.2.2", r"(?:mailbox|inbox|quota|storage|disk)[^\n]{0,40}(?:is full|full\b|exceed|over)|over ?quota|"
           r"(?:exceed|over)[^\n]{0,30}(?:quota|storage limit)|insufficient (?:disk|system) (?:space|storage)|"
           r"почтовый ящик[^\n]{0,20}переполнен|ящик переполнен|переповнен"),
    _words("5.3.4", r"message (?:size|too (?:large|big))|size (?:limit|exceeds)|too large|"
               r"exceeds? (?:the )?(?:maximum )?size"),
    _words("5.7.1", r"spam|blacklist|block(?:ed|list)\b|reputation|dnsbl|spamhaus|policy (?:reasons|violation)|"
           r"content (?:rejected|not accepted)|(?:message|mail) (?:was )?rejected (?:due to|because|by)|dmarc|"
           r"spf (?:check|fail)|access denied|relay(?:ing)? (?:access )?(?:denied|not permitted)|prohibited|virus"),
    _words("5.1.1", r"(?:user|recipient|mailbox|account|address|addressee|login)[^\n]{0,80}?(?:unknown|not found|"
           r"does ?n[o']t exist|could ?n[o']t be found|is not (?:a )?(?:valid|known|listed)|no longer (?:exists|"
           r"available|valid|on this server|active|works)|invalid|not exist|unavailable to)|(?:no such|unknown|"
           r"invalid|nonexistent|bad|unrouteable|undeliverable|no) (?:local )?(?:user|recipient|mailbox|account|"
           r"address|person|mail ?drop)|not listed in (?:domino directory|the (?:public )?name)|"
           r"doesn't have an? [^\n]{0,40}account|this (?:account|address) (?:has been|is) (?:closed|deleted|"
           r"terminated)|user (?:account )?(?:doesn't|does not) exist|(?:адрес|ящик|пользовател|"
           r"получател)[^\n]{0,40}не (?:найден|существует|зарегистрирован)|нет такого (?:пользователя|ящика)|"
           r"(?:користувач|скринька|адрес)[^\n]{0,40}не (?:знайден|існує)|empfänger[^\n]{0,40}(?:unbekannt|"
           r"existiert nicht)|destinataire[^\n]{0,30}inconnu|no existe", gone=True),
    _words("5.2.1", r"(?:mailbox|account|user|recipient)[^\n]{0,40}(?:disabled|deactivated|suspended|inactive|"
               r"blocked by admin)|inactive (?:user|account)|ящик[^\n]{0,20}(?:заблокирован|отключ)|"
               r"is disabled", gone=True),
    _words("5.1.2", r"(?:host|domain)[^\n]{0,60}(?:not found|unknown|does ?n[o']t exist|"
               r"could ?n[o']t be (?:found|resolved))|no (?:such|mx|mail) (?:host|domain|record|server|exchanger)|"
               r"unrouteable (?:mail )?domain|nxdomain|couldn't find any host (?:named|by that name)|"
               r"домен[^\n]{0,30}не (?:найден|существует)", gone=True),
    _words("4.4.7", r"(?:retry|retries|time)(?:[ -]?out| timeout)? (?:exceeded|expired)|message expired|"
           r"(?:been )?(?:in the queue|on the queue|undeliverable|unable to deliver)[^\n]{0,30}(?:too long|"
           r"for (?:more than )?\d+ (?:days|hours))|(?:could not|couldn't|cannot|can't) (?:connect|be reached)|"
           r"connection (?:timed out|refused)|no route to host|this (?:is a )?permanent error.{0,40}queue"),
)  # fmt: skip

_SENTENCES = {
    "gone": "This mail address does not exist (any more).",
    "domain": "The domain of this mail address does not exist (any more).",
    "full": "The mailbox is full.",
    "large": "The mail is too large for the recipient's server.",
    "refused": "The recipient's server refused the mail.",
    "away": "The recipient's server could not be reached for so long that the mail came back.",
    "other": "The mail came back: it was not delivered.",
}


def reason(status: str, said: str) -> Reason:
    """What a status (may be empty) and what the server said (may be anything) mean."""
    words = said[:20_000]
    precise = _ENHANCED.search(words)
    if precise and precise[1] != "2" and (not status or status.endswith(".0.0")):
        status = precise[0]
    saying = next((one for one in _SAYINGS if one.pattern.search(words)), None)
    # A status that says nothing ("5.0.0", "5.7.x" is never nothing) is read by its words.
    if saying and (not status or status.endswith(".0.0")):
        status = saying.status if not status.startswith("4.") or saying.status.startswith("4.") else status
    if not status and (reply := _REPLY.search(words)):
        status = f"{reply[1][0]}.0.0"
    detail = status.partition(".")[2]
    dead = detail in _DEAD or (detail in ("4.4", "4.0") and saying is not None and saying.status == "5.1.2")
    if detail == "1.0":
        dead = saying is not None and saying.gone
    permanent = not status.startswith("4.")
    gone = permanent and dead
    return Reason(status, permanent, gone, _SENTENCES[_sort(detail, gone=gone)])


def _sort(detail: str, *, gone: bool) -> str:
    if gone:
        return "domain" if detail in ("1.2", "1.10", "4.4", "4.0") else "gone"
    if detail in ("2.2", "3.1"):
        return "full"
    if detail in ("3.4", "2.3"):
        return "large"
    if detail.startswith("7."):
        return "refused"
    if detail in ("4.1", "4.7", "4.4", "4.2"):
        return "away"
    return "other"
