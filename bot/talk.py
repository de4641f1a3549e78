"""What a step of a flow gets: the turn, what was heard, and the means to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from bot.heard import Heard
from bot.library import Library
from bot.planning import in_words
from bot.texts import Texts
from core.content import Button, Content
from core.decide import BotState, Decision, Turn
from core.hours.hours import Hours, open_at
from core.persona.persona import MENU

KEPT = ("tries", "away_told", "language", "written", "trail", "loop")
"""What the bot remembers through every flow of a conversation; the rest of its data belongs to the flow."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may set. `menu` are intents with a text under `menu.`; `time_zone` is where dates are read.

    `hours` are the opening hours; None: whoever has the inbox open is who is there.
    """

    company: str = ""
    language: str = "en"
    languages: tuple[str, ...] = ("en", "ru", "uk")
    country: str = "UA"
    time_zone: tzinfo = UTC
    menu: tuple[str, ...] = MENU
    wrong_tries: int = 3
    misses: int = 2
    hours: Hours | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """One turn being answered. Steps read it and return what one of its methods makes."""

    turn: Turn
    heard: Heard
    texts: Texts
    settings: Settings
    language: str
    library: Library

    @property
    def there(self) -> bool:
        """Whether people answer now."""
        hours = self.settings.hours
        return self.turn.on_duty if hours is None else self.turn.on_duty and open_at(hours, self.turn.now)

    def when(self, at: datetime) -> str:
        """A moment in the person's words: `tomorrow at 9:00`."""
        return in_words(at, self.turn.now, self.settings.time_zone, self.language)

    @property
    def letter(self) -> bool:
        """Whether this channel is letter-like: one long message at a time, no quick asking back."""
        return self.turn.capabilities.subject

    @property
    def data(self) -> Mapping[str, Any]:
        """What the bot remembers."""
        return self.turn.state.data

    def text(self, key: str, **values: str) -> str:
        """The text under `key` in the person's language."""
        return self.texts.say(self.language, key, **values)

    def content(self, *lines: str, offer: tuple[str, ...] = (), ask_phone: bool = False) -> Content:
        """One message of these lines, with buttons for the intents in `offer`."""
        buttons = tuple(Button(self.text(f"menu.{intent}"), intent) for intent in offer)
        asks = ask_phone and self.turn.capabilities.ask_phone
        return Content(text="\n".join(line for line in lines if line), buttons=buttons, ask="phone" if asks else None)

    def ask(self, text: str, *choices: tuple[str, str], ask_phone: bool = False) -> Content:
        """One message with buttons of (label, value), for answers that are no intents."""
        asks = ask_phone and self.turn.capabilities.ask_phone
        return Content(
            text=text,
            buttons=tuple(Button(label[:60], value) for label, value in choices),
            ask="phone" if asks else None,
        )

    @property
    def yes_no(self) -> tuple[tuple[str, str], ...]:
        """The buttons of a question that is answered with yes or no."""
        return ((self.text("answers.yes"), "yes"), (self.text("answers.no"), "no"))

    @property
    def agrees(self) -> bool:
        """Whether they said yes, whatever else they said ("yes, thank you")."""
        return "yes" in self.heard.intents and not self.declines

    @property
    def declines(self) -> bool:
        """Whether they said no."""
        return "no" in self.heard.intents

    def kept(self, key: str) -> str:
        """A text this flow remembers; empty when it does not."""
        value = self.data.get(key)
        return value if isinstance(value, str) else ""

    def answer(
        self, *say: Content, flow: str = "", step: str = "", data: Mapping[str, Any] | None = None, misses: int = 0
    ) -> Decision:
        """Say something and be at this step of this flow next; `data` is the flow's own, kept until it moves on."""
        kept = {key: self.data[key] for key in KEPT if key in self.data}
        return Decision(say=say, state=BotState(flow, step, {**kept, **(data or {})}, misses))

    def stay(self, *say: Content, missed: bool = False) -> Decision:
        """Say something and stay where we are; `missed` counts that the bot did not understand."""
        state = self.turn.state
        misses = state.misses + 1 if missed else 0
        return Decision(say=say, state=BotState(state.flow, state.step, dict(state.data), misses))

    def chat(self, *say: Content) -> Decision:
        """Say something that ends any flow and gets nobody further: what was not understood before still counts."""
        return self.answer(*say, misses=self.turn.state.misses)

    def listen(self) -> Decision:
        """Say nothing and change nothing."""
        return Decision(state=self.turn.state)

    @property
    def idle(self) -> int:
        """How many times in a row, by now, the person said what gets nobody further (see `bot.flows.IDLE`)."""
        idle = self.data.get("idle")
        return idle + 1 if isinstance(idle, int) else 1

    @property
    def patience_ends(self) -> bool:
        """Whether one more miss is one too many. A letter is not asked twice."""
        return self.letter or self.turn.state.misses + 1 >= self.settings.misses
