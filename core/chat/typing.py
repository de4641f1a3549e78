"""Somebody is writing, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Typist:
    """Who is writing now, and where. Only that they write is told, never what."""

    side: Literal["customer", "agent"]
    address: str
    conversation_id: str
    name: str = ""


def topic_of(typist: Typist) -> str:
    """Who wants to know: the agents who look at the conversation, or the browsers of the address."""
    if typist.side == "customer":
        return f"conversation:{typist.conversation_id}"
    return f"address:{typist.address}"
