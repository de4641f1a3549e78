"""Brings in a person, or takes the message when nobody is there and says when somebody is."""

from __future__ import annotations

from dataclasses import replace

from bot.summary import summary
from bot.talk import Talk
from core.content import Content
from core.decide import Decision
from core.hours.hours import next_open, open_at

NOT_UNDERSTOOD = "the bot did not understand"
_REASONS = {"person": "asked for a person", "needs_person": "wants something only a person can do"}


async def start(talk: Talk) -> Decision:
    """Hand over because the person wants to, or wants what the bot cannot do."""
    return to_people(talk, next((_REASONS[intent] for intent in talk.heard.intents if intent in _REASONS), "asked"))


def to_people(talk: Talk, reason: str, *before: str) -> Decision:
    """Open the conversation for people, with one notice that tells when to expect them. `reason` is for the log."""
    told = bool(talk.data.get("away_told"))
    decision = talk.answer(talk.content(*before, notice(talk, told=told)), data={"away_told": told or not talk.there})
    return replace(decision, hand_over=True, reason=reason, outcome="handed_over", summary=summary(talk))


def notice(talk: Talk, *, told: bool = False) -> str:
    """When to expect people; `told`: they know already that nobody is there."""
    kind = "letter" if talk.letter else "there"
    if talk.there:
        return talk.text(f"hand_over.{kind}")
    hours, now = talk.settings.hours, talk.turn.now
    back = next_open(hours, now) if hours is not None and not open_at(hours, now) else None
    if back is not None:
        key = "letter_closed" if talk.letter else "closed_again" if told else "closed"
        return talk.text(f"hand_over.{key}", when=talk.when(back))
    return talk.text("hand_over.letter_away" if talk.letter else f"hand_over.{'away_again' if told else 'away'}")


def unclear(talk: Talk, again: Content) -> Decision:
    """Ask again, or bring in a person when that was asked before; at once for what only a person can look at."""
    if talk.heard.keeps_for_people:
        return to_people(talk, "sent a picture, a file or a place", talk.text("hand_over.got_file"))
    if talk.heard.pressed:
        return talk.stay(again)
    if talk.patience_ends:
        return to_people(talk, NOT_UNDERSTOOD)
    return talk.stay(again, missed=True)
