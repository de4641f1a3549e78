"""What a channel is: the values that cross it, the tiny port, and one protocol per further ability.

An adapter translates and decides nothing. `parse` is pure (no I/O, no clock, no database) and returns a list, because
providers batch. `send` raises a `DeliveryError` that says what to do next. An ability an adapter does not have is a
protocol it does not implement, never a stub that raises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from core.content import NO_CONTENT, Content, Location

# ---------------------------------------------------------------------------------------------- addresses


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

    `part`: the entry `key` comes in several arrivals (an album), of which this is the one with this number. They stand
    in the order of their numbers, each is added once whenever it comes, and the bot waits a moment for the others.
    `echo`: not the person but somebody of ours wrote this, in the provider's own app; it is their name, or "".
    """

    address: Address
    key: str
    kind: Literal["message", "form", "order", "call", "click"] = "message"
    content: Content = NO_CONTENT
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
    part: int | None = None
    echo: str | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """Something small that happened to messages that are there already. It becomes no entry, and wakes nobody.

    `external_ids` name the messages, of either side. What is None is not spoken of: `reactions` are all signs the
    person now has on them, `deleted` that the person took them back (the words stay in the log), `location` where a
    shared live location is now. An older remark that comes late changes nothing.
    """

    address: Address
    external_ids: tuple[str, ...]
    reactions: tuple[str, ...] | None = None
    deleted: bool | None = None
    location: Location | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A provider's word about a message of ours. `status` only ever moves the message upward; `delayed` moves nothing.

    `gone` says that the address itself is dead (a hard bounce, blocked by the user). `outbound` is the `Outbound.id`
    where the provider's word proves it: it names the message whatever `address`, which then is the recipient spoken of.
    `also` is then another name of the message, which answers may quote.
    """

    address: Address
    external_id: str
    status: Literal["sent", "delayed", "delivered", "read", "failed"]
    code: str = ""
    sentence: str = ""
    at: datetime | None = None
    gone: bool = False
    outbound: str | None = None
    also: str = ""


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


Event = Arrival | Remark | Receipt | Withdrawal | Reachability | Ignored


# ------------------------------------------------------------------------------------------ what goes out


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one channel can carry; `core.fit` honours it.

    `max_text` and `max_caption` are in characters after fitting (0: unlimited), in UTF-16 units when `utf16`.
    `max_buttons` 0 turns buttons into numbered lines. `marks`: it shows formatting.
    `subject` and `html`: the channel has them. `files`: it carries attachments. `idempotent`: sending the same
    `Outbound.id` twice reaches the person once, so a crash may be retried; elsewhere it becomes `uncertain`.
    `sends` is False for a line that only receives (forms, orders). `per_second` bounds the whole account,
    `per_address_seconds` is the least gap between messages to one person after the first `per_address_burst`.
    `ask_phone` and `ask_location`: it has a button to share the own number, the own place. `edits` and `deletes`: for
    how many seconds a sent text can be changed, a message taken back (0: not at all). `typing`: it shows that somebody
    is writing. `reads_log`: the customer's side reads the log itself, so what is written there is sent (`core.send`).
    `leaves`: people leave without a trace, so what they did not read is followed up (`core.chat.unread`).
    `automatic_per_hour`: machines answer on this channel, so one person gets at most so many automatic messages an hour
    (0: no bound); an account's setting of this name overrides it.
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
    per_address_burst: int = 1
    ask_phone: bool = False
    ask_location: bool = False
    utf16: bool = False
    marks: bool = False
    edits: float = 0
    deletes: float = 0
    typing: bool = False
    reads_log: bool = False
    leaves: bool = False
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

    `earlier` are secrets as they were before they were changed, for a day: what is on its way may still come with them.
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
    earlier: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Field:
    """One setting of an account, as the settings page and `switchboard account add` ask for it.

    `made`: a secret that `core.accounts.made` makes when it is left empty. `lines`: it is written on several.
    """

    name: str
    label: str
    help: str = ""
    secret: bool = False
    required: bool = False
    default: str | int | bool | None = None
    made: bool = False
    lines: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table in `channels/__init__.py`: what is known of a channel before its adapter is imported.

    `adapter` is `module:class`, imported when an account of it is first served (aiogram takes seconds to import);
    the class is called with the `Account`. `wrong` looks at settings before they are saved: (field, sentence) of the
    first that cannot be used, or None. `snippet` is what is put on somebody's site, with {url} and {name}.
    """

    name: str
    title: str
    adapter: str
    capabilities: Capabilities
    fields: tuple[Field, ...] = ()
    wrong: Callable[[Mapping[str, Any]], tuple[str, str] | None] | None = None
    snippet: str = ""


class Channel(Protocol):
    """The port every adapter has. Made with one `Account`; making it does no I/O."""

    name: str
    capabilities: Capabilities

    async def send(self, message: Outbound) -> str | tuple[str, ...]:
        """Hand one message to the provider and return its id there. Raises a `DeliveryError`.

        Where it became several of the provider's messages: all their ids, in order; the last stands for the whole.
        """
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
