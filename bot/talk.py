"""What a step of a flow gets: the turn, what was heard, and the means to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from bot.heard import Heard
from bot.texts import Texts
from core.channel import Button, Content
from core.decide import BotState, Decision, Turn

KEPT = ("tries", "away_told", "language", "written")
"""What the bot remembers through every flow of a conversation; the rest of its data belongs to the flow."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may set. `menu` are intents with a text under `menu.`; `time_zone` is where dates are read."""

    company: str = ""
    language: str = "en"
    time_zone: tzinfo = UTC
    menu: tuple[str, ...] = ("order_status", "person", "language")
    wrong_tries: int = 3
    misses: int = 2


@dataclass(frozen=True, slots=True)
class Talk:
    """One turn being answered. Steps read it and return what one of its methods makes."""

    turn: Turn
    heard: Heard
    texts: Texts
    settings: Settings
    language: str

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
