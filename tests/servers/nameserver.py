"""A DNS server on a UDP socket, with the records a test gives it.

    async with NameServer({("example.org", "TXT"): ["v=spf1 -all"]}) as dns: ... dns.port

A record's value is a list of texts as a zone file has them (TXT without its quotes), `SILENT` (no answer ever comes) or
`BROKEN` (SERVFAIL). Names that are not there do not exist. `asked` counts the questions by (name, type).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

SILENT, BROKEN = ["silent"], ["broken"]
Records = Mapping[tuple[str, str], Sequence[str]]


class NameServer(asyncio.DatagramProtocol):
    """The server; `records` may be changed while it runs."""

    def __init__(self, records: Records) -> None:
        self.records = dict(records)
        self.asked: Counter[tuple[str, str]] = Counter()
        self.port = 0

    async def __aenter__(self) -> NameServer:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.port = int(self._transport.get_extra_info("sockname")[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = dns.message.from_wire(data)
        asked = question.question[0]
        name, kind = asked.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(asked.rdtype)
        self.asked[name, kind] += 1
        values = self.records.get((name, kind))
        if values is SILENT:
            return
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        if values is BROKEN:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif values:
            found = [_rdata(kind, value) for value in values]
            answer.answer.append(dns.rrset.from_rdata_list(asked.name, 60, found))
        elif not any(known == name or known.endswith(f".{name}") for known, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(answer.to_wire(), addr)


def _rdata(kind: str, value: str) -> dns.rdata.Rdata:
    if kind == "TXT":
        pieces = [value[start : start + 255] for start in range(0, len(value), 255)] or [""]
        value = " ".join(f'"{piece}"' for piece in pieces)
    return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), value)
