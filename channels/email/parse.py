"""A raw mail as a careful person reads it: who, to whom, when, the text, the HTML, the attachments. Pure, never raises.

What the mail means to the hub (an arrival, a receipt, nothing) is decided in `events.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from html import escape
from urllib.parse import unquote

from channels.email import attachment
from channels.email.addresses import Mailbox, mailboxes
from channels.email.charset import Charsets
from channels.email.header import date, message_ids, text
from channels.email.mime import Part, body, split
from core.content import File, clean
from core.sanitise import text_of

MAX_TEXT = 500_000  # characters shown; what is longer is attached whole
MAX_HTML = 2_000_000
MAX_FILES = 500
MAX_REFERENCES = 100
_MAIL_FIELDS = frozenset(
    {"from", "to", "cc", "subject", "date", "message-id", "received", "mime-version", "content-type", "return-path",
     "sender", "reply-to", "delivered-to"}
)  # fmt: skip
_NOISE = str.maketrans(
    dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127)) | {0x85: "\n", 0x2028: "\n", 0x2029: "\n"}
)
_NOISY = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, read. `html` is as it came; `parts` is the tree of `raw`, for those who look for reports.

    `sent` is the Date field in UTC, bounded by the time the mail was received: nothing is written after it arrived.
    Ids are without brackets; `references` is oldest first, the direct parent last. `shortened`: text or HTML was too
    long to show and is attached whole.
    """

    raw: bytes = field(repr=False)
    parts: Part = field(repr=False)
    sender: Mailbox
    senders: int
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    subject: str = ""
    sent: datetime | None = None
    message_id: str | None = None
    references: tuple[str, ...] = ()
    text: str = ""
    html: str | None = None
    files: tuple[File, ...] = ()
    shortened: bool = False


def is_mail(root: Part, traced: int = 0) -> bool:
    """False for bytes that have none of the fields every mail has some of; the first `traced` are ours, and no sign."""
    return any(name in _MAIL_FIELDS for name, _ in root.fields[traced:])


def tree(raw: bytes) -> tuple[bytes, Part, Charsets]:
    """`raw` with line ends that can be found, its structure, and the charsets to read it with."""
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    charsets = Charsets()
    return raw, split(raw, charsets), charsets


def read(raw: bytes) -> Mail:
    """The mail in `raw`, whatever its state."""
    raw, root, charsets = tree(raw)
    text_, html, files = _contents(raw, root, charsets)
    people = {name: tuple(_people(root, name, charsets)) for name in ("from", "sender", "reply-to", "to", "cc")}
    senders = people["from"] or people["sender"] or people["reply-to"] or (Mailbox("", ""),)
    shortened = len(text_) > MAX_TEXT or len(html or "") > MAX_HTML
    if len(text_) > MAX_TEXT:
        files.append(_whole("message.txt", "text/plain", text_))
        text_ = text_[:MAX_TEXT]
    if html and len(html) > MAX_HTML:
        files.append(_whole("message.html", "text/html", html))
        html = None
    return Mail(
        raw=raw,
        parts=root,
        sender=senders[0],
        senders=len(people["from"]),
        to=people["to"],
        cc=people["cc"],
        reply_to=people["reply-to"],
        subject=text(root.first("subject"), charsets)[:1000],
        sent=_sent(root),
        message_id=next(iter(message_ids(root.first("message-id"))), None),
        references=_references(root),
        text=text_,
        html=html,
        files=tuple(files),
        shortened=shortened,
    )


def _people(root: Part, name: str, charsets: Charsets) -> list[Mailbox]:
    return [mailbox for value in root.all(name)[:10] for mailbox in mailboxes(value, charsets)]


def _references(root: Part) -> tuple[str, ...]:
    parents = message_ids(root.first("in-reply-to"))[:1]
    ids = [one for one in message_ids(root.first("references")) if one not in parents] + parents
    # The start of the thread and its newest mails name it; the middle of a very long one adds nothing.
    return tuple(ids if len(ids) <= MAX_REFERENCES else ids[:1] + ids[1 - MAX_REFERENCES :])


def _sent(root: Part) -> datetime | None:
    written = date(root.first("date"))
    received = date(root.first("received").rpartition(b";")[2])
    if received and (written is None or written > received + timedelta(days=1)):
        return received
    return written


def _whole(name: str, type_: str, words: str) -> File:
    data = words.encode()
    return File(name=name, type=type_, size=len(data), data=data)


# -------------------------------------------------------------------------------------------- what is in it


@dataclass(slots=True)
class _Piece:
    """One thing that is read in its place: plain text, HTML, or both as alternatives."""

    plain: str | None = None
    html: str | None = None


def _contents(raw: bytes, root: Part, charsets: Charsets) -> tuple[str, str | None, list[File]]:
    """Text, HTML (None when nobody wrote any) and files."""
    pieces, others = _sorted_leaves(raw, root, charsets)
    read_ = [piece for piece in pieces if (piece.plain or "").strip() or (piece.html or "").strip()]
    plain = "\n\n".join(_plain(piece) for piece in read_)
    html: str | None = None
    if any(piece.html for piece in read_):
        html = "\n".join(piece.html or _as_html(piece.plain or "") for piece in read_)
    files = [
        attachment.file(part, body(raw, part), position, charsets)
        for position, part in enumerate(others[:MAX_FILES], start=1)
    ]
    shown = {unquote(found).lower() for found in re.findall(r"(?i)cid:([^\s\"'<>)]{1,500})", html or "")}
    return (
        plain.strip("\n"),
        html,
        [f if f.content_id and f.content_id.lower() in shown else replace(f, content_id=None) for f in files],
    )


def _plain(piece: _Piece) -> str:
    if piece.plain and piece.plain.strip():
        return piece.plain.strip("\n")
    return text_of(piece.html or "")


def _as_html(plain: str) -> str:
    return f'<div style="white-space: pre-wrap">{escape(plain)}</div>'


def _sorted_leaves(raw: bytes, root: Part, charsets: Charsets) -> tuple[list[_Piece], list[Part]]:
    """The pieces to read, in order, and the leaves that are files. Alternatives share one piece."""
    pieces: list[_Piece] = []
    others: list[Part] = []
    waiting: list[tuple[Part, _Piece | None]] = [(root, None)]
    while waiting:
        part, shared = waiting.pop()
        if part.parts:
            if part.type == "multipart/alternative" and shared is None:
                shared = _Piece()
                pieces.append(shared)
            # A mixture inside an alternative (Apple Mail: text, picture, text) still is that one alternative.
            waiting.extend((child, shared) for child in reversed(part.parts))
            continue
        if not _is_read(part, first=not pieces and not others, alone=part is root, alternative=shared is not None):
            if shared is None or part.type not in ("text/x-amp-html", "text/watch-html", "text/enriched"):
                others.append(part)
            continue
        words = _words(raw, part, charsets)
        piece = shared if shared is not None else _Piece()
        if shared is None:
            pieces.append(piece)
        if part.type == "text/html":
            piece.html = words if not piece.html else f"{piece.html}\n{words}"
        else:
            piece.plain = words if not piece.plain else f"{piece.plain}\n{words}"
    return pieces, others


def _is_read(part: Part, *, first: bool, alone: bool, alternative: bool) -> bool:
    """Whether a leaf is read as part of the message, rather than offered as a file."""
    if part.type not in ("text/plain", "text/html") and not (
        part.type.startswith("text/") and alone and part.type != "text/calendar"
    ):
        return False
    if part.disposition == "attachment":
        return alone and not attachment.declared_name(part)
    return not attachment.declared_name(part) or alone or first or alternative


_META = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)


def _words(raw: bytes, part: Part, charsets: Charsets) -> str:
    data = body(raw, part)
    label = part.type_params.get("charset", "")
    if part.type == "text/html" and not label and (meta := _META.search(data[:4096])):
        label = meta[1].decode("ascii")
    words = charsets.decode(data, label)
    if words.isascii() or _NOISY.search(words):  # elsewhere translate is far slower than looking
        words = words.translate(_NOISE)
    words = clean(words).replace("\r\n", "\n").replace("\r", "\n")
    words = words.removeprefix("\ufeff")
    if part.type == "text/plain" and part.type_params.get("format", "").lower() == "flowed":
        words = _unflowed(words, part.type_params.get("delsp", "").lower() == "yes")
    return words


def _unflowed(words: str, delete_space: bool) -> str:
    """Paragraphs of format=flowed put together again (RFC 3676)."""
    out: list[str] = []
    open_depth = -1  # quote depth of the paragraph that goes on, -1 when none does
    for line in words.split("\n"):
        bare = line.lstrip(">")
        depth = len(line) - len(bare)
        bare = bare.removeprefix(" ")
        flows = bare.endswith(" ") and bare != "-- "
        shown = bare[:-1] if flows and delete_space else bare
        if open_depth == depth and bare != "-- ":
            out.append(shown)
        else:
            out.append(("\n" if out else "") + (">" * depth + " " if depth else "") + shown)
        open_depth = depth if flows else -1
    return "".join(out)
