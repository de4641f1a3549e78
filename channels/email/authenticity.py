"""Whether the From of a mail was proved, in our word or a trusted server's (Authentication-Results, RFC 8601).

Nobody else's word is taken: the field is believed only under the configured authserv-id, and only the topmost one,
because servers put theirs above whatever the sender wrote.
"""

from __future__ import annotations

import re
from typing import Literal

from channels.email.addresses import ascii_domain, domain_of
from channels.email.parse import Mail

# The name our own word stands under (`direct/check.py`). It counts only in mails that came in here: see `adapter.py`.
OURS = "switchboard"
_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"\s*([a-z0-9-]+)(?:/\d+)?\s*=\s*([a-z]+)(?=[\s;]|\Z)")


Verdict = Literal["proved", "failed", "unknown"]


def verdict(mail: Mail, authserv_id: str) -> Verdict:
    """What the trusted server says of the domain in From: it vouches for it, it does not, or nothing is known."""
    if mail.senders > 1:
        return "failed"  # RFC 7489 section 6.6.1: more than one author cannot be vouched for, and is a known trick
    if not authserv_id or mail.senders == 0:
        return "unknown"
    domain = ascii_domain(domain_of(mail.sender.address.lower()))
    if not domain:
        return "unknown"
    for value in mail.parts.all("authentication-results"):
        words = value.decode("utf-8", "replace").lower()
        for _ in range(5):  # comments nest
            words = _COMMENT.sub(" ", words)
        server, *results = re.sub(r'"[^"]*"', '""', words).split(";")
        if server.split()[:1] == [authserv_id]:
            return _judged(results, domain)
    return "unknown"


def _judged(results: list[str], domain: str) -> Verdict:
    verdicts: dict[str, str] = {}
    aligned = False
    for one in results:
        match = _RESULT.match(one)
        if not match:
            continue
        method, verdict = match[1], match[2]
        verdicts.setdefault(method, verdict)
        if verdict == "pass" and method == "dkim":
            aligned |= any(_aligned(d, domain) for d in re.findall(r"header\.(?:d|i)\s*=\s*([^\s;]+)", one))
        elif verdict == "pass" and method == "spf":
            aligned |= any(_aligned(d, domain) for d in re.findall(r"smtp\.mailfrom\s*=\s*([^\s;]+)", one))
    if verdicts.get("dmarc") == "temperror":
        return "proved" if aligned else "unknown"  # it could not be asked: nothing is held against the mail
    if "dmarc" in verdicts and verdicts["dmarc"] not in ("none", "bestguesspass"):
        return "proved" if verdicts["dmarc"] == "pass" else "failed"
    if aligned:
        return "proved"
    return "failed" if {"fail", "softfail"} & {verdicts.get("spf"), verdicts.get("dkim")} else "unknown"


def _aligned(found: str, domain: str) -> bool:
    """The proved domain is the one in From, or below it (a bounce domain): never above, which may be a public one."""
    found = found.strip("\"'<>.").rpartition("@")[2]
    return found == domain or found.endswith(f".{domain}")
