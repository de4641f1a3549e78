"""Takes the wish to have one's data deleted to a person, after making sure that it is meant, and records it."""

from __future__ import annotations

from dataclasses import replace

from bot.flow import Step
from bot.flows import hand_over
from bot.talk import Talk
from core.content import Content
from core.decide import Decision, RequestErasure


async def start(talk: Talk) -> Decision:
    """Ask whether it is meant: what is deleted does not come back."""
    return talk.answer(ask(talk), flow="erasure", step="confirm")


async def hear_confirm(talk: Talk) -> Decision:
    """Record the request after a yes. Whose data it is, a person makes sure of before anything is deleted."""
    if talk.agrees or (talk.heard.intent == "erasure" and not talk.declines):
        known = talk.turn.person.known
        key = "erasure.requested" if known else "erasure.requested_unproved"
        decision = hand_over.to_people(talk, "wants their data deleted", talk.text(key))
        return replace(decision, acts=(RequestErasure(),), tags=("erasure",))
    if talk.declines:
        return talk.answer(talk.content(talk.text("erasure.kept")))
    return hand_over.unclear(talk, ask(talk))


def ask(talk: Talk) -> Content:
    """The question whether it is meant."""
    return talk.ask(talk.text("erasure.confirm"), *talk.yes_no)


STEPS = {"confirm": Step(ask, hear_confirm)}
