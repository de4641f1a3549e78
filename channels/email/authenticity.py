"""Whether the From of a mail was proved, in the word of a server we trust (Authentication-Results, RFC 8601).

Nobody else's word is taken: the field is believed only under the configured authserv-id, and only the topmost one,
because servers put theirs above whatever the sender wrote.
"""

from __future__ import annotations

import re

from channels.email.addresses import ascii_domain, domain_of
from channels.email.parse import Mail

_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"\s*([a-z0-9-]+)(?:/\d+)?\s*=\s*([a-z]+)(?=[\s;]|\Z)")


def proved(mail: Mail, authserv_id: str) -> bool:
    """True when the trusted server says that the domain in From vouches for this mail."""
    if not authserv_id or mail.senders != 1:
        return False
    domain = ascii_domain(domain_of(mail.sender.address.lower()))
    if not domain:
        return False
    for value in mail.parts.all("authentication-results"):
        words = value.decode("utf-8", "replace").lower()
        for _ in range(5):  # comments nest
            words = _COMMENT.sub(" ", words)
        server, *results = re.sub(r'"[^"]*"', '""', words).split(";")
        if server.split()[:1] == [authserv_id]:
            return _passes(results, domain)
    return False


def _passes(results: list[str], domain: str) -> bool:
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
    if "dmarc" in verdicts and verdicts["dmarc"] not in ("none", "bestguesspass"):
        return verdicts["dmarc"] == "pass"
    return aligned


def _aligned(found: str, domain: str) -> bool:
    """The proved domain is the one in From, or below it (a bounce domain): never above, which may be a public one."""
    found = found.strip("\"'<>.").rpartition("@")[2]
    return found == domain or found.endswith(f".{domain}")
