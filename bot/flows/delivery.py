"""Changes where an order goes while that can still be changed: finds the order, asks what and to what, and confirms."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.flow import Step
from bot.flows import hand_over
from bot.order_check import OrderCheck
from bot.phones import given_phone, shown
from bot.talk import Talk
from core.content import Content
from core.decide import ChangeDelivery, Decision, OrderFacts

_FIELDS = ("address", "phone", "name")
_CHANGEABLE = ("created", "paid", "in_production", "delayed")
_SHORTEST, _LONGEST = {"address": 8, "name": 2}, {"address": 300, "name": 100}
_LETTER = re.compile(r"[^\W\d_]")


async def start(talk: Talk) -> Decision:
    """Find the order; what shall be changed of it, if it was said, is remembered meanwhile."""
    decision = await CHECK.start(talk)
    field = _named(talk)
    if not field or decision.state.step not in CHECK.steps:
        return decision
    return replace(decision, state=replace(decision.state, data={**decision.state.data, "field": field}))


async def found(talk: Talk, orders: list[OrderFacts]) -> Decision:
    """Go on with the one order that can be changed, else ask which, else say why none can."""
    open_ones = [order for order in orders if order.status in _CHANGEABLE]
    if not open_ones:
        order = orders[0]
        key = "delivery.shipped" if order.status in ("shipped", "delivered") else "delivery.over"
        content = talk.content(talk.text(key, number=order.number), offer=("person",))
        return talk.answer(content)
    if len(open_ones) > 1:
        listed = ", ".join(order.number for order in open_ones[:5])
        content = talk.content(talk.text("delivery.which", numbers=listed))
        kept = {"numbers": [], "typed": [], "field": talk.kept("field")}
        return talk.answer(content, flow="delivery", step="number", data=kept)
    order = open_ones[0]
    data: dict[str, object] = {"number": order.number, "source": order.source}
    field = _named(talk) or (talk.kept("field") if talk.turn.state.flow == "delivery" else "")
    return _ask_value(talk, field, data) if field else _ask_field(talk, data)


def _named(talk: Talk) -> str:
    """What they say shall be changed; empty when they do not say."""
    return next((name for name in _FIELDS if f"field:{name}" in talk.heard.intents), "")


async def hear_field(talk: Talk) -> Decision:
    """Take what shall be changed."""
    named = next((each for each in (*talk.heard.intents, talk.heard.picked) if each.startswith("field:")), "")
    field = named.removeprefix("field:")
    if field in _FIELDS:
        return _ask_value(talk, field, _data(talk))
    return hand_over.unclear(talk, ask_field(talk))


async def hear_value(talk: Talk) -> Decision:
    """Take the new address, phone or name, and ask whether it is right."""
    field = talk.kept("field")
    value = _value(talk, field)
    if not value:
        return hand_over.unclear(talk, talk.content(talk.text(f"delivery.wrong_{field}")))
    data = {**_data(talk), "field": field, "value": value}
    return talk.answer(_confirm(talk, data), flow="delivery", step="confirm", data=data)


async def hear_confirm(talk: Talk) -> Decision:
    """Write it to the order after a yes; after a no ask again; anything else may be the value put right."""
    field, value = talk.kept("field"), talk.kept("value")
    if talk.agrees:
        number = talk.kept("number")
        done = talk.content(talk.text("delivery.done", number=number, value=_readable(field, value)))
        refused = talk.content(talk.text("delivery.too_late", number=number), offer=("person",))
        change = ChangeDelivery(talk.kept("source"), number, field, value, done, refused)
        return replace(talk.answer(), acts=(change,))
    if talk.declines:
        return _ask_value(talk, field, _data(talk))
    return await hear_value(talk)


def ask_field(talk: Talk) -> Content:
    """The question what shall be changed."""
    return _field_question(talk, talk.kept("number"))


def ask_value(talk: Talk) -> Content:
    """The question for the new value."""
    return _value_question(talk, talk.kept("field") or "address")


def ask_confirm(talk: Talk) -> Content:
    """The question whether it is right."""
    return _confirm(talk, {key: talk.kept(key) for key in ("number", "field", "value")})


CHECK = OrderCheck("delivery", found)
STEPS = {
    **CHECK.steps,
    "field": Step(ask_field, hear_field),
    "value": Step(ask_value, hear_value, free=True),
    "confirm": Step(ask_confirm, hear_confirm),
}


def _ask_field(talk: Talk, data: dict[str, object]) -> Decision:
    return talk.answer(_field_question(talk, str(data["number"])), flow="delivery", step="field", data=data)


def _field_question(talk: Talk, number: str) -> Content:
    choices = ((talk.text(f"delivery.{field}"), f"field:{field}") for field in _FIELDS)
    return talk.ask(talk.text("delivery.ask_field", number=number), *choices)


def _ask_value(talk: Talk, field: str, data: dict[str, object]) -> Decision:
    field = field if field in _FIELDS else "address"
    content = _value_question(talk, field)
    return talk.answer(content, flow="delivery", step="value", data={**data, "field": field})


def _value_question(talk: Talk, field: str) -> Content:
    return talk.content(talk.text(f"delivery.ask_{field}"), ask_phone=field == "phone")


def _confirm(talk: Talk, data: dict[str, object] | dict[str, str]) -> Content:
    field, value = str(data["field"]), str(data["value"])
    named = talk.text(f"delivery.{field}") if field in _FIELDS else ""
    text = talk.text("delivery.confirm", number=str(data["number"]), field=named, value=_readable(field, value))
    return talk.ask(text, *talk.yes_no)


def _value(talk: Talk, field: str) -> str:
    if talk.heard.pressed:
        return ""
    if field == "phone":
        return given_phone(talk)
    text = " ".join(talk.heard.text.split()).strip(" .,;")
    fits = _SHORTEST.get(field, 1) <= len(text) <= _LONGEST.get(field, 100)
    return text if fits and len(_LETTER.findall(text)) >= 2 else ""


def _readable(field: str, value: str) -> str:
    return shown(value) if field == "phone" else value


def _data(talk: Talk) -> dict[str, object]:
    return {key: talk.kept(key) for key in ("number", "source")}
