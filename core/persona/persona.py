"""The bot's persona, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MENU = ("order_status", "callback", "faq", "person", "language")


@dataclass(frozen=True, slots=True)
class Persona:
    """`texts` are the words that differ from the shipped ones, by language and key. `menu` lists intents.

    `rating`: whether customers are asked how it was when a conversation is resolved.
    """

    company: str = ""
    menu: tuple[str, ...] = MENU
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rating: bool = True
