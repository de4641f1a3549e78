"""The flows, and which intents start them: to add one, write its file here and put its line into the table.

Buttons carry intents as their value, so what a menu offers and what people say in words arrive at the same place.
"""

from __future__ import annotations

from bot.flow import Flow
from bot.flows import hand_over, order_status, small_talk, switch_language, welcome

FLOWS: tuple[Flow, ...] = (
    Flow("hand_over", ("person", "needs_person"), hand_over.start),
    Flow("switch_language", ("language", "lang:en", "lang:ru", "lang:uk"), switch_language.start),
    Flow(
        "order_status",
        ("order_status", "order_mention"),
        order_status.start,
        {"number": order_status.NUMBER, "identity": order_status.IDENTITY},
        takes=("order_status", "order_mention", "no_number", "greeting", "thanks", "ok", "yes", "no"),
    ),
    Flow("welcome", ("menu", "yes"), welcome.start),
    Flow("small_talk", ("thanks", "bye", "greeting", "ok", "no"), small_talk.start),
)

IDLE = ("menu", "thanks", "bye", "greeting", "ok", "yes", "no")
"""Intents that get nobody further; many of them in a row are a bot, or somebody the bot does not help."""

BY_NAME = {flow.name: flow for flow in FLOWS}
BY_INTENT = {intent: flow for flow in FLOWS for intent in flow.intents}
