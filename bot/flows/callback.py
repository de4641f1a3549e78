"""Plans a call: asks for the phone, unless it is known, and for the time, and keeps both within the opening hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.flow import Step
from bot.flows import hand_over
from bot.moments import read_wish
from bot.phones import given_phone, known_phone, shown
from bot.planning import settle
from bot.talk import Talk
from core.channel import Identity
from core.content import Content
from core.decide import Decision, PlanCall
from core.hours.hours import next_open, open_at

_LONGEST_ABOUT = 300
_SOON, _OTHER = "when:soon", "when:other"


async def start(talk: Talk) -> Decision:
    """Take what was said at once ("call me tomorrow at ten, +380 …"), and ask for the rest."""
    phone = given_phone(talk) or known_phone(talk)
    about = "" if talk.heard.pressed else talk.heard.text[:_LONGEST_ABOUT]
    if not phone:
        return talk.answer(ask_phone(talk), flow="callback", step="phone", data={"about": about})
    return _time(talk, phone, about, asked=False)


async def hear_phone(talk: Talk) -> Decision:
    """Take the phone, and a time that came with it."""
    if phone := given_phone(talk):
        return _time(talk, phone, talk.kept("about"), asked=False)
    return hand_over.unclear(talk, ask_phone(talk, again=True))


async def hear_time(talk: Talk) -> Decision:
    """Take the time, or another phone."""
    if talk.heard.picked == _OTHER:
        return talk.stay(ask_time(talk))
    phone = given_phone(talk) or talk.kept("phone")
    return _time(talk, phone, talk.kept("about"), asked=True)


async def hear_offer(talk: Talk) -> Decision:
    """Take the yes or no to the time that was proposed, or another time."""
    if talk.agrees and (at := _kept_moment(talk)) is not None and at > talk.turn.now:
        return _planned(talk, talk.kept("phone"), at, talk.kept("about"))
    if talk.agrees or talk.declines or talk.heard.picked == _OTHER:
        return talk.answer(ask_time(talk), flow="callback", step="time", data=_data(talk, talk.kept("phone")))
    return await hear_time(talk)


def ask_phone(talk: Talk, *, again: bool = False) -> Content:
    """The question for the phone."""
    return talk.content(talk.text("callback.ask_phone_again" if again else "callback.ask_phone"), ask_phone=True)


def ask_time(talk: Talk) -> Content:
    """The question for the time."""
    phone = shown(talk.kept("phone") or given_phone(talk) or known_phone(talk))
    return talk.ask(talk.text("callback.ask_time", phone=phone), (talk.text("callback.soon"), _SOON))


def ask_offer(talk: Talk) -> Content:
    """The proposal of the next time people are there."""
    at = _kept_moment(talk) or talk.turn.now
    return talk.ask(talk.text("callback.closed_then", when=talk.when(at)), *talk.yes_no)


STEPS = {
    "phone": Step(ask_phone, hear_phone),
    "time": Step(ask_time, hear_time),
    "offer": Step(ask_offer, hear_offer),
}


def _time(talk: Talk, phone: str, about: str, *, asked: bool) -> Decision:
    """Plan the call for the time that was said, propose another one, or ask."""
    data = {**_data(talk, phone), "about": about}
    now, settings = talk.turn.now, talk.settings
    words = talk.heard.given.rest if not talk.heard.pressed else ""
    wish = read_wish("now" if talk.heard.picked == _SOON else words)
    if wish is None:
        if asked:
            return hand_over.unclear(talk, ask_time(talk))
        return talk.answer(_ask_time_of(talk, phone), flow="callback", step="time", data=data)
    at = settle(wish, now, settings.time_zone, settings.hours)
    if isinstance(at, str):
        content = talk.content(talk.text(f"callback.{at}"))
        return talk.answer(content, flow="callback", step="time", data=data, misses=talk.turn.state.misses)
    if settings.hours is not None and not open_at(settings.hours, at):
        later = next_open(settings.hours, at)
        if later is not None:
            content = talk.ask(talk.text("callback.closed_then", when=talk.when(later)), *talk.yes_no)
            offer = {**data, "at": later.isoformat()}
            return talk.answer(content, flow="callback", step="offer", data=offer)
    return _planned(talk, phone, at, about)


def _ask_time_of(talk: Talk, phone: str) -> Content:
    return talk.ask(talk.text("callback.ask_time", phone=shown(phone)), (talk.text("callback.soon"), _SOON))


def _planned(talk: Talk, phone: str, at: datetime, about: str) -> Decision:
    done = talk.text("callback.planned", phone=shown(phone), when=talk.when(at))
    decision = talk.answer(talk.content(done))
    call = PlanCall(phone, at, about)
    return replace(decision, acts=(call,), identities=(Identity("phone", phone),), tags=("callback",))


def _data(talk: Talk, phone: str) -> dict[str, str]:
    return {"phone": phone, "about": talk.kept("about")}


def _kept_moment(talk: Talk) -> datetime | None:
    try:
        at = datetime.fromisoformat(talk.kept("at"))
    except ValueError:
        return None
    return at if at.tzinfo else None
