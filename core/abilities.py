"""What an adapter can do beyond the port in `core.channel`, one protocol per ability."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from core.channel import Address, Arrival, Haul, Outbound, Parses
from core.content import File
from core.network import Network


@runtime_checkable
class HoldsMedia(Protocol):
    """Keeps attachments on its side until they are fetched."""

    async def fetch(self, file: File) -> bytes:
        """The bytes behind `file.source`. Raises RetryLater, or Rejected when they can never be had."""
        ...


@runtime_checkable
class GoesOut(Protocol):
    """Connects over HTTP to servers that an account names."""

    def within(self, network: Network) -> None:
        """Called once, before anything else: where those connections may go. Until then, anywhere."""
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


@runtime_checkable
class Edits(Protocol):
    """Can change what a person was sent, and take it back. `Capabilities.edits` and `deletes` say how long.

    Both may be called again for the same change and then do nothing more.
    """

    async def edit(self, message: Outbound, ids: tuple[str, ...]) -> None:
        """Make the text of a sent message what `message` says; its files have no `data`. Raises a `DeliveryError`.

        `ids` are what `send` returned for it.
        """
        ...

    async def delete(self, address: Address, ids: tuple[str, ...]) -> None:
        """Take a sent message back; fine when it is gone already. Raises a `DeliveryError`."""
        ...


@runtime_checkable
class ShowsTyping(Protocol):
    """Can show a person that somebody is writing to them."""

    async def typing(self, address: Address) -> None:
        """Show it for about five seconds. Never raises for what the provider does: it is a courtesy."""
        ...


@dataclass(frozen=True, slots=True)
class Described:
    """A raw payload for a person who looks into it: `fields` in JSON types, and the files it carries, with `data`."""

    fields: Mapping[str, Any]
    files: tuple[File, ...] = ()


@runtime_checkable
class Unbundles(Parses, Protocol):
    """Knows how several of its payloads are saved in one file."""

    def payloads(self, body: bytes) -> list[bytes]:
        """The payloads in `body`, at least one; `body` itself when it is one, or nothing known."""
        ...


@runtime_checkable
class Describes(Parses, Protocol):
    """Can say more of a payload than its events do."""

    def describe(self, body: bytes, headers: Mapping[str, str]) -> Described | None:
        """What is in `body`, for `switchboard normalise`; None when the events are all there is to say.

        Raises what `parse` raises.
        """
        ...


@runtime_checkable
class Listens(Parses, Protocol):
    """Fetches by itself: an IMAP mailbox, long polling. Exactly one process listens to an account at a time."""

    def listen(self, cursor: Mapping[str, Any] | None) -> AsyncIterator[Haul]:
        """Yield hauls for ever from `cursor` on (None: first time). When asked for the next one, the last is stored.

        Raises RetryLater when the provider is away: the caller waits and calls again with the stored cursor.
        Raises Rejected when a person must mend the account (wrong password); its sentence is shown in settings.
        """
        ...
