"""Questions to the DNS, asynchronous and bounded in time, for SPF, DKIM and DMARC."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver
import dns.reversename

from channels.email.addresses import ascii_domain

SECONDS = 4.0  # for one question, all servers together
CACHED = 5_000  # answers


class DnsAwayError(Exception):
    """The DNS did not answer, or not now: nothing can be said about the name."""


class Lookup:
    """`servers` are (IP address, port); without any, those of the machine are asked.

    Each question returns the answers, none when the name or the record does not exist, and raises DnsAwayError.
    """

    def __init__(self, servers: Sequence[tuple[str, int]] = (), *, seconds: float = SECONDS) -> None:
        self._servers = servers
        self._seconds = seconds
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def txt(self, name: str) -> list[bytes]:
        """The TXT records, the strings of each put together."""
        return [b"".join(record.strings) for record in await self._ask(name, dns.rdatatype.TXT)]

    async def addresses(self, name: str, ip: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
        """The addresses of `name`, of the family of `ip`."""
        if ip.version == 4:
            return [IPv4Address(record.address) for record in await self._ask(name, dns.rdatatype.A)]
        return [IPv6Address(record.address) for record in await self._ask(name, dns.rdatatype.AAAA)]

    async def mx(self, name: str) -> list[str]:
        """The mail servers of `name`, the preferred first."""
        found = sorted(await self._ask(name, dns.rdatatype.MX), key=lambda record: int(record.preference))
        return [record.exchange.to_text(omit_final_dot=True) for record in found]

    async def names(self, ip: IPv4Address | IPv6Address) -> list[str]:
        """What the address is called (PTR)."""
        reverse = dns.reversename.from_address(str(ip))
        found = await self._ask(reverse.to_text(omit_final_dot=True), dns.rdatatype.PTR)
        return [record.target.to_text(omit_final_dot=True) for record in found]

    async def _ask(self, name: str, kind: dns.rdatatype.RdataType) -> list[Any]:
        try:
            asked = dns.name.from_text(ascii_domain(name))
        except (dns.exception.DNSException, UnicodeError, ValueError):
            return []  # what cannot be a name does not exist
        try:
            answer = await self._asked().resolve(asked, kind, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return []
        except (dns.exception.DNSException, OSError, EOFError) as error:
            raise DnsAwayError(f"{name[:100]}: {type(error).__name__}") from error
        return list(answer.rrset or ())

    def _asked(self) -> dns.asyncresolver.Resolver:
        """Made when first needed: reading the machine's resolv.conf may fail, and then nothing can be checked."""
        if self._resolver is None:
            resolver = dns.asyncresolver.Resolver(configure=not self._servers)
            if self._servers:
                resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in self._servers]
            resolver.lifetime = self._seconds
            resolver.timeout = self._seconds / 2
            resolver.cache = dns.resolver.LRUCache(CACHED)
            self._resolver = resolver
        return self._resolver
