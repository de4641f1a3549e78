"""An agent, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Role = Literal["agent", "admin"]


@dataclass(frozen=True, slots=True)
class Agent:
    """A person who answers. `seen_at` is when one of their inbox pages last was open; `away`: they said they are.

    `signature` goes below what they write where letters are written (mail); empty: that of the
    conversation's team does, else the line's own.
    """

    id: str
    name: str
    email: str
    role: Role = "agent"
    language: str = "en"
    active: bool = True
    away: bool = False
    seen_at: datetime | None = None
    signature: str = ""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Agent:
        """The agent that is stored as `document`."""
        return cls(
            id=document["_id"],
            name=document["name"],
            email=document["email"],
            role=document.get("role", "agent"),
            language=document.get("language", "en"),
            active=document.get("active", True),
            away=document.get("away", False),
            seen_at=document.get("seen_at"),
            signature=document.get("signature", ""),
        )
