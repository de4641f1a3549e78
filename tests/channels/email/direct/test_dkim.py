"""DKIM: what dkimpy signs is verified here, over a real DNS server; what was changed or made up is not."""

from __future__ import annotations

import asyncio
import time
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.email.direct import dkim
from channels.email.direct.lookup import Lookup
from tests.channels.email.direct.signing import ed25519_key, rsa_key, signed
from tests.servers.nameserver import BROKEN, NameServer, Records

MAIL = (
    b"From: Ann <ann@example.org>\r\nTo:  help@shop.test \r\nSubject: A\r\n\tfolded   one\t\r\n"
    b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nX-Other: 1\r\n\r\n"
    b"Hello  there \t \r\n\r\n.dots\r\n \t\r\n\r\n\r\n"
)
KEY = "s1._domainkey.example.org"
CANONICAL = list(product((b"simple", b"relaxed"), repeat=2))


async def results(mail: bytes, records: Records | None = None, author: str = "example.org") -> list[str]:
    async with NameServer({(KEY, "TXT"): [rsa_key()[1]]} if records is None else records) as server:
        lookup = Lookup([("127.0.0.1", server.port)], seconds=1)
        return [one.result for one in await dkim.check(lookup, mail, author)]


@pytest.mark.parametrize("canonical", CANONICAL)
@pytest.mark.parametrize("ed", [False, True])
@pytest.mark.parametrize(
    "body", [b"", b"\r\n", b"\r\n\r\n\r\n", b" \r\n\t\r\n", b"a", b"a \r\n b\t\t c\r\n\r\n", b"\n \n\r"]
)
async def test_what_is_signed_holds(canonical: tuple[bytes, bytes], ed: bool, body: bytes) -> None:
    record = ed25519_key()[1] if ed else rsa_key()[1]
    head = MAIL.partition(b"\r\n\r\n")[0]
    whole = head + b"\r\n\r\n" + body.replace(b"\n", b"\r\n").replace(b"\r\r", b"\r")
    mail = signed(whole, canonical=canonical, ed=ed)
    assert await results(mail, {(KEY, "TXT"): [record]}) == ["pass"]


@pytest.mark.parametrize("canonical", CANONICAL)
async def test_what_was_changed_does_not_hold(canonical: tuple[bytes, bytes]) -> None:
    mail = signed(MAIL, canonical=canonical)
    assert await results(mail.replace(b"there", b"These")) == ["fail"]
    assert await results(mail.replace(b"Ann", b"Eve")) == ["fail"]
    assert await results(mail + b"more") == ["fail"]
    assert await results(mail.replace(b"Subject: A", b"Subject: B")) == ["fail"]
    assert await results(mail.replace(b"X-Other: 1", b"X-Other: 2")) == ["pass"]
    # From is signed once more than it occurs: a second one breaks it.
    assert await results(mail.replace(b"X-Other", b"From: eve@example.com\r\nX-Other")) == ["fail"]


async def test_relaxed_forgives_spaces_and_simple_does_not() -> None:
    relaxed, simple = signed(MAIL), signed(MAIL, canonical=(b"simple", b"simple"))
    spaced = (b"Hello  there \t \r\n", b"Hello there\r\n")
    assert await results(relaxed.replace(*spaced)) == ["pass"]
    assert await results(simple.replace(*spaced)) == ["fail"]


@given(
    body=st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b".", b"\r\n\r\n", b"\xff"]), max_size=40).map(b"".join)
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("relaxed", [False, True])
def test_bodies_are_hashed_as_dkimpy_does(relaxed: bool, body: bytes) -> None:
    from hashlib import sha256

    from dkim.canonicalization import Relaxed, Simple

    body += b"\r\n"
    theirs = (Relaxed if relaxed else Simple).canonicalize_body(body)
    assert dkim.body_hash(body, relaxed=relaxed) == sha256(theirs).digest()


def test_bodies_are_the_same_in_small_blocks() -> None:
    body = (b"word  \t\r\n" * 7 + b"\r\n" * 9 + b" \r\n" * 3) * 5 + b"\r\n" * 20
    whole = [dkim.body_hash(body, relaxed=relaxed) for relaxed in (False, True)]
    assert [dkim.body_hash(body, relaxed=relaxed, block=5) for relaxed in (False, True)] == whole


def _with(record: str) -> Records:
    return {(KEY, "TXT"): [record]}


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ({}, "permerror"),
        (_with("v=DKIM1; p="), "fail"),
        (_with("v=DKIM1; p=nonsense!"), "permerror"),
        (_with("v=DKIM1; p=bm9uc2Vuc2U="), "permerror"),
        (_with("v=DKIM2; p=abcd"), "permerror"),
        (_with("hello"), "permerror"),
        (_with(rsa_key()[1].replace("v=DKIM1; k=rsa; ", "")), "pass"),
        (_with(rsa_key()[1].replace("k=rsa", "k=ed25519")), "permerror"),
        (_with(rsa_key()[1].replace("k=rsa", "h=sha1")), "permerror"),
        (_with(rsa_key()[1].replace("k=rsa", "h=sha1:sha256; n=a note")), "pass"),
        (_with(rsa_key()[1].replace("k=rsa", "s=tlsrpt")), "permerror"),
        (_with(rsa_key()[1].replace("k=rsa", "t=y")), "neutral"),
        (_with(rsa_key()[1].replace("k=rsa", "t=s")), "pass"),
        (_with(rsa_key(2048)[1]), "fail"),
        ({(KEY, "TXT"): [rsa_key()[1], "v=DKIM1; p="]}, "permerror"),
        ({(KEY, "TXT"): BROKEN}, "temperror"),
    ],
)
async def test_keys(records: Records, expected: str) -> None:
    assert await results(signed(MAIL), records) == [expected]


async def test_short_keys_sha1_and_partial_signatures_do_not_count() -> None:
    assert await results(signed(MAIL, bits=1024).replace(b"a=rsa-sha256", b"a=rsa-sha1")) == ["policy"]
    partly = signed(MAIL, length=True)
    assert b"l=" in partly
    assert await results(partly) == ["pass"]
    assert await results(partly + b"Please pay to this account instead.\r\n") == ["fail"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"v=1", b"v=2", "permerror"),
        (b"s=s1;", b"", "permerror"),
        (b"d=example.org", b"d=example.org; d=example.org", "permerror"),
        (b"i=@example.org", b"i=@example.com", "permerror"),
        (b"q=dns/txt", b"q=dns/other", "permerror"),
        (b"q=dns/txt", b"q=dns/txt; x=1000", "fail"),
        (b"q=dns/txt", b"q=dns/txt; x=never", "permerror"),
        (b"c=relaxed/relaxed", b"c=relaxed/strange", "permerror"),
        (b"a=rsa-sha256", b"a=rsa-sha512", "neutral"),
        (b"h=from : from", b"h=to : to", "permerror"),
    ],
)
async def test_broken_signatures(old: bytes, new: bytes, expected: str) -> None:
    mail = signed(MAIL)
    assert old in mail
    assert await results(mail.replace(old, new)) == [expected]


async def test_several_signatures_the_authors_own_first() -> None:
    other = {("s1._domainkey.list.example", "TXT"): [rsa_key()[1]]}
    mail = signed(signed(MAIL), "list.example")
    async with NameServer({(KEY, "TXT"): [rsa_key()[1]]} | other) as server:
        found = await dkim.check(Lookup([("127.0.0.1", server.port)]), mail, "example.org")
    assert [(one.domain, one.result) for one in found] == [("example.org", "pass"), ("list.example", "pass")]


async def test_a_thousand_signatures_are_ten_questions() -> None:
    one = signed(MAIL).removesuffix(MAIL)
    async with NameServer({}) as server:
        many = b"".join(one.replace(b"s=s1", b"s=k%d" % n) for n in range(500))
        found = await dkim.check(Lookup([("127.0.0.1", server.port)]), many + MAIL, "example.org")
        assert len(found) == 10
        assert sum(server.asked.values()) <= 10


async def test_a_head_that_reads_in_two_ways_is_not_verified() -> None:
    """Whoever has one signed mail could else show another From above it, and end the head with a bare line feed."""
    mail = signed(MAIL)
    assert await results(b"From: ceo@example.org\r\nX: y\n\nPay now\r\n" + mail) == []
    assert await results(b"From: ceo@example.org\r\nX: y\r\rPay now\r\n" + mail) == []
    assert await results(b"\r\n" + mail) == []
    assert await results(b"no field\r\n" + mail) == []


_PIECES = (b"v=1;", b"a=rsa-sha256;", b"b=;", b"bh=", b"d=example.org;", b"h=from;", b"s=a;", b"\r\n ", b"\xff", b";",
           b"=", b"x=1", b"c=/", b"t=99999999999999", b"i=@")  # fmt: skip


@given(pieces=st.lists(st.sampled_from(_PIECES), max_size=14))
@settings(max_examples=60)
def test_no_signature_raises(pieces: list[bytes]) -> None:
    mail = b"From: a@example.org\r\nDKIM-Signature:" + b"".join(pieces) + b"\r\n\r\nbody"
    assert len(asyncio.run(results(mail, {}))) <= 1


async def test_hostile_mails_take_time_that_grows_with_their_size() -> None:
    """White space without end, in head and body: what takes minutes where patterns go back and forth."""
    base = signed(MAIL)
    head, _, _ = base.partition(b"\r\n\r\n")
    spaces = head + b"\r\n\r\n" + b" \t" * 4_000_000 + b"x\r\n" + b"\r\n" * 2_000_000
    folded = base.replace(b"b=", b"b=" + b"\r\n " * 100_000, 1)
    started = time.process_time()
    assert await results(spaces) == ["fail"]
    assert await results(folded) in (["pass"], ["fail"], ["permerror"])
    assert time.process_time() - started < 30
