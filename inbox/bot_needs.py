"""What the inbox uses of the bot, as protocols: the bot itself is another room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from core.calls import Calls
from core.content import Content
from core.faq.store import Faq
from core.hours.store import OpeningHours
from core.persona.store import Personas


class Wording(Protocol):
    """One text of the bot: the shipped one, the company's own where there is one, and the holes it may have."""

    @property
    def key(self) -> str:
        """`welcome.hello`: where it is said."""
        ...

    @property
    def shipped(self) -> str:
        """As it comes with Switchboard."""
        ...

    @property
    def own(self) -> str | None:
        """The company's words, None where it has none."""
        ...

    @property
    def text(self) -> str:
        """The text in use."""
        ...

    @property
    def places(self) -> tuple[str, ...]:
        """The names it may have in braces."""
        ...


class WorksOnTexts(Protocol):
    """The bot at work on nobody (`bot.Studio`)."""

    async def wordings(self, language: str) -> Sequence[Wording]:
        """Every text in a language, by key. Raises NotFound for a language the bot does not speak."""
        ...

    async def wording(self, language: str, key: str) -> Wording:
        """One text. Raises NotFound."""
        ...

    def check(self, language: str, key: str, text: str) -> None:
        """Raises NotFound for no such text, Invalid for one that could not be said."""
        ...

    async def save_text(self, language: str, key: str, text: str, *, by: str, now: datetime) -> None:
        """Say `text` from now on; the shipped one again when it is empty or the same. Raises NotFound, Invalid."""
        ...

    async def save_menu(self, menu: Sequence[str], *, by: str, now: datetime) -> None:
        """Offer these intents, in this order. Raises Invalid (field menu)."""
        ...

    def preview(self, language: str, key: str, text: str, channel: str) -> list[Content]:
        """A text as `channel` would carry it, its holes filled with examples."""
        ...


@dataclass(frozen=True, slots=True)
class Tried:
    """One turn of a trial. `state` is JSON for the next turn, `step` the question that waits.

    `acts` are what would be done, by name, with facts for people.
    """

    say: tuple[Content, ...]
    state: Mapping[str, Any]
    language: str | None
    count: int
    flow: str = ""
    step: str = ""
    outcome: str = ""
    reason: str = ""
    acts: tuple[tuple[str, Mapping[str, str]], ...] = ()


class Tries(Protocol):
    """One turn of a trial: what the bot would answer. Nothing of it is kept, sent or done. Raises NotFound."""

    def __call__(
        self,
        state: Mapping[str, Any],
        text: str,
        channel: str,
        *,
        count: int,
        language: str | None,
        choice: str | None,
        known: str | None,
        on_duty: bool,
    ) -> Awaitable[Tried]:
        """`state`, `count` and `language` are those of the turn before; {}, 0 and None to begin."""
        ...


@dataclass(frozen=True)
class BotNeeds:
    """`offered` are the intents a menu may hold. `person` finds a customer's id by id, mail or phone (NotFound)."""

    studio: WorksOnTexts
    tries: Tries
    offered: Sequence[str]
    person: Callable[[str], Awaitable[str]]
    persona: Personas
    hours: OpeningHours
    faq: Faq
    calls: Calls
