"""Where a request comes from, as far as anybody is believed: `X-Forwarded-For` in all the ways it is written."""

# ruff: noqa: E501 - rows are easier to compare on few long lines

from __future__ import annotations

from ipaddress import ip_network

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from switchboard.web import UNKNOWN, Visitors, within

TRUSTED = [ip_network(net) for net in ("10.0.0.0/8", "fd00::/8", "127.0.0.1/32")]
VISITORS = Visitors(TRUSTED)


def place(peer: str, *lines: str, visitors: Visitors = VISITORS) -> tuple[str, str]:
    """(address, what is counted by) for a request from `peer` with these header lines."""
    headers = CIMultiDict([("X-Forwarded-For", line) for line in lines])
    request = make_mocked_request("GET", "/", headers=headers).clone(remote=peer)
    return visitors(request), visitors.place(request)


WRITTEN = (
    (("203.0.113.9",), "203.0.113.9"),
    (("  203.0.113.9  ",), "203.0.113.9"),
    (("203.0.113.9:50123",), "203.0.113.9"),
    (('"203.0.113.9:50123"',), "203.0.113.9"),
    (("2001:db8:0:0::1",), "2001:db8::1"),
    (("[2001:db8::1]",), "2001:db8::1"),
    (("[2001:DB8::1]:443",), "2001:db8::1"),
    (('"[2001:db8::1]:443"',), "2001:db8::1"),
    (("[2001:db8::1%eth0]:443",), "2001:db8::1"),
    (("::ffff:203.0.113.9",), "203.0.113.9"),
    (("[::ffff:203.0.113.9]:80",), "203.0.113.9"),
    # Two lines are one list; what the visitor wrote stands left of what our proxies add, and is not believed.
    (("198.51.100.1", "203.0.113.9"), "203.0.113.9"),
    (("203.0.113.9", "10.1.1.1"), "203.0.113.9"),
    (("198.51.100.1, 203.0.113.9", "10.1.1.1:99, [fd00::7]:99"), "203.0.113.9"),
    (("127.0.0.1, 203.0.113.9",), "203.0.113.9"),
    (("198.51.100.1,,  , 203.0.113.9 ,, 10.1.1.1,",), "203.0.113.9"),
    # Nobody but proxies of ours: the one that is farthest away.
    (("10.1.1.1",), "10.1.1.1"),
    (("10.9.9.9, 10.1.1.1",), "10.9.9.9"),
    ((), "10.0.0.1"),
    (("",), "10.0.0.1"),
    ((" , ,",), "10.0.0.1"),
    # What is no address is nobody, and what stands left of it was told by nobody we know.
    *(
        ((f"10.1.1.1, {junk}",), UNKNOWN)
        for junk in (
            "unknown", "_hidden", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "010.1.1.1", "1.2.3.4:999999", "0x7f000001",
            "2130706433", "[10.1.1.1", "10.1.1.1]", "[[::1]]", "::1::1", "10.1.1.1/8", "10.1.1.1 10.1.1.1", "for=10.1.1.1",
            "<script>", "x" * 5000, "１０.1.1.1", "\u0661.1.1.1", '"', "[]", "[]:80", ":80", "%", "%00",
        )
    ),
)  # fmt: skip


@pytest.mark.parametrize(("lines", "address"), WRITTEN, ids=lambda value: str(value)[:40])
async def test_what_a_proxy_of_ours_says(lines: tuple[str, ...], address: str) -> None:
    assert place("10.0.0.1", *lines)[0] == address


@pytest.mark.parametrize("peer", ["203.0.113.77", "2001:db8::77", "::ffff:203.0.113.77", ""])
async def test_what_anybody_else_says_is_not_looked_at(peer: str) -> None:
    for lines, _ in WRITTEN:
        assert place(peer, *lines)[0] == peer


async def test_who_has_a_network_of_ipv6_is_one_place_and_not_as_many_as_they_like() -> None:
    ones = {place("10.0.0.1", f"2001:db8:1:2::{n:x}")[1] for n in range(1, 50)}
    assert ones == {"2001:db8:1:2::/64"}
    assert place("2001:db8:1:2:ffff::1")[1] == "2001:db8:1:2::/64"
    assert place("2001:db8:1:3::1")[1] == "2001:db8:1:3::/64"
    assert place("203.0.113.9")[1] == "203.0.113.9"
    assert place("::1")[1] == "::1"


async def test_ports_and_spellings_make_no_new_places() -> None:
    assert len({place("10.0.0.1", f"203.0.113.9:{port}")[1] for port in range(1000, 1050)}) == 1
    assert len({place("10.0.0.1", f"{'x' * n}")[1] for n in range(1, 50)}) == 1
    assert not within(UNKNOWN, [ip_network("0.0.0.0/0"), ip_network("::/0")])
