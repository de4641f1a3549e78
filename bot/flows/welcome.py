"""Greets, shows the menu, and says so when it did not understand."""

from __future__ import annotations

from bot.flows import hand_over
from bot.talk import Talk
from core.content import Content
from core.decide import Decision

_MOST = 5


async def start(talk: Talk) -> Decision:
    """Greet somebody new, show the menu to who asks for it; a person for who asks all the time, or by letter."""
    if talk.letter:
        return hand_over.to_people(talk, hand_over.NOT_UNDERSTOOD)
    if talk.idle > _MOST and not talk.heard.pressed:
        return hand_over.to_people(talk, "went round in circles")
    return talk.chat(greeting(talk) if talk.turn.first else menu(talk))


def greeting(talk: Talk) -> Content:
    """The first words of the bot, with the menu."""
    if company := talk.settings.company:
        return talk.content(talk.text("welcome.hello_company", company=company), offer=talk.settings.menu)
    return talk.content(talk.text("welcome.hello"), offer=talk.settings.menu)


def menu(talk: Talk, *before: str) -> Content:
    """The menu, after these lines."""
    return talk.content(*before, "" if before else talk.text("menu.again"), offer=talk.settings.menu)


async def not_understood(talk: Talk) -> Decision:
    """Ask again with the menu at hand, or bring in a person when that was asked before (at once in a letter)."""
    if talk.heard.keeps_for_people and not talk.letter:
        return hand_over.to_people(talk, "sent a picture, a file or a place", talk.text("hand_over.got_file"))
    if talk.patience_ends:
        return hand_over.to_people(talk, hand_over.NOT_UNDERSTOOD)
    if talk.heard.media and not talk.heard.text:
        key = "unclear.media"
    else:
        key = "unclear.first" if talk.turn.first else "unclear.again"
    return talk.answer(menu(talk, talk.text(key)), misses=talk.turn.state.misses + 1)
