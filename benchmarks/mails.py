"""Mails as a shop gets them, made the same way in every run: plain answers, web mail, newsletters, pictures, files."""

from __future__ import annotations

import base64
import quopri
import random
from collections.abc import Iterator, Sequence
from email.header import Header

_WORDS = """order parcel arrived late colour size return money back please thanks regards number tracking address wrong
    box блендер заказ посылка пришла вчера спасибо коробка цвет возврат здравствуйте номер адрес дуже дякую кава"""


def mails(count: int, *, files: int = 10) -> Iterator[bytes]:
    """`count` mails of 2 to 400 KB, each another; one in `files` has a file attached, one in ten is a newsletter."""
    chance = random.Random(3)
    kinds = (_plain, _web, _web, _plain, _newsletter, _answer, _plain, _web, _answer)
    for number in range(count):
        kind = _with_file if number % files == files - 1 else kinds[number % len(kinds)]
        yield _mail(number, *kind(chance), chance)


def _mail(number: int, fields: list[str], body: bytes, chance: random.Random) -> bytes:
    subject = Header(_sentence(chance, 5), "utf-8" if chance.random() < 0.5 else None, header_name="Subject")
    received = [
        f"Received: from mx{hop}.example.org (mx{hop}.example.org [192.0.2.{hop}])\r\n\tby mail.shop.test with ESMTPS "
        f"id {chance.randbytes(6).hex()}\r\n\tfor <help@shop.test>; Mon, 23 Nov 2026 1{hop}:00:00 +0000 (UTC)"
        for hop in range(1, 4)
    ]
    seal = base64.b64encode(chance.randbytes(256)).decode()
    head = [
        *received,
        "Authentication-Results: mx.shop.test; dkim=pass header.d=example.org; spf=pass smtp.mailfrom=example.org",
        f"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s1; h=from:to;\r\n\tb={seal[:172]}\r\n\t{seal[172:]}",
        f"From: {Header('Анна Лис', 'utf-8').encode()} <ann{number % 50}@example.org>",
        "To: Example Shop <help@shop.test>",
        f"Subject: {subject.encode()}",
        "Date: Mon, 23 Nov 2026 12:00:00 +0000",
        f"Message-ID: <bench-{number}@example.org>",
        f"References: <a{number}@shop.test> <b{number}@shop.test>",
        f"In-Reply-To: <b{number}@shop.test>",
        "MIME-Version: 1.0",
        *fields,
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def _sentence(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(_WORDS.split(), k=words))


def _text(chance: random.Random, sentences: int) -> str:
    return "\n".join(_sentence(chance, 11) + "." for _ in range(sentences))


def _quoted(text: str) -> bytes:
    return quopri.encodestring(text.encode()).replace(b"\n", b"\r\n")


def _plain(chance: random.Random) -> tuple[list[str], bytes]:
    own, old = _text(chance, 4), _text(chance, 8).replace("\n", "\n> ")
    text = f"{own}\n\nOn Mon, 23 Nov 2026 at 10:00, Shop <help@shop.test> wrote:\n> {old}\n"
    return ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"], text.encode().replace(
        b"\n", b"\r\n"
    )


def _web(chance: random.Random) -> tuple[list[str], bytes]:
    own, old = _text(chance, 4), _text(chance, 10)
    html = (
        f'<div dir="ltr">{own}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Mon, 23 Nov 2026 '
        f'at 10:00, Shop &lt;<a href="mailto:help@shop.test">help@shop.test</a>&gt; wrote:<br></div><blockquote '
        f'class="gmail_quote" style="margin:0px 0px 0px 0.8ex">{old}</blockquote></div>'
    )
    parts = (
        ("text/plain; charset=UTF-8", "quoted-printable", _quoted(own)),
        ("text/html; charset=UTF-8", "quoted-printable", _quoted(html)),
    )
    return _multipart("alternative", parts, chance)


def _answer(chance: random.Random) -> tuple[list[str], bytes]:
    """Outlook's, with a picture in place."""
    style = "<style>" + "".join(f"p.Mso{n} {{margin:0cm;font-size:11.0pt}}\n" for n in range(60)) + "</style>"
    words = "".join(
        f'<p class="MsoNormal"><span lang="EN-US">{_sentence(chance, 12)}<o:p></o:p></span></p>' for _ in range(15)
    )
    html = f'<html><head>{style}</head><body>{words}<img src="cid:image001.png@01D9"></body></html>'
    parts = (
        ("text/html; charset=utf-8", "quoted-printable", _quoted(html)),
        ('image/png; name="image001.png"', "base64\r\nContent-ID: <image001.png@01D9>", _coded(chance, 20_000)),
    )
    return _multipart("related", parts, chance)


def _newsletter(chance: random.Random) -> tuple[list[str], bytes]:
    row = '<tr><td style="padding:0 10px;font-family:Arial"><table width="100%"><tr><td><a href="https://x.test/{n}">{t}</a></td></tr></table></td></tr>'
    html = (
        "<html><body><table>"
        + "".join(row.format(n=n, t=_sentence(chance, 9)) for n in range(150))
        + "</table></body></html>"
    )
    parts = (
        ("text/plain; charset=utf-8", "quoted-printable", _quoted(_text(chance, 40))),
        ("text/html; charset=utf-8", "quoted-printable", _quoted(html)),
    )
    return _multipart("alternative", parts, chance)


def _with_file(chance: random.Random) -> tuple[list[str], bytes]:
    parts = (
        ("text/plain; charset=utf-8", "quoted-printable", _quoted(_text(chance, 5))),
        (
            'application/pdf; name="bill.pdf"',
            'base64\r\nContent-Disposition: attachment; filename="bill.pdf"',
            _coded(chance, 300_000),
        ),
    )
    return _multipart("mixed", parts, chance)


def _coded(chance: random.Random, size: int) -> bytes:
    return base64.encodebytes(chance.randbytes(size)).replace(b"\n", b"\r\n")


def _multipart(kind: str, parts: Sequence[tuple[str, str, bytes]], chance: random.Random) -> tuple[list[str], bytes]:
    boundary = chance.randbytes(14).hex()
    body = b"".join(
        f"--{boundary}\r\nContent-Type: {type_}\r\nContent-Transfer-Encoding: {coding}\r\n\r\n".encode()
        + words
        + b"\r\n"
        for type_, coding, words in parts
    )
    return [f'Content-Type: multipart/{kind}; boundary="{boundary}"'], body + f"--{boundary}--\r\n".encode()
