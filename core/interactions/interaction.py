"""One entry of the log, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from core.content import Button, Content, File, Location, Mark, clean
from core.said import sentence_document, sentence_of

Kind = Literal["message", "note", "call", "meeting", "form", "order", "notification", "survey", "click", "system"]
Direction = Literal["in", "out", "internal"]

MAX_TEXT = 100_000
MAX_HTML = 500_000
MOST_MARKS = 1000
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote an entry: `customer`, `bot`, `agent` or `system`; `id` is the agent's or customer's."""

    kind: Literal["customer", "bot", "agent", "system"]
    id: str | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a delivery did not work: a code for reports, a sentence for the agent (`core.said`)."""

    code: str
    sentence: str

    def document(self) -> dict[str, Any]:
        """As it is stored."""
        kept: dict[str, Any] = storable({"code": self.code, **sentence_document(self.sentence)})
        return kept


@dataclass(frozen=True, slots=True)
class Interaction:
    """One entry of the log. Ids are `core.ids`; times are UTC; `key` is unique at `address`.

    `at` is when it happened (the provider's clock where it gave one), the id tells when it was written. `attempts`
    counts deliveries begun. `edits` keeps the texts this entry had before, newest last. `raw` finds what came from
    outside: `{"body": bytes}` when small, else `{"sha256": …}` in the file store. `who` is what the entry told about
    its writer: name, language, identities. `edit_of` is the external id of the message whose text this replaces.
    `thread` is the conversation whose signed reply address it was sent to.

    `parts` are the numbers of those that came one by one (an album), and until `wait_until` more are waited for.
    `reactions` are the signs the customer has on it; `deleted_at` is when whoever
    wrote it took it back: agents still see the words. `external_ids` are all names the provider has for it.
    `trace` is the id of what it came of (`core.trace`), empty where it is the first itself.
    """

    id: str
    kind: Kind
    direction: Direction
    address: str
    key: str
    author: Author
    content: Content
    at: datetime
    status: str
    channel: str = ""
    account: str = ""
    customer_id: str | None = None
    conversation_id: str | None = None
    external_id: str | None = None
    reply_to: tuple[str, ...] = ()
    choice: str | None = None
    due_at: datetime | None = None
    attempts: int = 0
    error: Problem | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    edits: tuple[str, ...] = ()
    raw: Mapping[str, Any] | None = None
    who: Mapping[str, Any] = field(default_factory=dict)
    edit_of: str | None = None
    thread: str | None = None
    parts: tuple[int, ...] = ()
    wait_until: datetime | None = None
    reactions: tuple[str, ...] = ()
    deleted_at: datetime | None = None
    external_ids: tuple[str, ...] = ()
    trace: str = ""

    def document(self) -> dict[str, Any]:
        """The entry as it is stored: no empty fields, nothing MongoDB cannot hold."""
        document: dict[str, Any] = {
            "_id": self.id,
            "kind": self.kind,
            "direction": self.direction,
            "channel": self.channel,
            "account": self.account,
            "address": self.address,
            "key": self.key,
            "author": {key: storable(value) for key, value in asdict(self.author).items() if value},
            "content": content_document(self.content),
            "at": self.at,
            "status": self.status,
        }
        optional = {
            "customer_id": self.customer_id,
            "conversation_id": self.conversation_id,
            "external_id": self.external_id,
            "reply_to": list(self.reply_to),
            "choice": self.choice,
            "due_at": self.due_at,
            "attempts": self.attempts,
            "error": self.error.document() if self.error else None,
            "data": storable(self.data),
            "edits": list(self.edits),
            "raw": self.raw,
            "who": storable(self.who),
            "edit_of": self.edit_of,
            "thread": self.thread,
            "trace": self.trace,
        }
        document.update({key: value for key, value in optional.items() if value})
        return document

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Interaction:
        """The entry that was stored as `document`."""
        error = document.get("error")
        author = document.get("author", {})
        named = document.get("external_id")
        names = named if isinstance(named, list) else [named]
        gone = set(document.get("deleted", ()))
        return cls(
            id=document["_id"],
            kind=document["kind"],
            direction=document["direction"],
            channel=document.get("channel", ""),
            account=document.get("account", ""),
            address=document["address"],
            key=document["key"],
            author=Author(author.get("kind", "system"), author.get("id"), author.get("name", "")),
            content=content_of(document.get("content", {})),
            at=document["at"],
            status=document["status"],
            customer_id=document.get("customer_id"),
            conversation_id=document.get("conversation_id"),
            external_id=names[0] if names else None,
            reply_to=tuple(document.get("reply_to", ())),
            choice=document.get("choice"),
            due_at=document.get("due_at"),
            attempts=document.get("attempts", 0),
            error=Problem(error["code"], sentence_of(error)) if error else None,
            data=document.get("data", {}),
            edits=tuple(document.get("edits", ())),
            raw=document.get("raw"),
            who=document.get("who", {}),
            edit_of=document.get("edit_of"),
            thread=document.get("thread"),
            parts=tuple(part["number"] for part in document.get("parts", ())),
            wait_until=document.get("wait_until"),
            reactions=tuple(document.get("reactions", ())),
            deleted_at=document.get("deleted_at") if gone.issuperset(names) else None,
            external_ids=tuple(name for name in names if name),
            trace=document.get("trace", ""),
        )


def content_document(content: Content) -> dict[str, Any]:
    """`content` as it is stored; bytes of files are not part of it."""
    document: dict[str, Any] = {"text": clean(content.text)[:MAX_TEXT]}
    if content.visible is not None and content.visible != content.text:
        document["visible"] = clean(content.visible)[:MAX_TEXT]
    if content.html:
        document["html"] = clean(content.html)[:MAX_HTML]
    if content.subject:
        document["subject"] = clean(content.subject)[:1000]
    if content.buttons:
        document["buttons"] = [{"label": clean(b.label), "value": clean(b.value)} for b in content.buttons]
    if content.files:
        document["files"] = [_file_document(file) for file in content.files[:200]]
    if content.location:
        document["location"] = asdict(content.location)
    if content.ask:
        document["ask"] = content.ask
    if content.marks:
        document["marks"] = marks_document(content.marks)
    if content.keyboard:
        document["keyboard"] = True
    for name, people in (("cc", content.cc), ("bcc", content.bcc)):
        if people:
            document[name] = [clean(one)[:320] for one in people[:100]]
    return document


def content_of(document: Mapping[str, Any]) -> Content:
    """The content that was stored as `document`."""
    return Content(
        text=document.get("text", ""),
        html=document.get("html"),
        subject=document.get("subject"),
        buttons=tuple(Button(b["label"], b["value"]) for b in document.get("buttons", ())),
        files=tuple(File(**file) for file in document.get("files", ())),
        location=Location(**document["location"]) if document.get("location") else None,
        ask=document.get("ask"),
        visible=document.get("visible"),
        marks=tuple(Mark(**mark) for mark in document.get("marks", ())),
        keyboard=document.get("keyboard", False),
        cc=tuple(document.get("cc", ())),
        bcc=tuple(document.get("bcc", ())),
    )


def marks_document(marks: tuple[Mark, ...]) -> list[dict[str, Any]]:
    """The formatting of a text as it is stored."""
    return [_mark_document(mark) for mark in marks[:MOST_MARKS]]


def _mark_document(mark: Mark) -> dict[str, Any]:
    document: dict[str, Any] = {"kind": clean(mark.kind)[:40], "start": mark.start, "length": mark.length}
    return document | ({"value": clean(mark.value)[:2000]} if mark.value else {})


def _file_document(file: File) -> dict[str, Any]:
    values = asdict(file)
    del values["data"]
    kept = {key: value for key, value in values.items() if value not in (None, "") and (key, value) != ("part", 0)}
    return {key: clean(value)[:1000] if isinstance(value, str) else storable(value) for key, value in kept.items()} | {
        "name": clean(file.name)[:255]
    }


def storable(value: Any, depth: int = 0) -> Any:
    """`value` with only what MongoDB holds: clean strings, 64-bit integers, string keys, bounded depth and length."""
    if isinstance(value, str):
        return clean(value)[:MAX_TEXT]
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)[:400]
    if depth >= 30:
        return "…"
    if isinstance(value, Mapping):
        return {clean(str(k))[:200].lstrip("$") or "_": storable(v, depth + 1) for k, v in list(value.items())[:500]}
    if isinstance(value, list | tuple | set | frozenset):
        return [storable(item, depth + 1) for item in list(value)[:2000]]
    return clean(str(value))[:MAX_TEXT]


def sane(at: datetime | None, now: datetime) -> datetime:
    """The provider's time, or `now` when it gave none, an absurd one, or one in the future."""
    if at is None:
        return _whole(now)
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return _whole(aware.astimezone(UTC) if EARLIEST <= aware <= now else now)


def _whole(at: datetime) -> datetime:
    """`at` in whole milliseconds, as MongoDB keeps it, so that what was written equals what is read."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _moment(value: datetime) -> datetime | str:
    try:
        return _whole(value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC))
    except OverflowError:  # the first or last day of the calendar, east or west of Greenwich
        return value.isoformat()
