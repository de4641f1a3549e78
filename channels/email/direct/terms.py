"""What a door bears, and what it and its connections ask of each other."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol

from channels.email.direct.envelope import Envelope
from core.channel import Account


@dataclass(frozen=True, slots=True)
class Limits:
    """What one door bears. Sizes in bytes, times in seconds (RFC 5321 section 4.5.3.2 asks for five minutes)."""

    mail: int = 50 * 1024**2
    in_hand: int = 256 * 1024**2  # of all mails that are being read or stored
    connections: int = 300
    per_ip: int = 30
    recipients: int = 100
    faults: int = 20
    command: float = 300
    block: float = 180  # until more of a mail comes
    whole: float = 1800  # for one mail


class Guest(Protocol):
    """One connection, as its door sees it. `busy`: it brings a mail just now. `ended` is done when it is gone."""

    busy: bool
    ended: asyncio.Future[None]

    def end(self) -> None:
        """Say goodbye and close."""
        ...


class Serves(Protocol):
    """What a connection asks of its door."""

    limits: Limits
    name: str
    lmtp: bool

    def enter(self, session: Guest, ip: str) -> str:
        """Empty when the connection may stay, else the answer that ends it."""
        ...

    def leave(self, session: Guest, ip: str) -> None:
        """The connection has ended."""
        ...

    def hold(self, size: int) -> bool:
        """Account for `size` more bytes in hand (negative: fewer); False when there is no room for them."""
        ...

    @property
    def resting(self) -> bool:
        """Whether the database was just away, so that mail is better not even read."""
        ...

    @property
    def closing(self) -> bool:
        """Whether the hub is stopping."""
        ...

    def handed_on(self, ip: IPv4Address | IPv6Address | None) -> bool:
        """Whether a mail server of ours is there, which hands on what others sent."""
        ...

    async def account(self, recipient: str) -> Account | None:
        """Whose address it is; raises when that cannot be asked now."""
        ...

    async def deliver(self, mail: bytes, envelope: Envelope, accounts: dict[str, Account]) -> dict[str, str]:
        """The answer for each recipient, given when the mail is durable."""
        ...

    def context(self) -> ssl.SSLContext | None:
        """What STARTTLS needs; None where it is not offered."""
        ...
