"""Mails that a provider received for us, as the same arrivals a mailbox gives.

Where the provider hands over the raw mail, it goes through the one parser, so that the same mail by IMAP is the same
entry. Where it only gives pieces, a mail is written from them first and read by the same parser: what is a machine's
answer, how files are named and pictures placed is decided once.
"""

from __future__ import annotations

import re
from base64 import encodebytes
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from urllib.parse import quote

from channels.email.account import receiving
from channels.email.addresses import canonical
from channels.email.authenticity import Verdict
from channels.email.events import events
from channels.email.parse import is_mail, read
from core.channel import Account, Arrival, Event
from core.content import File, clean
from core.errors import Unreadable

_NAME = re.compile(r"[!-9;-~]{1,200}\Z")
_TYPE = re.compile(r"(?!multipart/)[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}\Z")
_REPORT = re.compile(r"\s*multipart/report\b.{0,500}?report-type=\"?([a-z-]{1,40})", re.IGNORECASE | re.DOTALL)
_OF_THE_BODY = ("content-", "mime-version")  # fields that speak of a body we do not have

Fields = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Piece:
    """An attachment as a provider gives it. `content_id` is of a picture shown in place, with or without brackets."""

    name: str
    type: str
    data: bytes = field(repr=False)
    content_id: str = ""


def arrived(raw: bytes, account: Account, *, verdict: Verdict = "unknown", missing: Sequence[File] = ()) -> list[Event]:
    """The events in one raw mail. Raises Unreadable when it is none.

    `verdict` is what the provider found of the domain in From. Authentication-Results in the mail are not believed: it
    did not come through the server that this line trusts. `missing` are files the provider did not hand over.
    """
    mail = read(raw)
    if not is_mail(mail.parts):
        raise Unreadable("The mail in this notification has no header that can be read.", code="no_mail")
    found = events(mail, replace(receiving(account), authserv_id=""), {})
    # What was checked is the one address in From; a Reply-To that stands in for it was checked by nobody.
    sender = canonical(mail.sender.address) if mail.senders == 1 else ""
    return [_completed(one, verdict if one.address.person == sender else "unknown", missing)
            if isinstance(one, Arrival) else one for one in found]  # fmt: skip


def _completed(event: Arrival, verdict: Verdict, missing: Sequence[File]) -> Arrival:
    if missing:
        event = replace(event, content=replace(event.content, files=(*event.content.files, *missing)))
    if verdict == "unknown":
        return event
    proved = verdict == "proved"
    identities = tuple(replace(one, verified=proved, doubted=not proved) for one in event.identities)
    data = {**event.data, "verified": proved, "authenticity": verdict}
    data.pop("doubted", None)
    return replace(event, identities=identities, data=data if proved else {**data, "doubted": True})


def named(fields: Fields, *others: tuple[str, str]) -> Fields:
    """`fields`, and of `others` those whose name is not among them and that have a value."""
    there = {name.lower() for name, _ in fields}
    return [*fields, *((name, value) for name, value in others if value and name.lower() not in there)]


def written(fields: Fields, text: str, html: str, pieces: Iterable[Piece] = ()) -> bytes:
    """A mail with these fields and this content; the same pieces give the same bytes."""
    pieces = list(pieces)
    report = next((match[1] for name, value in fields if name.lower() == "content-type"
                   and (match := _REPORT.match(value))), "")  # fmt: skip
    leaves = [_leaf("text/plain; charset=utf-8", text.encode("utf-8", "replace"))]
    if html:
        leaves.append(_leaf("text/html; charset=utf-8", html.encode("utf-8", "replace")))
    boundary = sha256(b"".join(leaves) + b"".join(one.data for one in pieces)).hexdigest()[:40]
    kind = f'report; report-type="{report}"' if report else "mixed"
    head = [f"{name}: {_line(value)}".encode("utf-8", "replace") for name, value in fields
            if _NAME.match(name) and not name.lower().startswith(_OF_THE_BODY)]  # fmt: skip
    head.append(f'MIME-Version: 1.0\r\nContent-Type: multipart/{kind}; boundary="m{boundary}"'.encode())
    inner = f'Content-Type: multipart/alternative; boundary="a{boundary}"\r\n\r\n'.encode()
    parts = [inner + _joined(f"a{boundary}", leaves), *(_file(one) for one in pieces)]
    return b"\r\n".join(head) + b"\r\n\r\n" + _joined(f"m{boundary}", parts)


def _joined(boundary: str, parts: list[bytes]) -> bytes:
    mark = f"--{boundary}".encode()
    return b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"


def _leaf(type_: str, data: bytes, *fields: str) -> bytes:
    head = "\r\n".join((f"Content-Type: {type_}", "Content-Transfer-Encoding: base64", *fields))
    return head.encode("utf-8", "replace") + b"\r\n\r\n" + encodebytes(data)


def _file(piece: Piece) -> bytes:
    kind = piece.type.partition(";")[0].strip().lower()
    id = re.sub(r"[<>\s\x00-\x1f]", "", clean(piece.content_id))[:500]
    shown = "inline" if id else "attachment"
    name = quote(clean(piece.name)[:1000], safe="")
    return _leaf(
        kind if _TYPE.match(kind) else "application/octet-stream",
        piece.data,
        f"Content-Disposition: {shown}" + (f"; filename*=utf-8''{name}" if name else ""),
        *((f"Content-ID: <{id}>",) if id else ()),
    )


def _line(value: str) -> str:
    return re.sub(r"[\r\n\x00]+", " ", clean(value))
