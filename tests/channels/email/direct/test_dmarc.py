"""DMARC: alignment, policies, and the tree walk, over a real DNS server."""

from __future__ import annotations

import pytest

from channels.email.direct import dmarc
from channels.email.direct.dkim import Dkim
from channels.email.direct.lookup import Lookup
from channels.email.direct.spf import Spf
from tests.servers.nameserver import BROKEN, NameServer, Records

REJECT = {("_dmarc.example.org", "TXT"): ["v=DMARC1; p=reject"]}


async def judged(
    author: str, records: Records, *, spf: Spf | None = None, dkim: list[Dkim] | None = None, unchecked: bool = False
) -> dmarc.Dmarc:
    async with NameServer(records) as server:
        lookup = Lookup([("127.0.0.1", server.port)], seconds=1)
        checked = None if unchecked else spf or Spf("none", "")
        return await dmarc.check(lookup, author, checked, dkim or [])


def by(domain: str, result: str = "pass") -> list[Dkim]:
    return [Dkim(result, domain, "s1")]


PSD = {("_dmarc.uk.example", "TXT"): ["v=DMARC1; p=none; psd=y"]}
STRICT = {
    "dkim": {("_dmarc.example.org", "TXT"): ["v=DMARC1; p=none; adkim=s"]},
    "spf": {("_dmarc.example.org", "TXT"): ["v=DMARC1; p=none; aspf=s"]},
}
EU = REJECT | {("_dmarc.eu.example.org", "TXT"): ["v=DMARC1; p=none; psd=n"]}
CASES: list[tuple[str, Records, list[Dkim], Spf | None, str, str]] = [
    ("example.org", {}, by("example.org"), None, "none", ""),
    ("example.org", REJECT, by("example.org"), None, "pass", "reject"),
    ("example.org", REJECT, by("mail.example.org"), None, "pass", "reject"),
    ("example.org", REJECT, by("example.com"), None, "fail", "reject"),
    ("example.org", REJECT, by("notexample.org"), None, "fail", "reject"),
    ("example.org", REJECT, by("org"), None, "fail", "reject"),
    ("example.org", REJECT, by("example.org", "fail"), None, "fail", "reject"),
    ("example.org", REJECT, [], None, "fail", "reject"),
    ("example.org", REJECT, [], Spf("pass", "bounce.example.org"), "pass", "reject"),
    ("example.org", REJECT, [], Spf("pass", "example.net"), "fail", "reject"),
    ("example.org", REJECT, [], Spf("softfail", "example.org"), "fail", "reject"),
    ("example.org", REJECT, [], Spf("temperror", "example.org"), "temperror", "reject"),
    ("example.org", REJECT, by("example.org", "temperror"), Spf("fail", "example.net"), "temperror", "reject"),
    ("example.org", REJECT, by("example.net", "temperror"), Spf("fail", "example.net"), "fail", "reject"),
    ("shop.example.org", REJECT, by("example.org"), None, "pass", "reject"),
    ("shop.example.org", REJECT, by("other.example.org"), None, "pass", "reject"),
    ("shop.example.org", {("_dmarc.example.org", "TXT"): ["v=DMARC1;p=reject;sp=none"]}, [], None, "fail", "none"),
    ("example.org", STRICT["dkim"], by("a.example.org"), None, "fail", "none"),
    ("example.org", STRICT["spf"], [], Spf("pass", "a.example.org"), "fail", "none"),
    ("example.org", {("_dmarc.example.org", "TXT"): ["v=DMARC1; rua=mailto:a@example.org"]}, [], None, "fail", "none"),
    ("example.org", {("_dmarc.example.org", "TXT"): ["v=DMARC1; p=what"]}, [], None, "none", ""),
    ("example.org", {("_dmarc.example.org", "TXT"): ["p=reject; v=DMARC1"]}, [], None, "none", ""),
    ("example.org", {("_dmarc.example.org", "TXT"): ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}, [], None, "none", ""),
    ("example.org", {("_dmarc.example.org", "TXT"): BROKEN}, by("example.org"), None, "temperror", ""),
    # A registry says that what is below it are different organisations.
    ("a.uk.example", PSD, by("b.uk.example"), None, "fail", "none"),
    ("a.uk.example", PSD, by("uk.example"), None, "fail", "none"),
    ("x.a.uk.example", PSD, by("a.uk.example"), None, "pass", "none"),
    # A department says that it is an organisation of its own.
    ("eu.example.org", EU, by("example.org"), None, "fail", "none"),
    ("", REJECT, [], None, "none", ""),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[4]}")
async def test_dmarc(case: tuple[str, Records, list[Dkim], Spf | None, str, str]) -> None:
    author, records, signatures, spf, result, policy = case
    assert await judged(author, records, spf=spf, dkim=signatures) == dmarc.Dmarc(result, policy)


async def test_what_could_not_be_checked_is_not_held_against_a_mail() -> None:
    """Behind a server of ours there is no SPF: without a signature nothing is known, which is not a failure."""
    assert (await judged("example.org", REJECT, unchecked=True)).result == "temperror"
    assert (await judged("example.org", REJECT, dkim=by("example.org"), unchecked=True)).result == "pass"


async def test_a_long_name_is_at_most_eight_questions() -> None:
    author = ".".join(["a"] * 60 + ["example", "org"])
    async with NameServer(REJECT) as server:
        found = await dmarc.check(Lookup([("127.0.0.1", server.port)]), author, Spf("none", ""), [])
        assert found == dmarc.Dmarc("fail", "reject")
        assert sum(server.asked.values()) <= dmarc.WALK
