"""One address of one person on one account, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from core.channel import Address
from core.said import sentence_of

Lane = Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class KnownAddress:
    """What is known of an address.

    `verified`: it is proved to belong to its customer. `reachable`: neither blocked nor dead; if it is, `gone_at` and
    `gone_why` (`core.said`) tell since when and why. `last_in`: when the person last wrote from it, the best guess of
    where to reach them.
    """

    id: str
    customer_id: str | None = None
    name: str = ""
    language: str | None = None
    verified: bool = False
    reachable: bool = True
    last_in: datetime | None = None
    gone_at: datetime | None = None
    gone_why: str = ""

    @property
    def parts(self) -> Address:
        """The address in its three parts."""
        return Address.of(self.id)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> KnownAddress:
        """The address that is stored as `document`."""
        gone = {} if document.get("reachable", True) else document.get("gone", {})
        return cls(
            id=document["_id"],
            customer_id=document.get("customer_id"),
            name=document.get("name", ""),
            language=document.get("language"),
            verified=document.get("verified", False),
            reachable=document.get("reachable", True),
            last_in=document.get("last_in"),
            gone_at=gone.get("at"),
            gone_why=sentence_of(gone),
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """A lane of an address that this worker holds until `until`. `arrivals` tells whether more came meanwhile."""

    lane: Lane
    address: KnownAddress
    arrivals: int
    worker: str
    until: datetime
    failures: int = 0
