"""Answers thanks, greetings and goodbyes, a few in a row at most, so that two bots do not thank each other for ever."""

from __future__ import annotations

from bot.flows import hand_over, welcome
from bot.talk import Talk
from core.decide import Decision

_MOST = 3


async def start(talk: Talk) -> Decision:
    """A word back; nothing to an "ok" or "no", and nothing after three of these in a row."""
    intent = talk.heard.intent
    if talk.letter:
        # A mail that says thanks needs no answer; one that says only hello, or no, needs a person.
        return (
            talk.listen() if intent in ("thanks", "bye", "ok") else hand_over.to_people(talk, hand_over.NOT_UNDERSTOOD)
        )
    if intent in ("ok", "no") or talk.idle > _MOST:
        return talk.listen()
    if intent == "greeting":
        again = welcome.menu(talk, talk.text("welcome.hello_again"))
        return talk.chat(welcome.greeting(talk) if talk.turn.first else again)
    return talk.chat(talk.content(talk.text(f"small_talk.{intent}")))
