"""The words of the chat socket: JSON objects with a `type`, one per text frame. Pure.

From the browser   hello{site, token?, cursor?, language?, page?, about?, user?}   first, once
                   message{id, text, files?}  choice{id, value, label}   acked when in the log; the same id is one entry
                   delivered{upto}  read{upto}                      shown in a closed, in an open chat
                   older{before}  typing  ping
                   about{name?, email?, phone?, more?}              what was asked before the chat: claims, no proofs
                   mail{id, email}  transcript{id, email}  telegram{id}   answered with ack, or with link{id, url}
From us            welcome{token, site, cursor, history, more, whole, on_duty, people, seen?, user?}
                   ack{id, entry, at}  message{…}  history{entries, more}  typing{name}  seen{at}  pong{on_duty, people}
                   error{code, sentence, id?, after?}               `after`: seconds until it is worth another try
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.content import File, clean
from core.errors import Invalid
from core.interactions import status
from core.interactions.interaction import Interaction

MAX_FRAME = 64 * 1024
MAX_TEXT = 8000
MOST_FILES = 5
_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_LOG_ID = re.compile(r"[0-9a-v]{20}")
_SHOWN = {"in": ("message", "form"), "out": ("message", "notification", "survey")}
_WENT = (status.SENT, status.DELIVERED, status.READ)


@dataclass(frozen=True, slots=True)
class About:
    """What a visitor says of themselves: nothing of it is proved. `more` are answers to the site's own questions."""

    name: str = ""
    email: str = ""
    phone: str = ""
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hello:
    """The first frame."""

    site: str
    token: str | None = None
    cursor: str | None = None
    language: str | None = None
    page: Mapping[str, str] = field(default_factory=dict)
    about: About | None = None
    user: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A message, or a button pressed (`choice` is its value and `text` its label). `id` is the browser's own.

    `files` are what uploading each of them was answered with. `before`: it was written before the visitor signed in.
    """

    id: str
    text: str
    choice: str | None = None
    files: tuple[str, ...] = ()
    before: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything up to the entry `upto` is on the screen: `delivered` when the chat is closed, `read` when open."""

    status: str
    upto: str


@dataclass(frozen=True, slots=True)
class Older:
    """Asks for what came before the entry `before`."""

    before: str


@dataclass(frozen=True, slots=True)
class Ping:
    """Is anybody there?"""


@dataclass(frozen=True, slots=True)
class Typing:
    """The visitor is writing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Something wanted beside the talk: `what` is mail, transcript or telegram. `id` is the browser's own."""

    what: str
    id: str
    email: str = ""


Frame = Hello | Said | Seen | Older | Ping | Typing | About | Asked

# The pages' own facts that are kept: where somebody is, where they came from, and by which campaign.
_PAGE = ("url", "title", "referrer", "landing", "greeting")
_CAMPAIGN = re.compile(r"utm_(source|medium|campaign|term|content)|gclid|fbclid|msclkid|ref")


def read_frame(raw: str) -> Frame:
    """What a browser says. Raises Invalid; its `field` is the client id of the message it is about, if any."""
    try:
        frame = json.loads(raw)
    except (ValueError, RecursionError):
        raise _not_understood() from None
    if not isinstance(frame, dict):
        raise _not_understood()
    match frame.get("type"):
        case "hello":
            return _hello(frame)
        case "message":
            return _said(frame, frame.get("text"), None, _files(frame))
        case "choice":
            value = frame.get("value")
            if not isinstance(value, str) or not value or len(value.encode("utf-8", "replace")) > 256:
                raise _not_understood(frame.get("id"))
            label = frame.get("label")
            return _said(frame, label if isinstance(label, str) and label.strip() else value, clean(value))
        case "delivered" | "read" as seen:
            return Seen(seen, _log_id(frame.get("upto")))
        case "older":
            return Older(_log_id(frame.get("before")))
        case "typing":
            return Typing()
        case "about":
            return _about(frame)
        case "mail" | "transcript" | "telegram" as what:
            id, email = frame.get("id"), frame.get("email", "")
            if not isinstance(id, str) or not _ID.fullmatch(id) or not isinstance(email, str):
                raise _not_understood(id)
            return Asked(what, id, email[:320])
        case "ping":
            return Ping()
        case _:
            raise _not_understood()


def _hello(frame: Mapping[str, Any]) -> Hello:
    site = frame.get("site")
    if not isinstance(site, str) or not 0 < len(site) <= 100:
        raise _not_understood()
    token, cursor, language, page = (frame.get(key) for key in ("token", "cursor", "language", "page"))
    known = page if isinstance(page, dict) else {"url": page}
    about, user = frame.get("about"), frame.get("user")
    return Hello(
        site=site,
        token=token if isinstance(token, str) else None,
        cursor=cursor if isinstance(cursor, str) and _LOG_ID.fullmatch(cursor) else None,
        language=language[:2].lower() if isinstance(language, str) and re.match(r"[A-Za-z]{2}", language) else None,
        page={
            key: clean(value)[:1000]
            for key, value in list(known.items())[:40]
            if (key in _PAGE or _CAMPAIGN.fullmatch(key)) and isinstance(value, str) and value
        },
        about=_about(about) if isinstance(about, dict) else None,
        user=user if isinstance(user, dict) else None,
    )


def _about(given: Mapping[str, Any]) -> About:
    def text(key: str, most: int) -> str:
        value = given.get(key)
        return clean(value).strip()[:most] if isinstance(value, str) else ""

    more = given.get("more")
    answers = list(more.items())[:8] if isinstance(more, dict) else []
    return About(
        text("name", 100),
        text("email", 320),
        text("phone", 40),
        {clean(label)[:100]: clean(said)[:500] for label, said in answers if isinstance(said, str) and said.strip()},
    )


def _said(frame: Mapping[str, Any], text: object, choice: str | None, files: tuple[str, ...] = ()) -> Said:
    id = frame.get("id")
    if not isinstance(id, str) or not _ID.fullmatch(id):
        raise _not_understood()
    if not isinstance(text, str):
        raise _not_understood(id)
    if len(text) > MAX_TEXT:
        raise Invalid("too_long", code="too_long", field=id)
    if not text.strip() and not files:
        raise Invalid("empty", code="empty", field=id)
    return Said(id, clean(text), choice, files, frame.get("before") is True)


def _files(frame: Mapping[str, Any]) -> tuple[str, ...]:
    given = frame.get("files", [])
    if not isinstance(given, list) or len(given) > MOST_FILES or not all(isinstance(file, str) for file in given):
        raise _not_understood(frame.get("id"))
    return tuple(given)


def _log_id(value: object) -> str:
    if not isinstance(value, str) or not _LOG_ID.fullmatch(value):
        raise _not_understood()
    return value


def _not_understood(id: object = None) -> Invalid:
    known = id if isinstance(id, str) and _ID.fullmatch(id) else ""
    return Invalid("not_understood", code="not_understood", field=known)


def shown(entry: Interaction, addresses: Collection[str]) -> bool:
    """Whether the visitor at `addresses` may see `entry`: their own words, and what really went out to them."""
    if entry.address not in addresses or entry.kind not in _SHOWN.get(entry.direction, ()):
        return False
    return entry.direction == "in" or entry.status in _WENT


def entry_frame(entry: Interaction, files: list[dict[str, Any]]) -> dict[str, Any]:
    """An entry as the browser gets it. `client` is the browser's own id of a message the visitor wrote."""
    frame: dict[str, Any] = {
        "type": "message",
        "id": entry.id,
        "from": "you" if entry.direction == "in" else "bot" if entry.author.kind in ("bot", "system") else "agent",
        "text": entry.content.text,
        "at": written(entry.at),
    }
    if entry.direction == "in" and entry.key.startswith("c:"):
        frame["client"] = entry.key[2:]
    if entry.direction == "out":
        frame["name"] = entry.author.name
        frame["read"] = entry.status == status.READ
    if entry.direction == "out" and entry.edits:
        frame["edited"] = True
    if entry.direction == "out" and entry.deleted_at is not None:
        return frame | {"text": "", "deleted": True}
    if entry.content.marks:
        frame["marks"] = [[m.kind, m.start, m.length, m.value] for m in entry.content.marks[:200]]
    if entry.kind == "survey":
        frame["kind"] = "survey"
    if entry.content.buttons:
        frame["buttons"] = [{"label": button.label, "value": button.value} for button in entry.content.buttons]
    if files:
        frame["files"] = files
    return frame


def file_facts(file: File, url: str | None) -> dict[str, Any]:
    """An attachment as the browser gets it; without `url` it cannot be had (yet)."""
    facts: dict[str, Any] = {"name": file.name, "size": file.size, "kind": file.kind}
    if url:
        facts["url"] = url
    return facts


def written(moment: datetime) -> str:
    """A time as browsers read it: ISO 8601, UTC, milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
