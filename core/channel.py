"""What a channel is: the values that cross it, the tiny port, and one protocol per further ability.

An adapter translates and decides nothing. `parse` is pure (no I/O, no clock, no database) and returns a list, because
providers batch. `send` raises a `DeliveryError` that says what to do next. An ability an adapter does not have is a
protocol it does not implement, never a stub that raises.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

# ---------------------------------------------------------------------------------------------- addresses

_UNWRITABLE = re.compile("[\ud800-\udfff\x00]")


def clean(text: str) -> str:
    """`text` without NUL bytes and lone surrogates, which neither UTF-8 nor MongoDB can hold."""
    return _UNWRITABLE.sub("\ufffd", text) if _UNWRITABLE.search(text) else text


@dataclass(frozen=True, slots=True)
class Address:
    """Where a person is reached on an account: `telegram:support_bot:4711`, `email:help:ann@example.org`."""

    channel: str
    account: str
    person: str

    def __str__(self) -> str:
        """The form that is stored and used as the key of the `addresses` collection."""
        return f"{self.channel}:{self.account}:{self.person}"

    @classmethod
    def of(cls, text: str) -> Address:
        """The address that `str()` wrote; ValueError when `text` has fewer than three parts."""
        channel, account, person = text.split(":", 2)
        return cls(channel, account, person)


# ------------------------------------------------------------------------------------------------- content


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
    `problem` says in words why the bytes could not be had.
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


@dataclass(frozen=True, slots=True)
class Location:
    """A point on the earth, in degrees; `title` is the venue's name where there is one."""

    latitude: float
    longitude: float
    title: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """What is said, the same for every channel; `core.fit` makes of it what one channel can carry.

    `ask` requests the person's own `phone` or `location` where the channel has a button for that.
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

    @property
    def said(self) -> str:
        """What the person wrote now: what the bot reads and lists show."""
        return self.text if self.visible is None else self.visible


# ------------------------------------------------------------------------------------- what comes in: events


@dataclass(frozen=True, slots=True)
class Identity:
    """A way to recognise a person. `kind` is `email` or `phone`; `value` is normalised (lower case, E.164).

    `verified` is true only when the channel or a signed source vouches for it, never because somebody typed it.
    `doubted`: the channel has reason to think that it is not them (a sender that could not be verified).
    """

    kind: Literal["email", "phone"]
    value: str
    verified: bool = False
    doubted: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something a person (or a shop) did that becomes one entry of the log.

    `key` makes redelivery harmless: the same key at the same address is one entry for ever. `external_id` is the
    provider's name for the message, which replies and receipts quote. `reply_to` lists the external ids it answers.
    `choice` is the value of the button that was pressed. `edits` is the external id of the message whose text this
    replaces. `at` is the provider's clock, None when it gives none. `identities` are what this event tells about who
    it is. `data` is whatever else is worth keeping, in JSON types (page, form fields, an order event).

    Some marks in `data` are acted on: `automatic`, no machine of ours answers; `machine`, a machine's note on what was
    spoken of last; `quiet`, it joins the history and disturbs nobody (an out-of-office note); `answers`, the ids of
    messages of ours that it provably quotes; `to` and `cc`, lists of `{name, address}`. `conversation` is the id of the
    one whose reply address it was sent to, where that address proves it.
    """

    address: Address
    key: str
    kind: Literal["message", "form", "order", "call", "click"] = "message"
    content: Content = Content()
    at: datetime | None = None
    name: str = ""
    language: str | None = None
    external_id: str | None = None
    reply_to: tuple[str, ...] = ()
    choice: str | None = None
    edits: str | None = None
    identities: tuple[Identity, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    conversation: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A provider's word about a message of ours. `status` only ever moves the message upward; `delayed` moves nothing.

    `gone` says that the address itself is dead (a hard bounce, blocked by the user). `outbound` is the `Outbound.id`
    where the provider's word proves it: it names the message whatever `address`, which then is the recipient spoken of.
    """

    address: Address
    external_id: str
    status: Literal["sent", "delayed", "delivered", "read", "failed"]
    code: str = ""
    sentence: str = ""
    at: datetime | None = None
    gone: bool = False
    outbound: str | None = None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The person wants no more messages of one purpose (`marketing`): a complaint, or a press of "unsubscribe".

    `how` is complaint or unsubscribe. `key` makes redelivery harmless. `outbound` is the `Outbound.id` of the message
    they speak of, where that is proved: the address it went to is then the one that counts.
    """

    address: Address
    key: str
    purpose: str = "marketing"
    how: Literal["complaint", "unsubscribe"] = "unsubscribe"
    at: datetime | None = None
    outbound: str | None = None


@dataclass(frozen=True, slots=True)
class Reachability:
    """The person blocked or unblocked this line."""

    address: Address
    reachable: bool
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """Theirs, understood, and of no use to us; `reason` is counted and shown by `switchboard normalise`.

    `answer`, where given, is politely sent to `address` once (a group is told that only private chats are served).
    """

    reason: str
    address: Address | None = None
    answer: Content | None = None


Event = Arrival | Receipt | Withdrawal | Reachability | Ignored


# ------------------------------------------------------------------------------------------ what goes out


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one channel can carry; `core.fit` honours it.

    `max_text` is in characters after fitting (0: unlimited). `max_buttons` 0 turns buttons into numbered lines.
    `subject` and `html`: the channel has them. `files`: it carries attachments. `idempotent`: sending the same
    `Outbound.id` twice reaches the person once, so a crash may be retried; elsewhere it becomes `uncertain`.
    `sends` is False for a line that only receives (forms, orders). `per_second` bounds the whole account,
    `per_address_seconds` is the least gap between two messages to one person. `ask_phone`: it has a button to share
    the own number. `automatic_per_hour`: machines answer on this channel, so one person gets at most so many automatic
    messages an hour (0: no bound); an account's setting of this name overrides it.
    """

    max_text: int = 0
    max_caption: int = 0
    max_buttons: int = 0
    subject: bool = False
    html: bool = False
    files: bool = False
    idempotent: bool = False
    sends: bool = True
    per_second: float = 0
    per_address_seconds: float = 0
    ask_phone: bool = False
    automatic_per_hour: int = 0


@dataclass(frozen=True, slots=True)
class Outbound:
    """One provider message, already fitted. `id` is stable over every attempt: use it as the idempotency key.

    `reply_to` and `references` are external ids of the thread, newest last. Files carry `data`.
    `author` is the name to show, where the channel shows one. `automatic`: written by the bot or a notification.
    `conversation` is its id, for channels that can have the answer sent back to it. `unsubscribe` is the page on which
    the person stops messages like this one, where they may. `signature` goes below the words.
    """

    id: str
    address: Address
    content: Content
    reply_to: str | None = None
    references: tuple[str, ...] = ()
    author: str = ""
    automatic: bool = False
    conversation: str | None = None
    unsubscribe: str = ""
    signature: str = ""


# -------------------------------------------------------------------------------------------------- the port


@dataclass(frozen=True, slots=True)
class Account:
    """One configured line of a channel, with its secrets in clear. Never logged: `repr` shows no secret.

    `key` is for marks that only this line can have written (ids, return addresses); it follows from the hub's secret
    key and is empty outside a hub, where nothing can be recognised as ours.
    """

    channel: str
    name: str
    title: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    enabled: bool = True
    version: int = 0
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Field:
    """One setting of an account, as the settings page and `switchboard account add` ask for it.

    `made`: a secret that `core.accounts.made` makes when it is left empty.
    """

    name: str
    label: str
    help: str = ""
    secret: bool = False
    required: bool = False
    default: str | int | bool | None = None
    made: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table in `channels/__init__.py`: what is known of a channel before its adapter is imported.

    `adapter` is `module:class`, imported when an account of it is first served (aiogram takes seconds to import);
    the class is called with the `Account`.
    """

    name: str
    title: str
    adapter: str
    capabilities: Capabilities
    fields: tuple[Field, ...] = ()


class Channel(Protocol):
    """The port every adapter has. Made with one `Account`; making it does no I/O."""

    name: str
    capabilities: Capabilities

    async def send(self, message: Outbound) -> str:
        """Hand one message to the provider and return its id there. Raises a `DeliveryError`."""
        ...

    async def close(self) -> None:
        """Let go of connections. Called once, also when nothing was ever sent."""
        ...


@runtime_checkable
class Parses(Protocol):
    """Turns raw bytes into events. Pure."""

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        """The events in `body`. Header names come in lower case.

        Raises NotThisFormat when it is not the provider's format at all, Unreadable when it is and makes no sense.
        """
        ...


@dataclass(frozen=True, slots=True)
class Described:
    """A raw payload for a person who looks into it: `fields` in JSON types, and the files it carries, with `data`."""

    fields: Mapping[str, Any]
    files: tuple[File, ...] = ()


@runtime_checkable
class Describes(Parses, Protocol):
    """Can say more of a payload than its events do."""

    def describe(self, body: bytes, headers: Mapping[str, str]) -> Described | None:
        """What is in `body`, for `switchboard normalise`; None when the events are all there is to say.

        Raises what `parse` raises.
        """
        ...


@runtime_checkable
class ReceivesWebhooks(Parses, Protocol):
    """Has a door at `/webhooks/CHANNEL/ACCOUNT`."""

    def verify(self, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
        """Raises NotFromThem unless the request proves, in constant time, that the provider made it."""
        ...


@dataclass(frozen=True, slots=True)
class Parcel:
    """One raw thing a listener fetched (a mail, an update), to be parsed by the same adapter."""

    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Haul:
    """What one look at the provider brought: parcels in order, and the cursor to keep once all are stored.

    Cursors are plain JSON objects of the adapter's own design; they are stored with the account.
    """

    parcels: tuple[Parcel, ...]
    cursor: Mapping[str, Any]


@runtime_checkable
class Listens(Parses, Protocol):
    """Fetches by itself: an IMAP mailbox, long polling. Exactly one process listens to an account at a time."""

    def listen(self, cursor: Mapping[str, Any] | None) -> AsyncIterator[Haul]:
        """Yield hauls for ever from `cursor` on (None: first time). When asked for the next one, the last is stored.

        Raises RetryLater when the provider is away: the caller waits and calls again with the stored cursor.
        Raises Rejected when a person must mend the account (wrong password); its sentence is shown in settings.
        """
        ...


@runtime_checkable
class HoldsMedia(Protocol):
    """Keeps attachments on its side until they are fetched."""

    async def fetch(self, file: File) -> bytes:
        """The bytes behind `file.source`. Raises RetryLater, or Rejected when they can never be had."""
        ...


@runtime_checkable
class Acknowledges(Protocol):
    """Has a sign that a press of a button was noticed, which ends the waiting on the customer's screen."""

    async def acknowledge(self, arrival: Arrival) -> None:
        """Called once after `arrival` is stored. Never raises for what the provider does: it is a courtesy."""
        ...


@runtime_checkable
class Handshakes(Protocol):
    """Wants to be told where we are, or to be checked, when the account is added or the hub starts."""

    async def handshake(self, public_url: str | None) -> Mapping[str, Any]:
        """Register our webhook when `public_url` is given; return facts worth showing. Raises DeliveryError."""
        ...
