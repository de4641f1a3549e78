"""The flows, and which intents start them: to add one, write its file here and put its line into the table.

Buttons carry intents as their value, so what a menu offers and what people say in words arrive at the same place.
"""

from __future__ import annotations

from bot.flow import Flow
from bot.flows import (
    callback,
    complaint,
    delivery,
    erasure,
    faq,
    hand_over,
    lead,
    opening_hours,
    order_status,
    small_talk,
    switch_language,
    welcome,
)

_WHATEVER = ("greeting", "thanks", "ok", "yes", "no")

FLOWS: tuple[Flow, ...] = (
    Flow("hand_over", ("person", "needs_person"), hand_over.start),
    Flow("switch_language", ("language", "lang:en", "lang:ru", "lang:uk"), switch_language.start),
    Flow(
        "order_status",
        ("order_status", "order_mention"),
        order_status.CHECK.start,
        order_status.CHECK.steps,
        takes=("order_status", "order_mention", "no_number", *_WHATEVER),
    ),
    Flow(
        "delivery",
        ("delivery",),
        delivery.start,
        delivery.STEPS,
        takes=(
            *("delivery", "order_status", "order_mention", "no_number"),
            *("field:address", "field:phone", "field:name", *_WHATEVER),
        ),
    ),
    Flow("callback", ("callback",), callback.start, callback.STEPS, takes=("callback", *_WHATEVER)),
    Flow("lead", ("lead",), lead.start, lead.STEPS, takes=("lead", *_WHATEVER)),
    Flow("opening_hours", ("hours",), opening_hours.start),
    Flow("faq", ("faq",), faq.start, faq.STEPS, takes=("faq", *_WHATEVER)),
    Flow("complaint", ("complaint",), complaint.start, complaint.STEPS, takes=("complaint", *_WHATEVER)),
    Flow("erasure", ("erasure",), erasure.start, erasure.STEPS, takes=("erasure", *_WHATEVER)),
    Flow("welcome", ("menu", "yes"), welcome.start),
    Flow("small_talk", ("thanks", "bye", "greeting", "ok", "no"), small_talk.start),
)

IDLE = ("menu", "thanks", "bye", "greeting", "ok", "yes", "no")
"""Intents that get nobody further; many of them in a row are a bot, or somebody the bot does not help."""

ONLY_IN_STEPS = ("no_number", "field:address", "field:phone", "field:name")
"""Intents that mean something only as the answer to a question."""

OFFERED = ("order_status", "delivery", "callback", "hours", "faq", "lead", "complaint", "person", "language", "erasure")
"""What a menu may hold."""

BY_NAME = {flow.name: flow for flow in FLOWS}
BY_INTENT = {intent: flow for flow in FLOWS for intent in flow.intents}
