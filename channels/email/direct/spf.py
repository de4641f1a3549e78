"""SPF (RFC 7208): whether the server that handed a mail over may do so for the domain of its envelope sender.

Our own, because the libraries there are block the loop or call what dnspython has deprecated. Bounded as section 4.6.4
asks: ten questions, two without an answer, and twenty seconds in all.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import TypeVar

from channels.email.addresses import ascii_domain, domain_of
from channels.email.direct.lookup import DnsAwayError, Lookup
from channels.email.direct.spf_record import BrokenRecordError, Directive, Record, expand, parse

QUESTIONS = 10
EMPTY = 2
NAMES = 10  # of one MX or PTR
DEPTH = 20
SECONDS = 20.0
_VERSION = re.compile(rb"v=spf1(?: |\Z)", re.IGNORECASE)
_LABEL = re.compile(r"[^.\s]{1,63}\Z")

IP = IPv4Address | IPv6Address
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spf:
    """`result` as RFC 8601 names it; `domain` is whose record it was; `helo`: it is what the server calls itself."""

    result: str
    domain: str
    helo: bool = False


async def check(lookup: Lookup, ip: IP, sender: str, helo: str) -> Spf:
    """The result for a mail from `sender` (empty: a bounce, which is judged by `helo`). Never raises."""
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    domain = ascii_domain((domain_of(sender) if sender else helo).lower())
    local = sender.rpartition("@")[0] or "postmaster"
    query = _Query(lookup, ip, local, domain, helo)
    try:
        async with asyncio.timeout(SECONDS):
            result = await query.result(domain)
    except _LimitError:
        result = "permerror"
    except (DnsAwayError, TimeoutError):
        result = "temperror"
    return Spf(result, domain, helo=not sender)


class _LimitError(Exception):
    """The record asks more than it may, or makes no sense: a permerror."""


class _Query:
    """One check, with what is left of its bounds."""

    def __init__(self, lookup: Lookup, ip: IP, local: str, sender_domain: str, helo: str) -> None:
        self._lookup = lookup
        self._ip = ip
        self._local = local
        self._sender_domain = sender_domain
        self._helo = helo
        self._questions = QUESTIONS
        self._empty = EMPTY

    async def result(self, domain: str, depth: int = 0) -> str:
        """`check_host()` of the RFC: the result for `domain`. Raises _LimitError and DnsAwayError."""
        if not _is_name(domain):
            return "none"
        found = [text for text in await self._lookup.txt(domain) if _VERSION.match(text)]
        if not found:
            return "none"
        if len(found) > 1 or depth > DEPTH:
            raise _LimitError
        try:
            record = parse(found[0].decode("ascii"))
            return await self._judged(record, domain, depth)
        except (BrokenRecordError, UnicodeDecodeError) as error:
            raise _LimitError from error

    async def _judged(self, record: Record, domain: str, depth: int) -> str:
        for directive in record.directives:
            if await self._matches(directive, domain, depth):
                return directive.result
        if not record.redirect:
            return "neutral"
        self._ask()
        result = await self.result(await self._expanded(record.redirect, domain), depth + 1)
        if result == "none":
            raise _LimitError
        return result

    async def _matches(self, directive: Directive, domain: str, depth: int) -> bool:
        kind = directive.mechanism
        if kind == "all":
            return True
        if directive.network is not None:
            return self._ip in directive.network
        self._ask()
        target = await self._expanded(directive.domain, domain)
        if kind == "include":
            result = await self.result(target, depth + 1)
            if result == "none":
                raise _LimitError
            return result == "pass"
        if kind == "ptr":
            return any(name == target or name.endswith(f".{target}") for name in await self._proved_names())
        if not _is_name(target):
            return False
        if kind == "exists":
            return bool(self._counted(await self._lookup.addresses(target, IPv4Address(0))))
        hosts = [target]
        if kind == "mx":
            hosts = self._counted(await self._lookup.mx(target))
            if len(hosts) > NAMES:
                raise _LimitError
        for host in hosts:
            for address in self._counted(await self._lookup.addresses(host, self._ip)):
                width = directive.widths[address.version == 6]
                if self._ip in ip_network((address, width), strict=False):
                    return True
        return False

    async def _proved_names(self) -> list[str]:
        """The names of the server that lead back to it (section 5.5). What cannot be asked does not count."""
        proved: list[str] = []
        try:
            names = self._counted(await self._lookup.names(self._ip))
        except DnsAwayError:
            return []
        for name in names[:NAMES]:
            try:
                if self._ip in await self._lookup.addresses(name, self._ip):
                    proved.append(name.lower())
            except DnsAwayError:
                continue
        return proved

    def _ask(self) -> None:
        self._questions -= 1
        if self._questions < 0:
            raise _LimitError

    def _counted(self, answers: list[T]) -> list[T]:
        if not answers:
            self._empty -= 1
            if self._empty < 0:
                raise _LimitError
        return answers

    async def _expanded(self, spec: str, domain: str) -> str:
        if not spec:
            return domain
        values = {
            "s": f"{self._local}@{self._sender_domain}",
            "l": self._local,
            "o": self._sender_domain,
            "d": domain,
            "h": self._helo,
            "v": "in-addr" if self._ip.version == 4 else "ip6",
            "i": str(self._ip) if self._ip.version == 4 else ".".join(self._ip.exploded.replace(":", "")),
        }
        if "%{p" in spec.lower():
            names = await self._proved_names()
            below = [n for n in names if n == domain] + [n for n in names if n.endswith(f".{domain}")] + names
            values["p"] = below[0] if below else "unknown"
        return ascii_domain(expand(spec, values).lower())


def _is_name(domain: str) -> bool:
    labels = domain.split(".")
    return len(domain) <= 253 and len(labels) > 1 and all(_LABEL.match(label) for label in labels)
