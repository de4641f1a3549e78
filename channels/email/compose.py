"""One outbound message as the bytes of a mail, written field by field (RFC 5322, 2045-2047, 2231, 3834).

The same message gives the same mail at every attempt: its Message-ID and its boundaries come from `Outbound.id`, only
Date is of the attempt. Everything is seven-bit but the addresses of an SMTPUTF8 mail. Nothing that is written into
the fields can end them: control characters become spaces first.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from base64 import b64encode, encodebytes
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import quote

from channels.email.account import MailAccount
from channels.email.addresses import canonical
from channels.email.header import plain
from channels.email.mark import bounce_address, marked, reply_address
from channels.email.providers.marks import marks
from core.channel import Outbound
from core.content import File, clean
from core.errors import RecipientGone, Rejected
from core.files.naming import named
from core.letter import as_html, signature_html, signature_text
from core.said import Said
from core.sanitise import text_of

MAX_REFERENCES = 30
MAX_COPIES = 50
_ADDRESS = re.compile(r"[^\s<>@,;:\\\"()\[\]\x00-\x20\x7f]{1,64}@[^\s<>@,;:\\\"()\x00-\x20\x7f]{1,255}\Z")
_TYPE = re.compile(r"(?!multipart/|message/)[a-z]+/[a-z0-9][a-z0-9.+_-]{0,100}\Z")
_ID = re.compile(r"[!-;=?-~]{1,500}@[!-;=?-~]{1,250}\Z")

Lines = list[bytes]


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail with its envelope. `utf8`: an address in it needs a server that knows SMTPUTF8 (RFC 6531).

    `copies` are the further recipients, of Cc and Bcc. `mark` is what a delivery report should quote (RFC 3461 ENVID).
    """

    message_id: str
    sender: str
    recipient: str
    utf8: bool
    body: bytes = field(repr=False)
    copies: tuple[str, ...] = ()
    mark: str = ""


def message_id(outbound_id: str, domain: str, key: str = "") -> str:
    """The Message-ID, without brackets, of the message `outbound_id`, for ever; with `key` it carries our mark."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", outbound_id):
        outbound_id = hashlib.sha256(outbound_id.encode("utf-8", "replace")).hexdigest()[:40]
    return f"{marked(key, outbound_id)}@{domain}"


def compose(message: Outbound, account: MailAccount, now: datetime) -> Letter:
    """The mail for `message`. Raises RecipientGone or Rejected when it cannot be written at all."""
    recipient = canonical(message.address.person)
    if recipient.endswith("@invalid"):
        raise RecipientGone("The mail this answers gave no sender address, so it cannot be answered.", code="address")
    _check(recipient)
    cc = _copies(message.content.cc, (recipient,))
    bcc = _copies(message.content.bcc, (recipient, *cc))
    own_id = message_id(message.id, account.domain, account.key)
    seed = hashlib.sha256(own_id.encode()).hexdigest()
    name = _shown_name(message.author, account.display_name)
    lines: Lines = [b"From: " + _mailbox(name, account.address), b"To: " + recipient.encode()]
    if cc:
        lines.append(b"Cc: " + b",\r\n ".join(one.encode() for one in cc))
    if account.plus_addressing and message.conversation:
        answers_to = reply_address(account.key, account.address, message.conversation, recipient)
        lines.append(b"Reply-To: " + _mailbox(plain(account.display_name), answers_to))
    lines += [
        *_subject(message.content.subject or ""),
        b"Date: " + format_datetime(now).encode("ascii"),
        b"Message-ID: <" + own_id.encode() + b">",
        *_thread(message),
    ]
    if message.automatic:
        lines.append(b"Auto-Submitted: " + (b"auto-replied" if message.reply_to else b"auto-generated"))
        lines.append(b"X-Auto-Response-Suppress: All")
    if message.unsubscribe.isascii() and message.unsubscribe:
        lines.append(b"List-Unsubscribe: <" + re.sub(r"[^!-;=?-~]", "", message.unsubscribe).encode() + b">")
        lines.append(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    mark = marked(account.key, message.id) if account.key else ""
    if mark:
        lines.append(b"X-Switchboard: " + mark.encode())  # where a relay gives the mail another Message-ID
    lines.extend(marks(own_id, account.smtp.host if account.smtp else ""))
    lines.append(b"MIME-Version: 1.0")
    lines.extend(_content(message, account.signature, seed))
    return Letter(
        message_id=own_id,
        sender=bounce_address(account.key, account.address, message.id) if account.plus_addressing else account.address,
        recipient=recipient,
        utf8=not ("".join((recipient, account.address, *cc, *bcc))).isascii(),
        body=b"\r\n".join(lines) + b"\r\n",
        copies=(*cc, *bcc),
        mark=mark,
    )


def _check(address: str) -> None:
    if not _ADDRESS.match(address) or not address.rpartition("@")[2].isascii():
        raise Rejected("This is not a mail address that can be written to. Please check it.", code="address")


def _copies(addresses: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    found = dict.fromkeys(canonical(one) for one in addresses[:MAX_COPIES])
    for one in found:
        _check(one)
    return tuple(one for one in found if one not in known)


# --------------------------------------------------------------------------------------------------- fields


def _shown_name(author: str, display_name: str) -> str:
    author, display_name = plain(author), plain(display_name)
    return f"{author} ({display_name})" if author and display_name else author or display_name


def _mailbox(name: str, address: str) -> bytes:
    if not name:
        return address.encode()
    if name.isascii() and "=?" not in name:
        words = '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
        return words.encode() + b"\r\n <" + address.encode() + b">"
    return b"\r\n ".join(_encoded_words(name)) + b"\r\n <" + address.encode() + b">"


def _subject(subject: str) -> Lines:
    subject = plain(subject)[:900]
    if not subject:
        return []
    if not subject.isascii() or "=?" in subject or max(map(len, subject.split())) > 60:
        return [b"Subject: " + b"\r\n ".join(_encoded_words(subject))]
    lines, width = ["Subject:"], 8
    for word in subject.split(" "):
        if width + len(word) > 76:
            lines.append("")
            width = 0
        lines[-1] += f" {word}"
        width += len(word) + 1
    return ["\r\n".join(lines).encode("ascii")]


def _encoded_words(words: str) -> Lines:
    """RFC 2047 words of at most 60 characters, cut between characters."""
    out: Lines = []
    chunk = b""
    for char in words:
        raw = char.encode("utf-8", "replace")
        if len(chunk) + len(raw) > 36:
            out.append(b"=?utf-8?B?" + b64encode(chunk) + b"?=")
            chunk = b""
        chunk += raw
    return [*out, b"=?utf-8?B?" + b64encode(chunk) + b"?="]


def _thread(message: Outbound) -> Lines:
    parent = message.reply_to or (message.references[-1] if message.references else None)
    ids = [one for one in (_bracketed(ref) for ref in message.references) if one]
    lines: Lines = []
    if parent and (bracketed := _bracketed(parent)):
        lines.append(b"In-Reply-To: " + bracketed)
        ids = [one for one in ids if one != bracketed] + [bracketed]
    ids = list(dict.fromkeys(ids))
    if len(ids) > MAX_REFERENCES:
        ids = ids[:1] + ids[1 - MAX_REFERENCES :]
    return [*lines, b"References: " + b"\r\n ".join(ids)] if ids else lines


def _bracketed(one: str) -> bytes | None:
    bare = one.strip().strip("<>")
    return b"<" + bare.encode("ascii") + b">" if _ID.match(bare) else None


# -------------------------------------------------------------------------------------------------- content


def _content(message: Outbound, line: str, seed: str) -> Lines:
    content = message.content
    html = clean(content.html) if content.html else ""
    text = clean(content.text)
    if html and not text.strip():
        text = text_of(html)
    signature = "" if message.automatic else clean(message.signature.strip() or line.strip())
    if not message.automatic and not html and text.strip():
        html = as_html(text)
    if signature:
        text = f"{text.rstrip()}\n\n-- \n{signature_text(signature)}"
        html = html and f'{html}<div class="signature">-- <br>{signature_html(signature)}</div>'
    body = _text(text, "plain")
    inline = [f for f in content.files if html and f.content_id and f"cid:{f.content_id}" in html]
    if html:
        page = _text(html, "html")
        if inline:
            page = _multipart("related", [page, *(_file(f, inline=True) for f in inline)], f"r{seed}")
        body = _multipart("alternative", [body, page], f"a{seed}")
    attached = [f for f in content.files if f not in inline]
    if attached:
        body = _multipart("mixed", [body, *(_file(f, inline=False) for f in attached)], f"m{seed}")
    return body


def _multipart(kind: str, parts: list[Lines], seed: str) -> Lines:
    # "=_" occurs neither in base64 nor in quoted-printable.
    boundary = b"=_" + seed[:33].encode()
    lines = [b"Content-Type: multipart/" + kind.encode() + b';\r\n boundary="' + boundary + b'"', b""]
    for part in parts:
        lines += [b"--" + boundary, *part]
    return [*lines, b"--" + boundary + b"--"]


def _text(words: str, kind: str) -> Lines:
    data = "\n".join(words.splitlines() if kind == "plain" else words.split("\n")).replace("\r", "").encode()
    head = b"Content-Type: text/" + kind.encode() + b"; charset=utf-8"
    lines = data.split(b"\n")
    if data.isascii() and all(len(line) <= 78 and not line.startswith((b"From ", b"--")) for line in lines):
        return [head, b"Content-Transfer-Encoding: 7bit", b"", *lines]
    printable = binascii.b2a_qp(data)
    coded = encodebytes(data.replace(b"\n", b"\r\n"))
    if len(printable) <= len(coded):
        return [head, b"Content-Transfer-Encoding: quoted-printable", b"", *printable.split(b"\n")]
    return [head, b"Content-Transfer-Encoding: base64", b"", *coded.rstrip(b"\n").split(b"\n")]


def _file(file: File, *, inline: bool) -> Lines:
    if file.data is None:
        raise Rejected(Said("The attachment {name} is not there any more.", name=file.name), code="attachment")
    type_ = file.type.strip().lower()
    name = named(file.name) or "attachment"
    lines = [
        b"Content-Type: " + (type_ if _TYPE.match(type_) else "application/octet-stream").encode(),
        b"Content-Transfer-Encoding: base64",
        b"Content-Disposition: " + (b"inline" if inline else b"attachment") + _parameter("filename", name),
    ]
    if inline and file.content_id:
        lines.append(b"Content-ID: <" + re.sub(r"[^!-;=?-~]", "", file.content_id)[:200].encode() + b">")
    return [*lines, b"", *encodebytes(file.data).rstrip(b"\n").split(b"\n")]


def _parameter(key: str, value: str) -> bytes:
    """`; key="value"`, by RFC 2231 in pieces where it is not plain ASCII."""
    if value.isascii() and len(value) <= 60:
        return f';\r\n {key}="'.encode() + re.sub(r'(["\\])', r"\\\1", value).encode() + b'"'
    pieces, piece = [], "utf-8''"
    for char in value:
        coded = quote(char.encode("utf-8", "replace"), safe="")
        if len(piece) + len(coded) > 60:
            pieces.append(piece)
            piece = ""
        piece += coded
    pieces.append(piece)
    return b"".join(f";\r\n {key}*{number}*={one}".encode() for number, one in enumerate(pieces))
