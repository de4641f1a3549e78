"""Mails composed for these tests, in the shapes mail programs and servers really produce, with what they mean.

Each row gives a raw mail and what `Email.parse` makes of it. Helpers keep the rows to what is particular about them.
"""

# ruff: noqa: E501 - a row of the table is easier to compare on few long lines than on many short ones

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from channels.email.mark import marked
from core.channel import Account, Address, Arrival, Ignored, Receipt
from core.content import File
from tests.channel_contract import Case, like

ACCOUNT = Account(
    "email",
    "help",
    "Example Shop",
    {"address": "help@shop.test", "display_name": "Example Shop", "authserv_id": "mx.shop.test"},
    key="a key of this account alone",
)
# The id of a message of ours, and what a mail of ours carries so that we know it again.
OURS = "0123456789abcdefghij"
OUR_MARK = marked(ACCOUNT.key, OURS)
OUR_ID = f"{OUR_MARK}@shop.test"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PIXEL64 = base64.encodebytes(PIXEL).decode()


def mail(*fields: str | bytes, body: str | bytes = "Hello", charset: str = "utf-8") -> bytes:
    """A mail from Ann with further `fields` and a body, with the line ends of the wire."""
    head = [b"From: Ann Lee <ann@example.org>", b"To: help@shop.test", b"Message-ID: <m1@example.org>"]
    named = {line.partition(b":")[0].lower() for line in map(_bytes, fields)}
    head = [line for line in head if line.partition(b":")[0].lower() not in named]
    content = body if isinstance(body, bytes) else body.encode(charset)
    return (
        (b"\n".join([*head, *map(_bytes, fields)]) + b"\n\n" + content).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    )


def _bytes(line: str | bytes) -> bytes:
    return line if isinstance(line, bytes) else line.encode()


def mixed(*parts: str, kind: str = "mixed", boundary: str = "b0") -> str:
    """Parts (each with its own fields) under one boundary."""
    return "".join(f"--{boundary}\n{part}\n" for part in parts) + f"--{boundary}--\n"


def arrival(**wanted: Any) -> Sequence[Any]:
    """One arrival from Ann, with what else is wanted."""
    wanted.setdefault("address", Address("email", "help", "ann@example.org"))
    return (like(Arrival, **wanted),)


def a_file(name: str, type_: str = "application/octet-stream", **wanted: Any) -> Any:
    """A file with this name and type."""
    return like(File, name=name, type=type_, **wanted)


def case(name: str, raw: bytes, headers: Mapping[str, str] | None = None, /, **wanted: Any) -> Case:
    """A row whose outcome is one arrival."""
    return Case(name, raw, arrival(**wanted), headers or {})


MIXED = 'Content-Type: multipart/mixed; boundary="b0"'
PLAIN = "Content-Type: text/plain; charset=utf-8\n\n"
B64 = "Content-Transfer-Encoding: base64"

STRUCTURE = (
    case("the plainest mail", mail("Subject: Hi"), text="Hello", subject="Hi", html=None, files=(), name="Ann Lee",
         external_id="m1@example.org", reply_to=()),
    case("no body at all", mail("Subject: Only a subject", body=""), text="", subject="Only a subject"),
    case("headers that end with the file", b"From: ann@example.org\r\nSubject: cut", text="", subject="cut", name=""),
    case("an envelope line of a mailbox file", b"From ann@example.org Mon Nov 23 2026\n" + mail(), text="Hello"),
    case("line ends of an old Macintosh", mail("Subject: Mac").replace(b"\r\n", b"\r"), subject="Mac", text="Hello"),
    case("line ends of Unix", mail("Subject: Unix", body="a\nb").replace(b"\r\n", b"\n"), text="a\nb"),
    case("a header folded without its space", b"From: ann@example.org\nSubject: This line\nwas cut\nTo: help@shop.test\n"
         b"Content-Type: text/html\n\n<p>Hi</p>", subject="This line was cut", text="Hi", html="<p>Hi</p>"),
    case("Gmail: alternative", mail("Subject: order", 'Content-Type: multipart/alternative; boundary="000000000000a1"',
         body=mixed(f"{PLAIN}*Hi*", "Content-Type: text/html; charset=utf-8\n\n<div dir=\"ltr\"><b>Hi</b></div>",
                    boundary="000000000000a1")), text="*Hi*", html='<div dir="ltr"><b>Hi</b></div>', files=()),
    case("Outlook: related in alternative with a picture in place", mail('Content-Type: multipart/related; boundary="r1"; '
         'type="multipart/alternative"', body=mixed('Content-Type: multipart/alternative; boundary="a1"\n\n'
         + mixed(f"{PLAIN}See [cid:image001.png@01D9]", 'Content-Type: text/html; charset="us-ascii"\n\n'
         '<p>See <img src="cid:image001.png@01D9"></p>', boundary="a1"), f'Content-Type: image/png; name="image001.png"\n'
         f"Content-ID: <image001.png@01D9>\n{B64}\n\n{PIXEL64}", boundary="r1")), text="See [cid:image001.png@01D9]",
         files=(a_file("image001.png", "image/png", kind="image", data=PIXEL, content_id="image001.png@01D9"),)),
    case("Apple Mail: text, picture, text", mail(MIXED, body=mixed(f"{PLAIN}Before", "Content-Type: image/png; name=a.png\n"
         f"Content-Disposition: inline; filename=a.png\n{B64}\n\n{PIXEL64}", f"{PLAIN}After")), text="Before\n\nAfter",
         files=(a_file("a.png", "image/png", content_id=None),)),
    case("Apple Mail: an alternative whose HTML is a mixture", mail('Content-Type: multipart/alternative; boundary="b0"',
         body=mixed(f"{PLAIN}Both", 'Content-Type: multipart/mixed; boundary="m"\n\n' + mixed(
         "Content-Type: text/html\n\n<p>Both</p>", f"Content-Type: application/pdf; name=x.pdf\n{B64}\n\nJVBERg==",
         boundary="m"))), text="Both", html="<p>Both</p>", files=(a_file("x.pdf", "application/pdf", data=b"%PDF"),)),
    case("HTML only", mail("Content-Type: text/html; charset=utf-8", body="<p>Hi <b>you</b></p><ul><li>a<li>b</ul>"),
         text="Hi you\n\n- a\n- b"),
    case("an empty text beside the HTML", mail('Content-Type: multipart/alternative; boundary="b0"', body=mixed(
         f"{PLAIN} \n", "Content-Type: text/html\n\n<p>Real</p>")), text="Real", html="<p>Real</p>"),
    case("text attached with a name", mail(MIXED, body=mixed(f"{PLAIN}See file", 'Content-Type: text/plain; name="log.txt"\n'
         "Content-Disposition: attachment\n\nline")), text="See file", files=(a_file("log.txt", "text/plain", data=b"line"),)),
    case("a mail that is nothing but a picture", mail("Content-Type: image/png", B64, body=PIXEL64), text="",
         files=(a_file("image-1.png", "image/png", data=PIXEL),)),
    case("a forwarded mail is a file", mail(MIXED, body=mixed(f"{PLAIN}fyi", "Content-Type: message/rfc822\n\n"
         "From: x@y.z\nSubject: Old news\nContent-Type: multipart/mixed; boundary=inner\n\n--inner\n\nhidden\n--inner--")),
         text="fyi", files=(a_file("Old news.eml", "message/rfc822"),)),
    case("winmail.dat keeps its name", mail(MIXED, body=mixed(f"{PLAIN}tnef", 'Content-Type: application/ms-tnef\n'
         f"{B64}\n\neJ8+Ig==")), text="tnef", files=(a_file("winmail.dat", "application/ms-tnef", data=b"x\x9f>\""),)),
    case("winmail.dat under a provider's type", mail(MIXED, body=mixed(f"{PLAIN}tnef", f"Content-Type: application/vnd.ms-tnef\n"
         f"{B64}\n\nAAAA")), files=(a_file("winmail.dat", "application/vnd.ms-tnef"),)),
    case("winmail.dat without type and name", mail(MIXED, body=mixed(f"{PLAIN}tnef", f"Content-Type: application/octet-stream\n"
         f"{B64}\n\neJ8+IgAB")), files=(a_file("winmail.dat"),)),
    case("a thousand mails, each in the one before", mail("Content-Type: message/rfc822", body="Subject: outermost\n"
         + "Content-Type: message/rfc822\n\nSubject: inner\n" * 1000 + "\nhi"), text="", files=(a_file("outermost.eml", "message/rfc822"),)),
    case("a forwarded mail with a hostile subject", mail(MIXED, body=mixed(f"{PLAIN}fyi",
         "Content-Type: message/rfc822\n\nSubject: ../../etc/passwd\x00\n\nx")), files=(a_file("passwd.eml", "message/rfc822"),)),
    case("a picture named with escapes and in capitals", mail('Content-Type: multipart/related; boundary="r1"', body=mixed(
         'Content-Type: text/html\n\n<img src="CID:Pic%401">', f"Content-Type: image/png\nContent-ID: <pic@1>\n{B64}\n\n{PIXEL64}",
         boundary="r1")), files=(a_file("image-1.png", "image/png", content_id="pic@1", data=PIXEL),)),
    case("a calendar invite is a file", mail('Content-Type: multipart/alternative; boundary="b0"', body=mixed(
         f"{PLAIN}Meeting", 'Content-Type: text/calendar; method=REQUEST; charset="utf-8"\n\nBEGIN:VCALENDAR')),
         text="Meeting", files=(a_file("text-1.ics", "text/calendar"),)),
    case("a boundary that is never closed", mail(MIXED, body=f"--b0\n{PLAIN}one\n--b0\n{PLAIN}two"), text="one\n\ntwo"),
    case("a boundary that was never declared", mail("Content-Type: multipart/mixed", body=mixed(
         f"{PLAIN}found", boundary="secret-boundary")), text="found"),
    case("a boundary that never comes", mail(MIXED, body="just words"), text="just words"),
    case("an inner part uses the outer boundary", mail(MIXED, body=mixed('Content-Type: multipart/alternative; '
         f'boundary="b0"\n\n--b0\n{PLAIN}in\n--b0--') + f"--b0\n{PLAIN}out\n--b0--"), text="in"),
    case("an inner boundary begins with the outer one", mail(MIXED, body=mixed(
         'Content-Type: multipart/alternative; boundary="b00"\n\n' + mixed(f"{PLAIN}deep", boundary="b00"),
         f"{PLAIN}flat")), text="deep\n\nflat"),
    case("text before and after the parts is not shown", mail(MIXED, body="This is MIME\n" + mixed(f"{PLAIN}shown") + "tail"),
         text="shown"),
    case("nested a thousandfold", mail("Content-Type: multipart/mixed; boundary=n0", body="".join(
         f"--n{i}\nContent-Type: multipart/mixed; boundary=n{i + 1}\n\n" for i in range(1000)) + f"--n1000\n{PLAIN}deep"),
         text="deep"),
    case("a type that is no type", mail("Content-Type: hello world; charset=??"), text="", files=(a_file("attachment-1.bin"),)),
    case("format=flowed", mail("Content-Type: text/plain; format=flowed", body="One long \nline.\n> quoted \n> text\n-- \nAnn"),
         text="One long line.\n> quoted text\n-- \nAnn"),
    case("a disposition of attachment on the only text", mail("Content-Disposition: attachment"), text="Hello"),
)  # fmt: skip

CHARSETS = (
    case("koi8-r, declared", mail("Content-Type: text/plain; charset=koi8-r", body="Где мой заказ?", charset="koi8-r"),
         text="Где мой заказ?"),
    case("cp1251, undeclared", mail("Content-Type: text/plain", body="Здравствуйте! Где мой заказ номер 5?", charset="cp1251"),
         text="Здравствуйте! Где мой заказ номер 5?"),
    case("cp1251 called iso-8859-1", mail("Content-Type: text/plain; charset=iso-8859-1", body="Добрый день, где заказ?",
         charset="cp1251"), text="Добрый день, где заказ?"),
    case("UTF-8 called us-ascii", mail("Content-Type: text/plain; charset=us-ascii", body="Привіт, їжаче"), text="Привіт, їжаче"),
    case("UTF-8 called windows-1251", mail("Content-Type: text/plain; charset=windows-1251", body="Привет"), text="Привет"),
    case("an unknown charset", mail("Content-Type: text/plain; charset=x-unheard-of", body="Grüße"), text="Grüße"),
    case("a charset that is a decoder bomb", mail("Content-Type: text/plain; charset=punycode", body="Hello"), text="Hello"),
    case("windows-1252 quotes called iso-8859-1", mail("Content-Type: text/plain; charset=iso-8859-1", body="“Hi” – Ann’s",
         charset="cp1252"), text="“Hi” – Ann’s"),
    case("gb2312 that is gb18030", mail("Content-Type: text/plain; charset=gb2312", body="你好，訂單在哪裡", charset="gb18030"),
         text="你好，訂單在哪裡"),
    case("iso-2022-jp", mail("Content-Type: text/plain; charset=iso-2022-jp", body="注文はどこですか", charset="iso2022_jp"),
         text="注文はどこですか"),
    case("UTF-16 with its mark", mail("Content-Type: text/plain; charset=utf-16", B64,
         body=base64.encodebytes("Привет".encode("utf-16"))), text="Привет"),
    case("UTF-8 cut inside a character", mail("Content-Type: text/plain; charset=utf-8", body="Где мой заказ".encode()[:-1]),
         text="Где мой зака\ufffd"),
    case("HTML that says its charset itself", mail("Content-Type: text/html", body='<meta charset="windows-1251"><p>Эй, ты</p>',
         charset="cp1251"), text="Эй, ты"),
    case("NULs and controls", mail("Subject: a\x00b", body=b"one\x00\x01\x1b two"), text="one two", subject="a b"),
    case("quoted-printable with a broken escape", mail("Content-Transfer-Encoding: quoted-printable",
         body="caf=C3=A9 =ZZ 100=\n%"), text="café =ZZ 100%"),
    case("base64 without its padding", mail(B64, body="SGVsbG8gd29ybGQ"), text="Hello world"),
    case("base64 with a footer in clear", mail(B64, body="SGVsbG8K\n-- \nThe list's footer"), text="Hello\n-- \nThe list's footer"),
    case("clear text called base64", mail(B64, body="Hello, this is no base64."), text="Hello, this is no base64."),
    case("two base64 runs in one", mail(B64, body="SGVs\nbG8=\nIQ==\n"), text="Hello!"),
    case("an unknown transfer encoding", mail("Content-Transfer-Encoding: x-rot13", body="plain"), text="plain"),
)  # fmt: skip

HEADERS = (
    case("a word split inside a character", mail("Subject: =?utf-8?Q?=D0=9F=D1?= =?utf-8?Q?=80=D0=B8?="), subject="При"),
    case("a base64 word split inside a quartet", mail("Subject: =?utf-8?B?0J/RgNC4?=\n =?utf-8?B?0LLQt?=\n =?utf-8?B?dGC?="),
         subject="Привет"),
    case("words in two charsets", mail("Subject: =?koi8-r?B?8NLJ?= and =?utf-8?Q?caf=C3=A9?="), subject="При and café"),
    case("a word with spaces in it", mail("Subject: =?utf-8?Q?two words?="), subject="two words"),
    case("a word that never ends", mail("Subject: =?utf-8?Q?oops"), subject="=?utf-8?Q?oops"),
    case("a word inside quotes", mail('From: "=?utf-8?B?0JDQvdC90LA=?=" <ann@example.org>'), name="Анна"),
    case("a subject in raw UTF-8", mail("Subject: Вопрос о заказе"), subject="Вопрос о заказе"),
    case("a subject in raw cp1251", mail(b"Subject: " + "Вопрос о моём заказе".encode("cp1251")), subject="Вопрос о моём заказе"),
    case("a huge header", mail("X-Huge: " + "y" * 2_000_000, "Subject: after"), subject="after", text="Hello"),
    case("a huge subject", mail("Subject: " + "s" * 500_000), subject="s" * 1000),
    case("a name with a comma and no quotes", mail("From: Lee, Ann <ann@example.org>"), name="Lee, Ann"),
    case("a name in a comment", mail("From: ann@example.org (Ann (the one) Lee)"), name="Ann (the one) Lee"),
    case("upper case in the address", mail("From: Ann <ANN@Example.ORG>"), name="Ann"),
    case("an address without brackets after a name", mail("From: Ann Lee ann@example.org"), name="Ann Lee"),
    case("the name is the address", mail('From: "ann@example.org" <ann@example.org>'), name=""),
    case("a domain in Cyrillic", mail("From: Иван <ivan@пример.рф>"), name="Иван",
         address=Address("email", "help", "ivan@xn--e1afmkfd.xn--p1ai")),
    case("no From, but a Sender", mail("From:", "Sender: Ann <ann@example.org>"), name="Ann"),
    case("two hundred thousand brackets", mail("From: " + "(" * 100_000 + " <ann@example.org>", "Sender: ann@example.org")),
    case("an id and its thread", mail("In-Reply-To: <p@x>", "References: <a@x> <p@x>\n <b@x>"), reply_to=("a@x", "b@x", "p@x")),
    case("a date with a zone", mail("Date: Mon, 23 Nov 2026 14:05:06 +0200 (EET)"), at=datetime(2026, 11, 23, 12, 5, 6, tzinfo=UTC)),
    case("an absurd date", mail("Date: Mon, 99 Foo 20266 99:99:99 +9999"), at=None),
    case("a date from the future", mail("Received: from a by b; Mon, 23 Nov 2026 12:00:00 +0000",
         "Date: Sat, 1 Jan 2050 00:00:00 +0000"), at=datetime(2026, 11, 23, 12, 0, tzinfo=UTC)),
    case("no date, but the mailbox knows", mail(), {"internal-date": "2026-11-23T12:00:00+00:00", "uid": "1"},
         at=datetime(2026, 11, 23, 12, 0, tzinfo=UTC)),
)  # fmt: skip


def attached(disposition: str, type_: str = "application/octet-stream") -> bytes:
    """A mail with one attachment under this disposition."""
    return mail(
        MIXED, body=mixed(f"{PLAIN}x", f"Content-Type: {type_}\nContent-Disposition: {disposition}\n{B64}\n\nQUJD")
    )


NAMES = (
    case("RFC 2231 in pieces", attached("attachment; filename*0*=utf-8''%D0%BE%D1%82; filename*1*=%D1%87%D1%91%D1%82; "
         "filename*2=.pdf"), files=(a_file("отчёт.pdf"),)),
    case("an encoded word as a name", attached('attachment; filename="=?utf-8?B?0YHRh9GR0YIucGRm?="'), files=(a_file("счёт.pdf"),)),
    case("a raw UTF-8 name with spaces, unquoted", attached("attachment; filename=мой отчёт.pdf"), files=(a_file("мой отчёт.pdf"),)),
    case("a path", attached('attachment; filename="..\\\\..\\\\C:\\\\Windows/../evil.exe"'), files=(a_file("evil.exe"),)),
    case("a hidden direction", attached("attachment; filename*=utf-8''invoice%E2%80%AEfdp.exe"), files=(a_file("invoicefdp.exe"),)),
    case("a reserved name", attached("attachment; filename=CON.txt"), files=(a_file("_CON.txt"),)),
    case("nothing but dots", attached('attachment; filename=".."'), files=(a_file("attachment-1.bin"),)),
    case("a name without end", attached(f'attachment; filename="{"n" * 5000}.pdf"'), files=(a_file("n" * 116 + ".pdf"),)),
    case("no name", attached("attachment", "application/pdf"), files=(a_file("attachment-1.pdf", "application/pdf", data=b"ABC"),)),
    case("a picture that can hold scripts", attached("attachment; filename=x.svg", "image/svg+xml"),
         files=(a_file("x.svg", "image/svg+xml", kind="document"),)),
)  # fmt: skip

DSN = (
    "Content-Type: text/plain\n\nYour message could not be delivered.",
    "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\nOriginal-Recipient: rfc822;ann@example.org\n"
    "Final-Recipient: rfc822; ann@internal.example.org\nAction: {action}\nStatus: {status}\n"
    "Diagnostic-Code: smtp; 550 {status} User unknown",
    "Content-Type: message/rfc822\n\nFrom: help@shop.test\nTo: Ann@Example.org\nMessage-ID: <{id}>\nSubject: Re: hi\n\nHi",
)


def bounce(action: str, status: str, original: str = OUR_ID) -> bytes:
    """A delivery report as Postfix and Exim write it."""
    parts = [part.format(action=action, status=status, id=original) for part in DSN]
    return mail("From: MAILER-DAEMON@mx.example.org", "Return-Path: <>", "Auto-Submitted: auto-replied",
                'Content-Type: multipart/report; report-type=delivery-status; boundary="b0"', body=mixed(*parts))  # fmt: skip


ANN = Address("email", "help", "ann@example.org")
MACHINES = (
    Case("a hard bounce", bounce("failed", "5.1.1"), (like(Receipt, address=ANN, external_id=OUR_ID, status="failed",
         code="5.1.1", gone=True, outbound=OURS),)),
    Case("a full mailbox", bounce("failed", "5.2.2"), (like(Receipt, address=ANN, status="failed", code="5.2.2", gone=False),)),
    Case("a delay", bounce("delayed", "4.4.1"), (like(Receipt, address=ANN, status="delayed", code="4.4.1", gone=False, outbound=OURS),)),
    Case("a delivery", bounce("delivered", "2.0.0"), (like(Receipt, address=ANN, status="delivered", gone=False),)),
    case("a bounce that only looks like one of ours", bounce("failed", "5.1.1", "0123456789abcdefghij.aaaaaaaaaaaaaaaa@shop.test"),
         address=Address("email", "help", "mailer-daemon@mx.example.org")),
    case("a bounce of a mail that is not ours", bounce("failed", "5.1.1", "x@elsewhere.test"),
         address=Address("email", "help", "mailer-daemon@mx.example.org")),
    Case("our own mail comes back", mail("From: Shop <HELP@shop.test>"), (like(Ignored, reason="our own mail came back"),)),
    case("our own site's form names the customer", mail("From: help@shop.test", "Reply-To: Ann Lee <ann@example.org>"), name="Ann Lee"),
    case("no sender at all", mail("From:", "Subject: Who?"), address=like(Address, channel="email", account="help"), identities=(),
         subject="Who?"),
    case("what of it there is", mail("Subject: cut", body=""), {"uid": "7", "problem": "The body is missing."}, subject="cut"),
)  # fmt: skip

CASES = (*STRUCTURE, *CHARSETS, *HEADERS, *NAMES, *MACHINES)
