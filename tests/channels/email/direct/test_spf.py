"""SPF against a real DNS server: what RFC 7208 says of each mechanism, macro and bound."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from channels.email.direct import spf
from channels.email.direct.lookup import Lookup
from tests.servers.nameserver import BROKEN, SILENT, NameServer, Records

IP = "192.0.2.3"


def _zone(record: str, **more: list[str]) -> dict[tuple[str, str], Sequence[str]]:
    """`record` at example.org; keywords are further records, `mail_example_org__A` for mail.example.org's A."""
    first: dict[tuple[str, str], Sequence[str]] = {("example.org", "TXT"): [record]}
    return first | {
        (name.rpartition("__")[0].replace("_", "."), name.rpartition("__")[2]): values for name, values in more.items()
    }


async def result(
    records: Records, ip: str = IP, sender: str = "ann@example.org", helo: str = "mail.example.net"
) -> str:
    async with NameServer(records) as server:
        lookup = Lookup([("127.0.0.1", server.port)], seconds=1)
        return (await spf.check(lookup, ip_address(ip), sender, helo)).result


CASES: dict[str, tuple[str, Records]] = {
    "all": ("pass", _zone("v=spf1 +all")),
    "fail": ("fail", _zone("v=spf1 -all")),
    "softfail": ("softfail", _zone("v=spf1 ~all")),
    "neutral said": ("neutral", _zone("v=spf1 ?all")),
    "neutral by default": ("neutral", _zone("v=spf1")),
    "no record": ("none", _zone("v=spf10 -all")),
    "no such domain": ("none", {("example.net", "TXT"): ["v=spf1 -all"]}),
    "two records": ("permerror", {("example.org", "TXT"): ["v=spf1 -all", "v=spf1 +all"]}),
    "other texts beside it": ("pass", {("example.org", "TXT"): ["hello", "v=spf1 +all"]}),
    "case": ("fail", _zone("V=SPF1 -ALL")),
    "several spaces": ("fail", _zone("v=spf1   -all  ")),
    "ip4": ("pass", _zone("v=spf1 ip4:192.0.2.3 -all")),
    "ip4 network": ("pass", _zone("v=spf1 ip4:192.0.2.0/24 -all")),
    "ip4 other": ("fail", _zone("v=spf1 ip4:192.0.2.128/25 -all")),
    "ip4 no address": ("permerror", _zone("v=spf1 ip4:192.0.2 -all")),
    "ip4 with a v6 address": ("permerror", _zone("v=spf1 ip4:2001:db8::1 -all")),
    "ip4 prefix too long": ("permerror", _zone("v=spf1 ip4:192.0.2.0/33 -all")),
    "ip6 does not match v4": ("fail", _zone("v=spf1 ip6:::/0 -all")),
    "a": ("pass", _zone("v=spf1 a -all", example_org__A=[IP])),
    "a network": ("pass", _zone("v=spf1 a/24 -all", example_org__A=["192.0.2.77"])),
    "a both widths": ("pass", _zone("v=spf1 a:h.example.org/24//64 -all", h_example_org__A=["192.0.2.77"])),
    "a elsewhere": ("pass", _zone("v=spf1 a:h.example.org -all", h_example_org__A=[IP])),
    "a missing": ("fail", _zone("v=spf1 a:h.example.org -all")),
    "a too wide": ("permerror", _zone("v=spf1 a/33 -all")),
    "a without a dot": ("permerror", _zone("v=spf1 a:localhost -all")),
    "a with nothing": ("permerror", _zone("v=spf1 a: -all")),
    "mx": ("pass", _zone("v=spf1 mx -all", example_org__MX=["10 m.example.org."], m_example_org__A=[IP])),
    "mx other": ("fail", _zone("v=spf1 mx -all", example_org__MX=["10 m.example.org."], m_example_org__A=["1.2.3.4"])),
    "mx ten": (
        "fail",
        _zone("v=spf1 mx -all", example_org__MX=[f"10 m{n}.example.org." for n in range(10)])
        | {(f"m{n}.example.org", "A"): ["1.2.3.4"] for n in range(10)},
    ),
    "mx eleven": ("permerror", _zone("v=spf1 mx -all", example_org__MX=[f"10 m{n}.example.org." for n in range(11)])),
    "ptr": (
        "pass",
        _zone("v=spf1 ptr -all", h_example_org__A=[IP]) | {("3.2.0.192.in-addr.arpa", "PTR"): ["h.example.org."]},
    ),
    "ptr that does not lead back": (
        "fail",
        _zone("v=spf1 ptr -all", h_example_org__A=["1.2.3.4"])
        | {("3.2.0.192.in-addr.arpa", "PTR"): ["h.example.org."]},
    ),
    "exists": ("pass", _zone("v=spf1 exists:%{i}._spf.%{d} -all") | {(f"{IP}._spf.example.org", "A"): ["127.0.0.2"]}),
    "exists not": ("fail", _zone("v=spf1 exists:%{i}._spf.%{d} -all")),
    "include that passes": ("pass", _zone("v=spf1 include:b.example.org -all", b_example_org__TXT=["v=spf1 +all"])),
    "include that fails": ("neutral", _zone("v=spf1 include:b.example.org ?all", b_example_org__TXT=["v=spf1 -all"])),
    "include of nothing": ("permerror", _zone("v=spf1 include:b.example.org -all")),
    "include of itself": ("permerror", _zone("v=spf1 include:example.org -all")),
    "include broken": ("permerror", _zone("v=spf1 include:b.example.org +all", b_example_org__TXT=["v=spf1 foo"])),
    "redirect": ("fail", _zone("v=spf1 redirect=b.example.org", b_example_org__TXT=["v=spf1 -all"])),
    "redirect after all": ("pass", _zone("v=spf1 redirect=b.example.org +all", b_example_org__TXT=["v=spf1 -all"])),
    "redirect to nothing": ("permerror", _zone("v=spf1 redirect=b.example.org")),
    "redirect twice": ("permerror", _zone("v=spf1 redirect=b.example.org redirect=c.example.org")),
    "unknown mechanism": ("permerror", _zone("v=spf1 +all fool")),
    "unknown modifier": ("pass", _zone("v=spf1 moo=%{d} +all")),
    "modifier named as a mechanism": ("pass", _zone("v=spf1 a=b +all")),
    "broken behind a match": ("permerror", _zone("v=spf1 +all ip4:nonsense")),
    "exp is not asked": ("fail", _zone("v=spf1 -all exp=why.example.org")),
    "all with something": ("permerror", _zone("v=spf1 all:example.org")),
    "macro letter of explanations": ("permerror", _zone("v=spf1 exists:%{t}.example.org -all")),
    "stray percent": ("permerror", _zone("v=spf1 exists:%x.example.org -all")),
    "ten questions": (
        "pass",
        _zone(f"v=spf1 {' '.join(f'a:h{n}.example.org' for n in range(9))} a -all", example_org__A=[IP])
        | {(f"h{n}.example.org", "A"): ["1.2.3.4"] for n in range(9)},
    ),
    "eleven questions": (
        "permerror",
        _zone("v=spf1 " + " ".join(f"a:h{n}.example.org" for n in range(11)) + " -all")
        | {(f"h{n}.example.org", "A"): ["1.2.3.4"] for n in range(11)},
    ),
    "three without an answer": ("permerror", _zone("v=spf1 a:x.example.org a:y.example.org a:z.example.org +all")),
    "two without an answer": ("pass", _zone("v=spf1 a:x.example.org a:y.example.org +all")),
    "DNS says no": ("temperror", {("example.org", "TXT"): BROKEN}),
    "DNS is silent": ("temperror", {("example.org", "TXT"): SILENT}),
    "DNS away half-way": ("temperror", _zone("v=spf1 a:x.example.org -all") | {("x.example.org", "A"): BROKEN}),
    "not ASCII": ("permerror", _zone("v=spf1 a:b\\195\\188.example.org -all")),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
async def test_spf(name: str) -> None:
    expected, records = CASES[name]
    assert await result(records) == expected


async def test_spf_over_ipv6() -> None:
    zone = _zone("v=spf1 ip6:2001:db8::/32 a//64 -all", example_org__AAAA=["2001:db9::1"])
    assert await result(zone, "2001:db8::5") == "pass"
    assert await result(zone, "2001:db9::77") == "pass"
    assert await result(zone, "2001:dba::1") == "fail"
    assert await result(_zone("v=spf1 ip4:192.0.2.3 -all"), "::ffff:192.0.2.3") == "pass"


async def test_a_bounce_is_judged_by_what_the_server_calls_itself() -> None:
    zone = {("mail.example.net", "TXT"): ["v=spf1 ip4:192.0.2.3 -all"]}
    assert await result(zone, sender="") == "pass"
    assert await result(zone, "192.0.2.4", sender="") == "fail"
    assert await result(zone, sender="", helo="[192.0.2.3]") == "none"


@pytest.mark.parametrize(
    ("macro", "expected"),
    [
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l}", "strong-bad"),
        ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
        ("%{p}.trusted-domains.example.net", "unknown.trusted-domains.example.net"),
    ],
)  # the examples of RFC 7208 section 7.4
async def test_macros(macro: str, expected: str) -> None:
    asked = expected if expected.count(".") else f"{expected}.example.net"
    spec = macro if expected.count(".") else f"{macro}.example.net"
    zone = {
        ("email.example.com", "TXT"): [f"v=spf1 exists:{spec} -all"],
        (asked.replace("@", "\\@"), "A"): ["127.0.0.2"],
    }
    assert await result(zone, sender="strong-bad@email.example.com") == "pass"


async def test_a_check_asks_no_more_than_it_may() -> None:
    """A record made to have others do work is stopped, however it is nested."""
    records = {
        (f"n{n}.example.org", "TXT"): [f"v=spf1 include:n{2 * n}.example.org include:n{2 * n + 1}.example.org -all"]
        for n in range(1, 200)
    }
    async with NameServer(records) as server:
        lookup = Lookup([("127.0.0.1", server.port)])
        found = await spf.check(lookup, ip_address(IP), "x@n1.example.org", "h")
        assert found.result == "permerror"
        assert sum(server.asked.values()) <= 11
