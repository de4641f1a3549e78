"""Brings in a person, or takes the message when nobody is there."""

from __future__ import annotations

from dataclasses import replace

from bot.talk import Talk
from core.decide import Decision

NOT_UNDERSTOOD = "the bot did not understand"
_REASONS = {"person": "asked for a person", "needs_person": "wants something only a person can do"}


async def start(talk: Talk) -> Decision:
    """Hand over because the person wants to, or wants what the bot cannot do."""
    return to_people(talk, next((_REASONS[intent] for intent in talk.heard.intents if intent in _REASONS), "asked"))


def to_people(talk: Talk, reason: str, *before: str) -> Decision:
    """Open the conversation for people, with one notice that tells when to expect them. `reason` is for the log."""
    on_duty, told = talk.turn.on_duty, bool(talk.data.get("away_told"))
    if talk.letter:
        key = "letter" if on_duty else "letter_away"
    elif on_duty:
        key = "there"
    else:
        key = "away_again" if told else "away"
    decision = talk.answer(
        talk.content(*before, talk.text(f"hand_over.{key}")), data={"away_told": told or not on_duty}
    )
    return replace(decision, hand_over=True, reason=reason)
