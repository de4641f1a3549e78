"""Takes down somebody who wants to buy: what they look for, their name, how to reach them; then a person goes on."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.flow import Step
from bot.flows import hand_over
from bot.phones import given_phone
from bot.talk import Talk
from core.channel import Identity
from core.content import Content
from core.decide import Decision

_LONGEST = 500
_SAYS_ENOUGH = 6
_NAME = re.compile(
    r"^\s*(?:my name is|i am|im|i'm|this is|меня зовут|мене звати|мене звуть|это|це|я)?[\s,:–-]*(.{1,80}?)[\s.!]*$",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]")


async def start(talk: Talk) -> Decision:
    """Take what was said as what they look for, if it says something."""
    if talk.heard.pressed or len(talk.heard.words) < _SAYS_ENOUGH:
        return talk.answer(ask_interest(talk), flow="lead", step="interest")
    return _next(talk, {"interest": talk.heard.text[:_LONGEST]})


async def hear_interest(talk: Talk) -> Decision:
    """Take what they look for."""
    if talk.heard.pressed or not _LETTER.search(talk.heard.text):
        return hand_over.unclear(talk, ask_interest(talk))
    return _next(talk, {"interest": talk.heard.text[:_LONGEST]})


async def hear_name(talk: Talk) -> Decision:
    """Take the name."""
    named = _NAME.match(" ".join(talk.heard.given.rest.split()))
    if not named or not _LETTER.search(named[1]):
        return hand_over.unclear(talk, ask_name(talk))
    return _next(talk, {"interest": talk.kept("interest"), "name": named[1]})


async def hear_contact(talk: Talk) -> Decision:
    """Take the phone or mail; who would rather not say is answered here."""
    kept = {"interest": talk.kept("interest"), "name": talk.kept("name")}
    contact = next(iter(talk.heard.given.mails), "") or given_phone(talk)
    if contact or talk.declines:
        return _done(talk, kept, contact)
    return hand_over.unclear(talk, ask_contact(talk))


def ask_interest(talk: Talk) -> Content:
    """The question what they look for."""
    return talk.content(talk.text("lead.ask_interest"))


def ask_name(talk: Talk) -> Content:
    """The question for the name."""
    return talk.content(talk.text("lead.ask_name"))


def ask_contact(talk: Talk) -> Content:
    """The question for phone or mail."""
    return talk.content(talk.text("lead.ask_contact"), ask_phone=True)


STEPS = {
    "interest": Step(ask_interest, hear_interest, free=True),
    "name": Step(ask_name, hear_name, free=True),
    "contact": Step(ask_contact, hear_contact),
}


def _next(talk: Talk, known: dict[str, str]) -> Decision:
    """Ask for what is missing; a letter has said what it says, and its sender is known."""
    given = next(iter(talk.heard.given.mails), "") or given_phone(talk)
    if talk.letter or given:
        return _done(talk, known, given)
    if not (known.get("name") or talk.turn.person.name):
        return talk.answer(ask_name(talk), flow="lead", step="name", data=known)
    if not any(one.kind in ("phone", "email") for one in talk.turn.person.identities):
        return talk.answer(ask_contact(talk), flow="lead", step="contact", data=known)
    return _done(talk, known, "")


def _done(talk: Talk, known: dict[str, str], contact: str) -> Decision:
    decision = hand_over.to_people(talk, "wants to buy", talk.text("lead.thanks"))
    identities: tuple[Identity, ...] = ()
    if contact:
        kept = contact.lower() if "@" in contact else contact
        identities = (Identity("email" if "@" in contact else "phone", kept),)
    lines = [decision.summary] if decision.summary else []
    say, language = talk.texts.say, talk.settings.language
    asked = (("interest", known.get("interest", "")), ("name", known.get("name", "")), ("contact", contact))
    lines += [say(language, f"summary.{key}", value=value) for key, value in asked if value]
    return replace(
        decision,
        lead=True,
        tags=("lead",),
        identities=identities,
        name=known.get("name", ""),
        summary="\n".join(dict.fromkeys(lines)),
    )
