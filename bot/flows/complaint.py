"""Takes a complaint to people at once, marked so that it is seen first."""

from __future__ import annotations

from dataclasses import replace

from bot.flow import Step
from bot.flows import hand_over
from bot.talk import Talk
from core.content import Content
from core.decide import Decision

_SAYS_ENOUGH = 6


async def start(talk: Talk) -> Decision:
    """Ask what happened, unless it was said."""
    enough = len(talk.heard.words) >= _SAYS_ENOUGH and not talk.heard.pressed
    if enough or talk.letter or talk.heard.keeps_for_people:
        return _take(talk)
    return talk.answer(ask(talk), flow="complaint", step="story")


async def hear_story(talk: Talk) -> Decision:
    """Take what happened, in whatever words or pictures."""
    return talk.listen() if talk.heard.intent in ("ok", "thanks") else _take(talk)


def ask(talk: Talk) -> Content:
    """The question what happened."""
    return talk.content(talk.text("complaint.ask"))


STEPS = {"story": Step(ask, hear_story, free=True)}


def _take(talk: Talk) -> Decision:
    decision = hand_over.to_people(talk, "complains", talk.text("complaint.thanks"))
    return replace(decision, urgent=True, tags=("complaint",))
