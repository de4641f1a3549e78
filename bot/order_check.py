"""Finds the order a person means and may see, asking for its number and for the phone or e-mail it was placed with.

An order that does not exist and one that is somebody else's get the same answer, so nobody learns which numbers exist.
Wrong tries are counted over the whole conversation, whichever flow asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.flow import Step
from bot.flows import hand_over
from bot.identities import matches
from bot.order_search import chosen, find
from bot.talk import Talk
from core.channel import Identity
from core.content import Content
from core.decide import Decision, OrderFacts

_MOST_KEPT = 4
_WAITS = ("thanks", "ok")
_OWN = ("numbers", "typed")

Then = Callable[[Talk, list[OrderFacts]], Awaitable[Decision]]


@dataclass(frozen=True)
class OrderCheck:
    """Two steps of `flow`, `number` and `identity`, before `then` is called with orders that are theirs."""

    flow: str
    then: Then

    @property
    def steps(self) -> dict[str, Step]:
        """The steps, for the table of flows."""
        return {"number": Step(ask_number, self.hear_number), "identity": Step(ask_identity, self.hear_identity)}

    async def start(self, talk: Talk) -> Decision:
        """Go on with what may be seen at once, else ask for what is missing."""
        return await self._look(talk, talk.heard.numbers.best(), talk.heard.given.sure)

    async def hear_number(self, talk: Talk) -> Decision:
        """Take the order number, and a phone or e-mail that came with it."""
        heard, kept = talk.heard, _kept(talk, "typed")
        typed = _typed(talk)
        if numbers := heard.numbers.best(asked=True):
            return await self._look(talk, numbers, (*typed, *kept))
        if heard.contact:
            return await self._look(talk, (), typed)
        if typed and heard.text.replace(" ", "").isdigit():
            # As long as a phone, and yet it was the number that was asked for: it may be either, so it is kept as both.
            return self._ask_identity(talk, typed, typed)
        if typed:
            return _unclear(talk, ask_number(talk), typed)
        if "no_number" in heard.intents:
            return hand_over.to_people(talk, "does not know the order number", talk.text("order.without_number"))
        return _unclear(talk, talk.content(talk.text("order.ask_number_again")))

    async def hear_identity(self, talk: Talk) -> Decision:
        """Take the phone or e-mail, or another order number, and look (again)."""
        heard, numbers, typed = talk.heard, _kept(talk, "numbers"), _kept(talk, "typed")
        new_typed = _typed(talk)
        new_numbers = heard.numbers.marked or tuple(one for one in heard.numbers.likely if not one.isdigit())
        if not new_typed and not new_numbers:
            # Digits alone: a phone as dialled at home, and after a wrong try perhaps the number put right.
            new_typed = heard.given.phones
            if _tries(talk) or typed:
                new_numbers = heard.numbers.best(asked=True)
                if not new_numbers:
                    return _lost(talk)
                return await self._look(talk, (*new_numbers, *numbers), (*new_typed, *typed))
        if new_typed or new_numbers:
            return await self._look(talk, new_numbers or numbers, new_typed or typed)
        return _lost(talk)

    async def _look(self, talk: Talk, numbers: tuple[str, ...], typed: tuple[str, ...]) -> Decision:
        numbers, typed = _few(numbers), _few(typed)
        person, orders = talk.turn.person, talk.turn.orders
        if person.known:
            theirs = await orders.of_customer(person.customer_id)
            if showing := chosen(theirs, numbers):
                return await self.then(talk, showing)
        if not numbers:
            return self._ask_number(talk, typed, known=person.known)
        # What the channel says of the sender is as good as typed, and is tried without counting as a wrong try.
        told, known = (*typed, *_of_sender(talk)), person.customer_id if person.known else None
        if (told or known) and (found := await find(orders, numbers, told, known)):
            # They knew number and contact of the order: worth telling an agent, not enough to be taken for its owner.
            shown = tuple(Identity(one.kind, one.value) for one in found.identities if matches(told, (one,)))
            return replace(await self.then(talk, [found]), identities=shown)
        return self._wrong(talk, numbers, typed) if typed else self._ask_identity(talk, numbers, ())

    def _at(self, talk: Talk, step: str, content: Content, **data: Any) -> Decision:
        return talk.answer(content, flow=self.flow, step=step, data={**self._beside(talk), **data})

    def _beside(self, talk: Talk) -> Mapping[str, Any]:
        """What the flow itself remembers meanwhile."""
        return {} if talk.turn.state.flow != self.flow else {k: v for k, v in talk.data.items() if k not in _OWN}

    def _ask_number(self, talk: Talk, typed: tuple[str, ...], known: bool = False) -> Decision:
        content = talk.content(talk.text("order.ask_number_none" if known else "order.ask_number"))
        return self._at(talk, "number", content, numbers=[], typed=list(typed))

    def _ask_identity(self, talk: Talk, numbers: tuple[str, ...], typed: tuple[str, ...]) -> Decision:
        content = talk.content(talk.text("order.ask_identity", number=numbers[0]), ask_phone=True)
        return self._at(talk, "identity", content, numbers=list(numbers), typed=list(typed))

    def _wrong(self, talk: Talk, numbers: tuple[str, ...], typed: tuple[str, ...]) -> Decision:
        tries = _tries(talk) + 1
        if tries >= talk.settings.wrong_tries:
            decision = hand_over.to_people(talk, "could not show whose order it is", talk.text("order.too_many"))
            return replace(decision, state=replace(decision.state, data={**decision.state.data, "tries": tries}))
        content = talk.content(talk.text("order.no_match"), ask_phone=True)
        return self._at(talk, "identity", content, numbers=list(numbers), typed=list(typed), tries=tries)


def ask_number(talk: Talk) -> Content:
    """The question for the number."""
    return talk.content(talk.text("order.ask_number"))


def ask_identity(talk: Talk) -> Content:
    """The question for the phone or e-mail."""
    number = next(iter(_kept(talk, "numbers")), "")
    return talk.content(talk.text("order.ask_identity", number=number), ask_phone=True)


def _lost(talk: Talk) -> Decision:
    if "no_number" in talk.heard.intents:
        return hand_over.to_people(talk, "does not know the phone or e-mail of the order")
    number = next(iter(_kept(talk, "numbers")), "")
    return _unclear(talk, talk.content(talk.text("order.ask_identity_again", number=number), ask_phone=True))


def _unclear(talk: Talk, again: Content, typed: tuple[str, ...] = ()) -> Decision:
    heard = talk.heard
    if heard.intent in _WAITS and not talk.letter:
        return talk.listen()
    decision = hand_over.unclear(talk, again)
    if typed and not decision.hand_over and decision.state.misses:
        return replace(decision, state=replace(decision.state, data={**decision.state.data, "typed": list(typed)}))
    return decision


def _typed(talk: Talk) -> tuple[str, ...]:
    """The phones and mails given on purpose: typed, or shared as a contact."""
    shared = tuple(one.value for one in talk.turn.message.identities) if talk.heard.contact else ()
    return (*talk.heard.given.sure, *shared)


def _of_sender(talk: Talk) -> tuple[str, ...]:
    vouched = (one.value for one in talk.turn.person.identities if one.verified)
    return (*(one.value for one in talk.turn.message.identities if not one.doubted), *vouched)


def _kept(talk: Talk, key: str) -> tuple[str, ...]:
    kept = talk.data.get(key)
    return tuple(one for one in kept if isinstance(one, str)) if isinstance(kept, list | tuple) else ()


def _tries(talk: Talk) -> int:
    tries = talk.data.get("tries")
    return tries if isinstance(tries, int) else 0


def _few(items: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))[:_MOST_KEPT]
