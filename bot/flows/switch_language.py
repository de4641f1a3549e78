"""Switches the language, by name or from three buttons, and goes on where we were."""

from __future__ import annotations

from dataclasses import replace

from bot.flows import welcome
from bot.talk import Talk
from core.content import Button, Content
from core.decide import Decision

_NAMES = {"en": "English", "ru": "Русский", "uk": "Українська"}


async def start(talk: Talk) -> Decision:
    """Switch to the language named, or offer the three."""
    chosen = next((intent for intent in talk.heard.intents if intent.startswith("lang:")), None)
    if chosen is None:
        # A flow in progress stays where it is until the language is chosen.
        return talk.stay(ask(talk))
    language = chosen.removeprefix("lang:")
    speaking = replace(talk, language=language)
    done = speaking.text("language.done")
    if talk.turn.state.flow:
        decision = speaking.stay(Content(text=done))
    else:
        decision = speaking.answer(welcome.menu(speaking, done))
    data = {**decision.state.data, "language": language}
    return replace(decision, language=language, state=replace(decision.state, data=data))


def ask(talk: Talk) -> Content:
    """The question, each language under its own name."""
    buttons = tuple(Button(name, f"lang:{language}") for language, name in _NAMES.items())
    return Content(text=talk.text("language.ask"), buttons=buttons)
