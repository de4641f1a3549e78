"""Who wrote a mail, as far as it can be proved: SPF, DKIM and DMARC, as an Authentication-Results field (RFC 8601)."""

from __future__ import annotations

import asyncio
import re

from channels.email.addresses import ascii_domain, domain_of, mailboxes
from channels.email.authenticity import OURS
from channels.email.direct import dkim, dmarc, spf
from channels.email.direct.envelope import Envelope
from channels.email.direct.lookup import Lookup
from channels.email.parse import tree

SECONDS = 30.0
_UNSAFE = re.compile(r"[^a-z0-9._-]")


async def results(lookup: Lookup, mail: bytes, envelope: Envelope) -> str:
    """The value of an Authentication-Results field for `mail`. Never raises; takes at most half a minute."""
    try:
        async with asyncio.timeout(SECONDS):
            return await _results(lookup, mail, envelope)
    except TimeoutError:
        return f"{OURS}; dmarc=temperror"


async def _results(lookup: Lookup, mail: bytes, envelope: Envelope) -> str:
    authors = author_domains(mail)
    author = authors[0] if len(set(authors)) == 1 else ""
    checked, signatures = await asyncio.gather(_spf(lookup, envelope), dkim.check(lookup, mail, author))
    judged = await dmarc.check(lookup, author, checked, signatures)
    said = [OURS]
    if checked is not None:
        said.append(f"spf={checked.result} smtp.{'helo' if checked.helo else 'mailfrom'}={_word(checked.domain)}")
    said += [f"dkim={one.result} header.d={_word(one.domain)} header.s={_word(one.selector)}" for one in signatures]
    if not signatures:
        said.append("dkim=none")
    policy = f" policy.dmarc={judged.policy}" if judged.policy else ""
    said.append(f"dmarc={judged.result}{policy} header.from={_word(author)}")
    return ";\r\n ".join(said)


async def _spf(lookup: Lookup, envelope: Envelope) -> spf.Spf | None:
    if envelope.peer is None or envelope.handed_on:
        return None  # the server that wrote to us is not the one that sent the mail
    return await spf.check(lookup, envelope.peer, envelope.sender, envelope.helo)


def author_domains(mail: bytes) -> list[str]:
    """The domain of each author in From, in ASCII and lower case."""
    head = mail[: dkim.MAX_HEAD].partition(b"\r\n\r\n")[0]
    _, root, charsets = tree(head + b"\r\n\r\n")
    people = [box for value in root.all("from")[:10] for box in mailboxes(value, charsets)]
    return [ascii_domain(domain_of(box.address.lower())) for box in people]


def _word(text: str) -> str:
    return _UNSAFE.sub("?", text.lower()[:255]) or "?"
