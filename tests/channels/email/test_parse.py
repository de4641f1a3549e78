from __future__ import annotations

import asyncio
import base64
import email
import time
from email.header import Header
from email.message import Message

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.email.adapter import Email
from channels.email.charset import Charsets
from channels.email.header import text
from channels.email.mime import Part, body, split
from core.channel import Account, Arrival, Event, Identity, Parses
from core.errors import IntakeError, NotThisFormat, Unreadable
from tests.channel_contract import Case, ChannelContract, assert_storable
from tests.channels.email.mails import ACCOUNT, CASES, MIXED, PIXEL, PLAIN, mail, mixed


class TestContract(ChannelContract):
    cases = CASES
    not_theirs = (b"", b"\r\n\r\n", b"{}", b"just words", b"\x00\x01", b"Hello: world\n\nhi")

    def adapter(self) -> Parses:
        return Email(ACCOUNT)


def one(raw: bytes) -> Arrival:
    (event,) = Email(ACCOUNT).parse(raw, {})
    assert isinstance(event, Arrival)
    return event


# ------------------------------------------------------------------------------------------------ what is one mail


def test_copies_of_a_mail_are_one_entry_whatever_their_way() -> None:
    raw = mail("Subject: hi", "Date: Mon, 23 Nov 2026 12:00:00 +0000")
    travelled = b"Received: from a by b\r\nX-Spam: no\r\nDelivered-To: x@y\r\nDKIM-Signature: v=1\r\n" + raw + b"\r\n"
    assert one(raw).key == one(travelled).key == one(raw.replace(b"\r\n", b"\n")).key


def test_two_mails_with_one_message_id_are_two_entries() -> None:
    assert one(mail(body="one")).key != one(mail(body="two")).key
    assert one(mail("Subject: a")).key != one(mail("Subject: b")).key


def test_what_is_no_mail_is_kept_when_it_comes_from_a_mailbox() -> None:
    with pytest.raises(Unreadable, match="body"):
        Email(ACCOUNT).parse(b"", {"uid": "7", "problem": "The body could not be had."})
    with pytest.raises(NotThisFormat):
        Email(ACCOUNT).parse(b"", {})


def test_mail_is_read_whatever_is_wrong_with_the_account() -> None:
    for settings_ in ({}, {"address": "nonsense"}, {"address": "help@shop.test", "imap_security": "maybe"}):
        (event,) = Email(Account("email", "help", "", settings_)).parse(mail(), {})
        assert isinstance(event, Arrival)


# --------------------------------------------------------------------------------------------------- who wrote it


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: auto-generated",
        "Auto-Submitted: auto-replied (vacation)",
        "Precedence: bulk",
        "Precedence: List",
        "List-Id: <news.example.org>",
        "List-Unsubscribe: <https://example.org/u>",
        "X-Auto-Response-Suppress: All",
        "X-Autoreply: yes",
        "Return-Path: <>",
        "From: MAILER-DAEMON@example.org",
        "From: no-reply@example.org",
        "From: noreply+5@example.org",
        "Subject: Automatic reply: hi",
        "Subject: =?utf-8?B?0JDQstGC0L7QvtGC0LLQtdGC?=",
    ],
)
def test_a_machine_is_recognised(field: str) -> None:
    assert one(mail(field)).data["automatic"] is True


@pytest.mark.parametrize(
    "field", ["Auto-Submitted: no", "Precedence: normal", "Subject: Re: out of stock", "From: nora@x.y"]
)
def test_a_person_is_no_machine(field: str) -> None:
    assert one(mail(field)).data["automatic"] is False


@pytest.mark.parametrize(
    ("results", "verified"),
    [
        ("mx.shop.test; dmarc=pass header.from=example.org", True),
        ("mx.shop.test 1; spf=fail smtp.mailfrom=x; dkim=pass header.d=example.org; dmarc=pass (p=none)", True),
        ("mx.shop.test; dkim=pass header.d=mail.example.org", True),
        ("mx.shop.test; spf=pass smtp.mailfrom=bounce@example.org", True),
        ("mx.shop.test; spf=pass smtp.mailfrom=bounce@evil.test", False),
        ("mx.shop.test; dkim=pass header.d=notexample.org", False),
        ("mx.shop.test; dkim=pass header.d=org", False),
        ("mx.shop.test; dkim=pass header.d=example.org; dmarc=fail", False),
        ('mx.shop.test; x="; dmarc=pass"; dmarc=fail', False),
        ("mx.shop.test (; dmarc=pass ;); dmarc=fail", False),
        ("elsewhere.test; dmarc=pass", False),
        ("mx.shop.test.evil.test; dmarc=pass", False),
        (";;;", False),
        ("mx.shop.test; dmarc=passable", False),
    ],
)
def test_the_sender_is_verified_only_in_the_word_of_our_own_server(results: str, verified: bool) -> None:
    assert one(mail(f"Authentication-Results: {results}")).identities == (
        Identity("email", "ann@example.org", verified, doubted=not verified),
    )


def test_a_result_the_sender_wrote_himself_counts_for_nothing() -> None:
    forged = mail(
        "Authentication-Results: mx.shop.test; dmarc=fail", "Authentication-Results: mx.shop.test; dmarc=pass"
    )
    assert one(forged).identities[0].verified is False
    assert one(
        mail("From: ann@example.org, eve@evil.test", "Authentication-Results: mx.shop.test; dmarc=pass")
    ).identities == (Identity("email", "ann@example.org", verified=False, doubted=True),)


# ---------------------------------------------------------------------------------------- agrees with the standard


def standard(message: Message) -> list[tuple[str, bytes]]:
    leaves = []
    for part in message.walk():
        if not part.is_multipart() and part.get_content_maintype() != "message":
            payload = part.get_payload(decode=True)
            leaves.append((part.get_content_type(), payload if isinstance(payload, bytes) else b""))
    return leaves


def ours(raw: bytes) -> list[tuple[str, bytes]]:
    root: Part = split(raw, Charsets())
    return [
        (part.type, body(raw, part)) for part in root.walk() if not part.parts and not part.type.startswith("message/")
    ]


WELL_FORMED = st.recursive(
    st.tuples(st.sampled_from(["text/plain", "image/png"]), st.binary(max_size=200)),
    lambda inner: st.lists(inner, min_size=1, max_size=4),
    max_leaves=12,
)


def build(tree: object, path: str = "x") -> str:
    if isinstance(tree, tuple):
        kind, data = tree
        return f"Content-Type: {kind}\nContent-Transfer-Encoding: base64\n\n{_base64(data)}"
    assert isinstance(tree, list)
    parts = "".join(f"--b{path}\n{build(inner, f'{path}-{i}')}\n" for i, inner in enumerate(tree))
    return f'Content-Type: multipart/mixed; boundary="b{path}"\n\npreamble\n{parts}--b{path}--\n'


def _base64(data: object) -> str:
    assert isinstance(data, bytes)
    return base64.encodebytes(data).decode()


@given(WELL_FORMED)
def test_well_formed_mails_are_read_as_the_standard_library_reads_them(tree: object) -> None:
    raw = b"From: a@b.c\n" + build(tree).encode()
    assert ours(raw) == standard(email.message_from_bytes(raw))


# ----------------------------------------------------------------------------------------------------- any bytes


def read_anything(raw: bytes) -> list[Event]:
    try:
        events = Email(ACCOUNT).parse(raw, {})
    except IntakeError as error:
        assert isinstance(error, NotThisFormat)  # noqa: PT017  # nothing else may be raised, and nothing at all is fine
        return []
    for event in events:
        assert_storable(event, "email")
    return events


@given(st.binary(max_size=2000))
@settings(max_examples=150)
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    read_anything(raw)
    assert len(read_anything(b"From: ann@example.org\n" + raw)) == 1


PIECES = st.sampled_from(
    [b"\n", b"\r\n", b"--b0", b"--b0--", b"--", b"Content-Type: ", b"multipart/mixed; boundary=b0",
     b"text/html; charset=", b"=?utf-8?B?", b"=?koi8-r?Q?", b"?=", b"base64", b"quoted-printable",
     b"Content-Transfer-Encoding: ", b"From: ", b"<", b">", b"@", b'"', b"(", b"\\", b";", b"filename*0*=",
     b"\xd0\x9f", b"\xff\xfe", b"\x00", b"=ED=A0=80", b"7aCA", b"message/rfc822", b"\x1b$B", b"utf-7", b"utf-16",
     b"+2AA-", b"Date: ", b"99999999", b"Message-ID: ", b"message/delivery-status"]
)  # fmt: skip


@given(st.lists(PIECES | st.binary(max_size=6), max_size=80).map(b"".join))
@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])
def test_shards_of_mails_are_read_or_refused(raw: bytes) -> None:
    read_anything(b"From: ann@example.org\nMIME-Version: 1.0\n" + raw)


@given(st.text(max_size=300))
def test_a_subject_comes_back_however_it_is_split_into_words(subject: str) -> None:
    shown = " ".join("".join(c if c.isprintable() else " " for c in subject).split())
    encoded = Header(shown, "utf-8", maxlinelen=40).encode().encode()
    assert text(encoded, Charsets()) == text(shown.encode(), Charsets())


# --------------------------------------------------------------------------------------------------- large mails


def seconds(raw: bytes) -> float:
    began = time.thread_time()
    read_anything(raw)
    return time.thread_time() - began


@pytest.mark.parametrize(
    "hostile",
    [
        lambda n: mail("From: " + "(" * n + "ann@example.org"),
        lambda n: mail("Subject: " + "=?utf-8?q?" * (n // 10)),
        lambda n: mail(*["X: y"] * (n // 5)),
        lambda n: mail(*["junk without colon"] * (n // 20)),
        lambda n: mail(MIXED, body="--b0\n\n" * (n // 6)),
        lambda n: mail(MIXED, body="--b1\n" * (n // 5)),
        lambda n: mail("Content-Type: text/html", body="<div>" * (n // 5)),
        lambda n: mail("Content-Type: text/html", body="<a " + " ".join(f"a{i}=1" for i in range(n // 8)) + ">"),
        lambda n: mail("Content-Type: text/plain; " + 'a="' * (n // 3)),
        lambda n: mail("To: " + '"a@' * (n // 3)),
        lambda n: mail("Content-Transfer-Encoding: base64", body="A=" * (n // 2)),
    ],
    ids=[
        "brackets",
        "words",
        "fields",
        "junk",
        "boundaries",
        "dashes",
        "tags",
        "attributes",
        "parameters",
        "quotes",
        "base64",
    ],
)
def test_time_grows_no_faster_than_the_mail(hostile: object) -> None:
    assert callable(hostile)
    small, large = hostile(50_000), hostile(800_000)
    seconds(small)
    floor = min(seconds(small) for _ in range(2)) + 0.02  # what every mail costs, and the noise of a busy machine
    assert min(seconds(large) for _ in range(2)) < 16 * 4 * floor


async def test_a_mail_of_25_megabytes_is_read_whole() -> None:
    data = PIXEL * (18_000_000 // len(PIXEL))
    picture = "Content-Type: image/png; name=big.png\nContent-Transfer-Encoding: base64\n\n"
    raw = mail(MIXED, body=mixed(f"{PLAIN}Here", picture + base64.encodebytes(data).decode()))
    assert len(raw) > 24_000_000
    event = await asyncio.to_thread(one, raw)
    assert event.content.text == "Here"
    assert event.content.files[0].data == data


def test_a_text_too_long_to_show_is_attached_whole() -> None:
    words = "word " * 300_000
    event = one(mail(body=words))
    assert len(event.content.text) == 500_000
    (attached,) = event.content.files
    assert attached.name == "message.txt"
    assert attached.data is not None
    assert attached.data.decode() == words.strip("\n")
    assert event.data["shortened"] is True


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_case_has_a_name_of_its_own(case: Case) -> None:
    assert sum(other.name == case.name for other in CASES) == 1
