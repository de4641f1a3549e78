"""Tells where an order is, to whom it belongs: shown at once to a known person, else for number and phone or e-mail.

An order that does not exist and one that is somebody else's get the same answer, so nobody learns which numbers exist.
"""

from __future__ import annotations

from dataclasses import replace

from bot.flow import Step
from bot.flows import hand_over
from bot.identities import matches
from bot.order_search import chosen, find
from bot.order_words import order_lines
from bot.talk import Talk
from core.channel import Content, Identity
from core.decide import Decision, OrderFacts

_MOST_SHOWN = 3
_MOST_KEPT = 4
_WAITS = ("thanks", "ok")


async def start(talk: Talk) -> Decision:
    """Show what may be shown at once, else ask for what is missing."""
    return await _look(talk, talk.heard.numbers.best(), talk.heard.given.sure)


async def hear_number(talk: Talk) -> Decision:
    """Take the order number, and a phone or e-mail that came with it."""
    heard, kept = talk.heard, _kept(talk, "typed")
    typed = _typed(talk)
    if numbers := heard.numbers.best(asked=True):
        return await _look(talk, numbers, (*typed, *kept))
    if heard.contact:
        return await _look(talk, (), typed)
    if typed and heard.text.replace(" ", "").isdigit():
        # As long as a phone, and yet it was the number that was asked for: it may be either, so it is kept as both.
        return _ask_identity(talk, typed, typed)
    if typed:
        return _unclear(talk, ask_number(talk), typed)
    if "no_number" in heard.intents:
        return hand_over.to_people(talk, "does not know the order number", talk.text("order.without_number"))
    return _unclear(talk, talk.content(talk.text("order.ask_number_again")))


async def hear_identity(talk: Talk) -> Decision:
    """Take the phone or e-mail, or another order number, and look (again)."""
    heard, numbers, typed = talk.heard, _kept(talk, "numbers"), _kept(talk, "typed")
    new_typed = _typed(talk)
    new_numbers = heard.numbers.marked or tuple(one for one in heard.numbers.likely if not one.isdigit())
    if not new_typed and not new_numbers:
        # Digits alone: a phone as dialled at home, and after a wrong try perhaps the number put right.
        new_typed = heard.given.phones
        if _tries(talk) or typed:
            new_numbers = heard.numbers.best(asked=True)
            return await _look(talk, (*new_numbers, *numbers), (*new_typed, *typed)) if new_numbers else _lost(talk)
    if new_typed or new_numbers:
        return await _look(talk, new_numbers or numbers, new_typed or typed)
    return _lost(talk)


def ask_number(talk: Talk) -> Content:
    """The question for the number."""
    return talk.content(talk.text("order.ask_number"))


def ask_identity(talk: Talk) -> Content:
    """The question for the phone or e-mail."""
    number = next(iter(_kept(talk, "numbers")), "")
    return talk.content(talk.text("order.ask_identity", number=number), ask_phone=True)


NUMBER = Step(ask_number, hear_number)
IDENTITY = Step(ask_identity, hear_identity)


async def _look(talk: Talk, numbers: tuple[str, ...], typed: tuple[str, ...]) -> Decision:
    numbers, typed = _few(numbers), _few(typed)
    person, orders = talk.turn.person, talk.turn.orders
    if person.known:
        theirs = await orders.of_customer(person.customer_id)
        if showing := chosen(theirs, numbers):
            return _show(talk, showing)
    if not numbers:
        return _ask_number(talk, typed, known=person.known)
    # What the channel says of the sender is as good as typed, and is tried without counting as a wrong try.
    told, known = (*typed, *_of_sender(talk)), person.customer_id if person.known else None
    if (told or known) and (found := await find(orders, numbers, told, known)):
        # They knew number and contact of the order: worth telling an agent, not enough to be taken for its owner.
        shown = tuple(Identity(one.kind, one.value) for one in found.identities if matches(told, (one,)))
        return replace(_show(talk, [found]), identities=shown)
    return _wrong(talk, numbers, typed) if typed else _ask_identity(talk, numbers, ())


def _show(talk: Talk, orders: list[OrderFacts]) -> Decision:
    blocks = ["\n".join(order_lines(talk, order)) for order in orders[:_MOST_SHOWN]]
    if talk.letter:
        return talk.answer(Content(text="\n\n".join((talk.text("order.yours"), *blocks))))
    return talk.answer(replace(talk.content(offer=("person",)), text="\n\n".join((*blocks, talk.text("order.more")))))


def _ask_number(talk: Talk, typed: tuple[str, ...], known: bool = False) -> Decision:
    content = talk.content(talk.text("order.ask_number_none" if known else "order.ask_number"))
    return talk.answer(content, flow="order_status", step="number", data={"numbers": [], "typed": list(typed)})


def _ask_identity(talk: Talk, numbers: tuple[str, ...], typed: tuple[str, ...]) -> Decision:
    content = talk.content(talk.text("order.ask_identity", number=numbers[0]), ask_phone=True)
    data = {"numbers": list(numbers), "typed": list(typed)}
    return talk.answer(content, flow="order_status", step="identity", data=data)


def _wrong(talk: Talk, numbers: tuple[str, ...], typed: tuple[str, ...]) -> Decision:
    tries = _tries(talk) + 1
    if tries >= talk.settings.wrong_tries:
        decision = hand_over.to_people(talk, "could not show whose order it is", talk.text("order.too_many"))
        return replace(decision, state=replace(decision.state, data={**decision.state.data, "tries": tries}))
    data = {"numbers": list(numbers), "typed": list(typed), "tries": tries}
    content = talk.content(talk.text("order.no_match"), ask_phone=True)
    return talk.answer(content, flow="order_status", step="identity", data=data)


def _lost(talk: Talk) -> Decision:
    if "no_number" in talk.heard.intents:
        return hand_over.to_people(talk, "does not know the phone or e-mail of the order")
    number = next(iter(_kept(talk, "numbers")), "")
    return _unclear(talk, talk.content(talk.text("order.ask_identity_again", number=number), ask_phone=True))


def _unclear(talk: Talk, again: Content, typed: tuple[str, ...] = ()) -> Decision:
    heard = talk.heard
    if heard.intent in _WAITS and not talk.letter:
        return talk.listen()
    if heard.keeps_for_people:
        return hand_over.to_people(talk, "sent a picture, a file or a place", talk.text("hand_over.got_file"))
    if heard.pressed:
        return talk.stay(again)
    if talk.patience_ends:
        return hand_over.to_people(talk, hand_over.NOT_UNDERSTOOD)
    decision = talk.stay(again, missed=True)
    if typed:
        return replace(decision, state=replace(decision.state, data={**decision.state.data, "typed": list(typed)}))
    return decision


def _typed(talk: Talk) -> tuple[str, ...]:
    """The phones and mails given on purpose: typed, or shared as a contact."""
    shared = tuple(one.value for one in talk.turn.message.identities) if talk.heard.contact else ()
    return (*talk.heard.given.sure, *shared)


def _of_sender(talk: Talk) -> tuple[str, ...]:
    vouched = (one.value for one in talk.turn.person.identities if one.verified)
    return (*(one.value for one in talk.turn.message.identities), *vouched)


def _kept(talk: Talk, key: str) -> tuple[str, ...]:
    kept = talk.data.get(key)
    return tuple(one for one in kept if isinstance(one, str)) if isinstance(kept, list | tuple) else ()


def _tries(talk: Talk) -> int:
    tries = talk.data.get("tries")
    return tries if isinstance(tries, int) else 0


def _few(items: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))[:_MOST_KEPT]
