"""DMARC: whether what SPF and DKIM proved belongs to the domain in From.

RFC 7489 with the DNS tree walk of its successor (DMARCbis), which finds organisational domains by the records
themselves and needs no list of public suffixes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from channels.email.direct.dkim import Dkim
from channels.email.direct.lookup import DnsAwayError, Lookup
from channels.email.direct.spf import Spf

WALK = 8  # questions for one domain
_POLICIES = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True)
class Dmarc:
    """`result` as RFC 8601 names it, and the policy the domain asks for (empty when it has none)."""

    result: str
    policy: str = ""


@dataclass(frozen=True, slots=True)
class _Walked:
    """What the way up from a domain found: the organisational domain, each record by its domain, a registry's."""

    organisation: str
    records: dict[str, dict[str, str]]
    registry: dict[str, str] | None = None


async def check(lookup: Lookup, author_domain: str, spf: Spf | None, signatures: Sequence[Dkim]) -> Dmarc:
    """The result for a mail whose author is at `author_domain`; `spf` None: it could not be checked. Never raises."""
    if not author_domain:
        return Dmarc("none")
    try:
        walked = await _walk(lookup, author_domain)
    except DnsAwayError:
        return Dmarc("temperror")
    own = walked.records.get(author_domain)
    record = own or walked.records.get(walked.organisation) or walked.registry
    if record is None:
        return Dmarc("none")
    policy = record["p"] if own else record.get("sp", record["p"])
    strict_spf, strict_dkim = record.get("aspf") == "s", record.get("adkim") == "s"
    proofs = [(one.result, one.domain, strict_dkim) for one in signatures]
    if spf is not None:
        proofs.append((spf.result, spf.domain, strict_spf))
    unsure = spf is None
    for result, domain, strict in dict.fromkeys(proofs):
        if result not in ("pass", "temperror"):
            continue
        try:
            aligned = domain == author_domain or (
                not strict and domain != "" and (await _walk(lookup, domain)).organisation == walked.organisation
            )
        except DnsAwayError:
            aligned, result = True, "temperror"
        if aligned and result == "pass":
            return Dmarc("pass", policy)
        unsure |= aligned
    return Dmarc("temperror" if unsure else "fail", policy)


async def _walk(lookup: Lookup, domain: str) -> _Walked:
    """The DNS tree walk (DMARCbis section 4.10). Raises DnsAwayError."""
    labels = domain.split(".")
    starts = list(range(len(labels)))
    if len(starts) > WALK:
        starts = [0, *starts[1 - WALK :]]
    names = [".".join(labels[start:]) for start in starts]
    # Asked at once: the answers are few bytes, and a mail waits for them.
    answers = await asyncio.gather(*(lookup.txt(f"_dmarc.{name}") for name in names), return_exceptions=True)
    records: dict[str, dict[str, str]] = {}
    organisation = ""
    for place, (name, answer) in enumerate(zip(names, answers, strict=True)):
        if isinstance(answer, BaseException):
            raise answer
        record = _record(answer)
        if record is None:
            continue
        records[name] = record
        if record.get("psd") == "n":
            organisation = name
            break
        if record.get("psd") == "y":
            # A registry's own record: the organisation is one label below it, if the walk began below it.
            return _Walked(names[place - 1] if place else name, records, record)
        organisation = name
    return _Walked(organisation or domain, records)


def _record(texts: list[bytes]) -> dict[str, str] | None:
    """The one DMARC record among `texts`; None when there is none, or several."""
    found = []
    for text in texts:
        pairs = [part.partition("=") for part in text.decode("utf-8", "replace").split(";")]
        tags = {name.strip().lower(): value.strip() for name, equals, value in reversed(pairs) if equals}
        if pairs[0][0].strip().lower() == "v" and pairs[0][2].strip() == "DMARC1":
            found.append(tags)
    if len(found) != 1:
        return None
    record = {name: value.lower() for name, value in found[0].items()}
    if record.get("p") not in _POLICIES:
        # RFC 7489 section 6.6.3: reports alone are asked for, or it is no record.
        if not record.get("rua"):
            return None
        record["p"] = "none"
    if record.get("sp") not in _POLICIES:
        record.pop("sp", None)
    return record
