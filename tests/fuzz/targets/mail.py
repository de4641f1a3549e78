"""The parts of a mail, each by itself: fields, addresses, charsets, file names, reports, what DNS says of senders."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Any, TypeVar

from channels.email import authenticity, bounce, complaint, disposition, mark, meeting, renamed
from channels.email.addresses import ascii_domain, canonical, mailboxes
from channels.email.charset import Charsets
from channels.email.direct import check, spf_record
from channels.email.direct.envelope import Envelope, traced
from channels.email.direct.lookup import DnsAwayError, Lookup
from channels.email.header import date, message_ids, params
from channels.email.header import text as words_of
from channels.email.parse import is_mail, read
from channels.email.reason import reason
from core.files import naming
from tests.channels.email import mails, reports
from tests.channels.email.direct.office import mail as plain_mail
from tests.fuzz.promises import bounded, in_whole_time, text_is_writable
from tests.fuzz.target import Target
from tests.servers.nameserver import NameServer

T = TypeVar("T")
KEY = mails.ACCOUNT.key
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Told(Lookup):
    """The DNS as somebody made it who wants us to stumble: every question of a kind has the same answers."""

    def __init__(self, texts: list[bytes]) -> None:
        super().__init__()
        self._texts = texts

    async def txt(self, name: str) -> list[bytes]:
        """The lines that fit what is asked for, else all."""
        wanted = b"v=DMARC1" if name.startswith("_dmarc.") else b"k=" if "_domainkey" in name else b"v=spf1"
        return [text for text in self._texts if wanted in text] or self._texts[:1]

    async def addresses(self, name: str, ip: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
        """One, for any name that is not too long to have one."""
        return [] if len(name) > 60 else [IPv4Address("192.0.2.9")] if ip.version == 4 else [IPv6Address("2001:db8::9")]

    async def mx(self, name: str) -> list[str]:
        """As many as the name is long."""
        return [f"mx{number}.{name}" for number in range(len(name) % 14)]

    async def names(self, ip: IPv4Address | IPv6Address) -> list[str]:
        """The words of the first line."""
        return [word.decode("latin-1") for word in b"".join(self._texts[:1]).split()[:12]]


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`."""
    return asyncio.run(work)


def _fields(data: bytes) -> Any:
    charsets = Charsets()
    return words_of(data, charsets), params(data, charsets), message_ids(data), date(data)


def _fields_are_short(data: bytes, found: Any) -> None:
    words, (token, named), ids, at = found
    # A boundary is compared with bytes, and read by nobody.
    shown = [value for name, value in named.items() if name != "boundary"]
    text_is_writable(data, (words, token, shown, ids))
    in_whole_time(at)
    assert "\n" not in words


def _people(data: bytes) -> Any:
    found = mailboxes(data, Charsets())
    return found, [canonical(box.address) for box in found], [ascii_domain(box.address) for box in found]


def _people_are_settled(data: bytes, found: Any) -> None:
    boxes, known, _ = found
    bounded(data, *(box.name + box.address for box in boxes))
    for one in known:
        assert canonical(one) == one, f"{one!r} becomes {canonical(one)!r}"


def _decoded(data: bytes) -> str:
    label, _, raw = data.partition(b"\n")
    return Charsets().decode(raw, label.decode("latin-1"))


def _named(data: bytes) -> str:
    return naming.named(data.decode("utf-8", "surrogateescape"))


def _a_name_is_safe(data: bytes, name: str) -> None:
    text_is_writable(data, name)
    assert "/" not in name
    assert "\\" not in name
    assert len(name) <= naming.MAX_NAME
    assert name not in (".", "..")
    assert naming.named(name) == name, f"{name!r} becomes {naming.named(name)!r}"


def _machine(data: bytes) -> Any:
    mail = read(data)
    if not is_mail(mail.parts):
        return None
    return (
        bounce.report(mail),
        bounce.origin(mail, KEY),
        complaint.complaint(mail, KEY),
        disposition.disposition(mail, KEY),
        authenticity.verdict(mail, "mx.shop.test"),
    )


def _reports() -> list[bytes]:
    return [case.body for case in (*reports.REPORTS, *mails.CASES)]


def _meeting(data: bytes) -> Any:
    mail = b"From: a@b.c\r\nContent-Type: text/calendar; charset=utf-8; method=REQUEST\r\n\r\n" + data
    return meeting.meeting(read(mail))


def _of_this_age(data: bytes, found: Any) -> None:
    text_is_writable(data, found)
    for name in ("start", "end"):
        if found and name in found:
            assert 1969 <= datetime.fromisoformat(found[name]).year <= 2200


_INVITATION = b"""BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:FLE Standard Time
BEGIN:STANDARD
DTSTART:16010101T040000
TZOFFSETFROM:+0300
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
SUMMARY;LANGUAGE=uk:Call
DTSTART;TZID="FLE Standard Time":20261124T100000
DTEND;VALUE=DATE:20261125
LOCATION:Room\\, 2
ORGANIZER;CN="Ann Lee":mailto:ann@example.org
ATTENDEE;PARTSTAT=ACCEPTED;CN=Bo:mailto:bo@example.org
RRULE:FREQ=WEEKLY;COUNT=5
STATUS:CONFIRMED
END:VEVENT
END:VCALENDAR
"""


def _marks(data: bytes) -> Any:
    words = data.decode("latin-1")
    recipients = words.split()
    return (
        mark.proved(KEY, words),
        mark.conversation_of(KEY, recipients, "help@shop.test", "ann@example.org"),
        [mark.untagged(one) for one in recipients],
        renamed.renamed(words, "x@y"),
        renamed.known_names(recipients[:50]),
    )


def _only_our_marks(data: bytes, found: Any) -> None:
    ids, conversation, *_ = found
    words = data.decode("latin-1").lower()
    assert set(ids) <= {mails.OURS, _OTHER}, f"believed: {ids}"
    assert all(mark.marked(KEY, one) in words for one in ids)
    assert conversation in (None, _CONVERSATION), f"believed: {conversation}"


_OTHER, _CONVERSATION = "00000000000000000000", "c0nversat10n00000000"
_MARKED = [
    f"<{mails.OUR_ID}> and {mark.marked(KEY, _OTHER)}@x".encode(),
    mark.reply_address(KEY, "help@shop.test", _CONVERSATION, "ann@example.org").encode(),
    mark.bounce_address(KEY, "help@shop.test", mails.OURS).encode(),
    b"250 Ok 0100018d1234abcd-12345678-1234-1234-1234-123456789abc-000000",
    b"<0100018d1234abcd-12345678-1234-1234-1234-123456789abc-000000@eu-west-1.amazonses.com>",
]


def _reason(data: bytes) -> Any:
    status, _, said = data.decode("utf-8", "replace").partition("\n")
    return reason(status, said)


def _spf_record(data: bytes) -> Any:
    record = spf_record.parse(data.decode("ascii", "replace"))
    values = dict.fromkeys("slodhvp", "a.b-c.example.org") | {"i": "192.0.2.1"}
    return record, [spf_record.expand(one.domain, values) for one in record.directives if one.domain]


def _checked(data: bytes) -> str:
    """All of SPF, DKIM and DMARC: what the DNS says first, then the envelope, then the mail."""
    texts, _, rest = data.partition(b"\n\n")
    envelope, _, mail = rest.partition(b"\n")
    helo, _, sender = envelope.decode("utf-8", "replace").partition(" ")
    peer = IPv6Address("2001:db8::1") if b"v6" in texts else IPv4Address("192.0.2.1")
    came = Envelope(sender, ("help@shop.test",), peer, helo, "ESMTP")
    mail = mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    said = at_once(check.results(Told(texts.split(b"\n")), mail, came))
    whole, count = traced(mail, came, ["help@shop.test"], by="mx.test", id="1", at=AT, results=said)
    found = read(whole)
    assert found.parts.fields[0][0] == "return-path"
    names = [name for name, _ in found.parts.fields[:count]]
    assert names[-1] == "received", f"our own trace was broken up: {names}"
    return said


async def _answers(names: list[str]) -> Any:
    async with NameServer(
        {("example.org", "TXT"): ["v=spf1 -all"], ("example.org", "MX"): ["10 mx.example.org."]}
    ) as dns:
        lookup = Lookup([("127.0.0.1", dns.port)])
        found = [(await lookup.txt(name), await lookup.mx(name)) for name in names]
        return found, await lookup.names(IPv6Address("2001:db8::1"))


def _names_asked(data: bytes) -> Any:
    """Names that strangers choose, put to a real name server."""
    return at_once(_answers(data.decode("utf-8", "replace").split("\n")[:5]))


def _says_one_thing(data: bytes, said: str) -> None:
    """The field is one field: nothing from outside can end it, or add a result of its own."""
    assert said.isascii()
    for part in said.split(";\r\n "):
        assert "\n" not in part
        assert part.count(";") <= (part == "switchboard")
    assert said.count(";\r\n dmarc=") == 1


_SIGNED = (
    b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s1; h=from:to:subject; "
    b"bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n"
)
_DNS = (
    b"v=spf1 a mx include:%{d2}.x exists:%{ir}.%{l1r+-}.y ip4:192.0.2.0/24 ptr redirect=_spf.%{d}\n"
    b"v=DMARC1; p=reject; sp=none; adkim=s\nv=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ=="
)
_CHECKED = [
    _DNS + b"\n\nmail.example.org ann@example.org\n" + _SIGNED + plain_mail(body=""),
    b"v=spf1 -all\nv=DMARC1; p=none; psd=y\n\n[192.0.2.1] \n" + _SIGNED * 3 + plain_mail(),
    b"v=spf1 ip6:2001:db8::/32 ?all v6\nk=ed25519; p=AAAA\n\nxn--e1afmkfd.test \xd0\xb0@\xd0\xb1.test\n" + plain_mail(),
    _DNS.replace(b"k=rsa; p=", b"k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= ; x=")
    + b"\n\nx a@b.c\n"
    + _SIGNED.replace(b"rsa-sha256", b"ed25519-sha256")
    + plain_mail(body=""),
]
_HEADS = [
    b'=?utf-8?b?0JfQsNC80L7QstC70LXQvdC90Y8=?= =?koi8-r?q?=C1?= <a@b> "x\\"y"',
    b"multipart/mixed; boundary=\"a b\"; charset*=utf-8''%C3%A9; name*0*=iso-8859-1''%E9; name*1=b; x=y",
    b"Mon, 23 Nov 2026 10:00:00 +0200 (EET)",
    b"<a@b> <c d@e> <\xc3\xa9@x>",
]
_PEOPLE = [
    b'"Lee, Ann" <ann@example.org>, Bo (a (b) c) <bo@example.org>; list: a@b.c, d@e.f;, <mailto:x@y.z>',
    b'Ivanov, Ivan <i@x.test>, =?utf-8?q?=C3=A9?= <\xc3\xa9@\xd0\xbf\xd1\x80\xd0\xb8.test>, <@r:a@b>, "a b"@c.d',
    b"undisclosed-recipients:;",
]
_RAW = [
    b"utf-8\n\xc3\xa9\xd0\x96",
    b"utf-7\n+AGE- +2D3eAA- +//8-",
    b'iso-2022-jp\n\x1b$B$"\x1b(B',
    b"koi8-r\n\xf0\xd2\xc9\xd7\xc5\xd4 \xcd\xc9\xd2",
    b"utf-16\n\xff\xfea\x00\x3d\xd8\x00\xde",
    b"hz\n~{VPND~}",
    b"gb18030\n\x81\x30\x81\x30",
    b"\n\xcf\xf0\xe8\xe2\xe5\xf2",
    b"windows-1251\n\x98",
]
_NAMES = [
    b"order.pdf",
    b"../../etc/passwd",
    b"C:\\x\\con.txt",
    b"a" * 300 + b".tar.gz",
    b"s\xed\xa0\x80x",
    b"\xe2\x80\xae",
]
_SAID = [
    b"5.1.1\nsmtp; 550 5.1.1 <ann@example.org>: user unknown",
    b"\n452 4.2.2 mailbox is full",
    "\nпочтовый ящик переполнен".encode(),
]

TARGETS: tuple[Target, ...] = (
    Target("mail.field", _fields, lambda: _HEADS, "mail", (), (_fields_are_short,), 3, 500, 8_000),
    Target("mail.people", _people, lambda: _PEOPLE, "mail", (), (_people_are_settled,), 4, 500, 8_000),
    Target("mail.charset", _decoded, lambda: _RAW, "mail", (), (bounded,), 3, 300, 6_000),
    Target("mail.file_name", _named, lambda: _NAMES, "text", (), (_a_name_is_safe,), 2, 400, 4_000),
    Target("mail.machine", _machine, _reports, "mail", (), (), 5, 350, 16_000),
    Target("mail.meeting", _meeting, lambda: [_INVITATION], "mail", (), (_of_this_age,), 3, 200, 6_000),
    Target("mail.marks", _marks, lambda: _MARKED, "token", (), (_only_our_marks,), 2, 400, 4_000),
    Target("mail.reason", _reason, lambda: _SAID, "text", (), (), 1, 300, 8_000),
    Target("mail.spf_record", _spf_record, lambda: _DNS.split(b"\n"), "mail",
           (spf_record.BrokenRecordError,), (), 2, 400, 4_000),
    Target("mail.dns_names", _names_asked, lambda: [b"example.org\n_dmarc.example.org", b"a..b\nxn--\n.", b"x" * 70],
           "text", (DnsAwayError,), (), 1, 60, 600, steady=False),
    Target("mail.senders", _checked, lambda: _CHECKED, "mail", (), (_says_one_thing,), 4, 200, 6_000),
)  # fmt: skip
