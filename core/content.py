"""What is said, the same for every channel: text that can be stored, files, places, buttons, and how it looks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

_UNWRITABLE = re.compile("[\ud800-\udfff\x00]")


def clean(text: str) -> str:
    """`text` without NUL bytes and lone surrogates, which neither UTF-8 nor MongoDB can hold."""
    if "\x00" not in text:
        try:
            text.encode()  # many times faster than looking for surrogates
        except UnicodeEncodeError:
            pass
        else:
            return text
    return _UNWRITABLE.sub("\ufffd", text)


@dataclass(frozen=True, slots=True)
class Button:
    """One choice offered with a message. `value` comes back as `Arrival.choice`; at most 60 bytes in UTF-8."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class File:
    """An attachment.

    Exactly one of three says where the bytes are: `data` (at hand, not stored yet), `sha256` (stored, found in
    `core.files` under this hash) or `source` (the provider's handle, fetched later through `HoldsMedia`).
    `kind` is image, audio, voice, video, sticker or document. `content_id` is a mail's `cid:`, without the brackets.
    `problem` says in words why the bytes could not be had. `part` is the number of the `Arrival.part` it came with.
    """

    name: str
    type: str = "application/octet-stream"
    size: int = 0
    kind: str = "document"
    sha256: str | None = None
    source: str | None = None
    data: bytes | None = field(default=None, repr=False)
    content_id: str | None = None
    problem: str | None = None
    part: int = 0


@dataclass(frozen=True, slots=True)
class Location:
    """A point on the earth, in degrees; `title` is the venue's name where there is one."""

    latitude: float
    longitude: float
    title: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """How a part of a text looks. `start` and `length` count characters (code points) of `Content.text`.

    `kind` is bold, italic, underline, strikethrough, spoiler, code, pre, quote or link; `value` is a link's address, or
    the language of a `pre`.
    """

    kind: str
    start: int
    length: int
    value: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """What is said, the same for every channel; `core.fit` makes of it what one channel can carry.

    `marks` are the formatting of `text`. `keyboard`: the buttons are a menu that stays below the writing line, where
    the channel has that; a press then comes back as its label, as if typed. `ask` requests the person's own `phone` or
    `location` where the channel has a button for that.
    `html` is as it came from outside, not sanitised: whoever shows it sanitises it. `cc` and `bcc` are further
    recipients of what goes out, as the channel writes people (mail addresses). `visible` is what the person wrote now,
    where a channel tells it from quotes and signatures; None when that is all of `text`.
    """

    text: str = ""
    html: str | None = None
    subject: str | None = None
    buttons: tuple[Button, ...] = ()
    files: tuple[File, ...] = ()
    location: Location | None = None
    ask: Literal["phone", "location"] | None = None
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    visible: str | None = None
    marks: tuple[Mark, ...] = ()
    keyboard: bool = False

    @property
    def said(self) -> str:
        """What the person wrote now: what the bot reads and lists show."""
        return self.text if self.visible is None else self.visible


NO_CONTENT = Content()
