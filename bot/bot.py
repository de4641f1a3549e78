"""The bot: reads one turn, picks the flow, and returns its decision with what must be remembered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.flow import Flow, Step
from bot.flows import BY_INTENT, BY_NAME, IDLE, hand_over, order_status, welcome
from bot.heard import Heard, hear
from bot.language import ours, pick
from bot.talk import Settings, Talk
from bot.texts import Texts
from core.channel import Content
from core.decide import Decision, Turn

_SAME_WITHOUT_SENSE = 3
_SAME_AT_ALL = 5
_SAID_KEPT = 200
_ONLY_IN_STEPS = ("no_number",)


class Bot:
    """Implements `core.decide.Decides`. Holds no state: the same turn gives the same decision in any process."""

    def __init__(self, texts: Texts | None = None, settings: Settings | None = None) -> None:
        self._texts = texts or Texts.load()
        self._settings = settings or Settings()

    async def decide(self, turn: Turn) -> Decision:
        """Answer one message. Says nothing to an automatic mail, an edit, or what is no message at all."""
        message = turn.message
        if message.edits or message.data.get("automatic") or message.kind in ("order", "click"):
            return Decision(state=turn.state)
        if message.kind != "message" or not turn.capabilities.sends:
            return Decision(state=turn.state, hand_over=True, reason="needs a person, not an answer")
        heard = hear(message, turn.state.data, letter=turn.capabilities.subject)
        language, learned = self._language(turn, heard)
        talk = Talk(turn, heard, self._texts, self._settings, language)
        decision = await _answer(talk)
        return _remember(talk, _stop_loops(talk, decision), learned)

    def _language(self, turn: Turn, heard: Heard) -> tuple[str, str | None]:
        """The language to answer in, and the one just learned from what was written, if it is news."""
        data, known = turn.state.data, ours(turn.person.language)
        picked = pick(
            chosen=_ours(data.get("language")),
            stored=known or _ours(data.get("written")),
            written=heard.written_in,
            text=heard.text,
            device=turn.message.language,
        )
        learned = picked if picked and picked == heard.written_in and picked != known else None
        return picked or self._settings.language, learned


async def _answer(talk: Talk) -> Decision:
    heard, state = talk.heard, talk.turn.state
    flow = BY_NAME.get(state.flow)
    step = flow.steps.get(state.step) if flow else None
    if heard.contact:
        return await _take_contact(talk, step)
    if flow and step and (not heard.intents or heard.intent in flow.takes):
        return await step.hear(talk)
    intent = next((intent for intent in heard.intents if intent not in _ONLY_IN_STEPS), None)
    if intent:
        return await _start(talk, BY_INTENT[intent], step)
    if heard.names_order:
        return await order_status.start(talk)
    if talk.turn.first and not heard.text and not heard.media:
        return await welcome.start(talk)
    return await welcome.not_understood(talk)


async def _start(talk: Talk, flow: Flow, waiting: Step | None) -> Decision:
    decision = await flow.start(talk)
    if waiting and decision.language and not decision.hand_over:
        # The language changed in the middle of a flow: its question is asked again, in the new one.
        return replace(decision, say=(*decision.say, waiting.ask(replace(talk, language=decision.language))))
    return decision


async def _take_contact(talk: Talk, step: Step | None) -> Decision:
    decision = await step.hear(talk) if step else talk.answer(welcome.menu(talk))
    thanks = talk.text("contact.thanks")
    first, *rest = decision.say or (Content(),)
    return replace(decision, say=(replace(first, text=f"{thanks}\n{first.text}".strip()), *rest))


def _stop_loops(talk: Talk, decision: Decision) -> Decision:
    """Hand over when the same words come again and again: another bot, or somebody we do not help."""
    times = _said(talk)["times"]
    without_sense = decision.state.misses > 0 or talk.heard.intent in IDLE
    if decision.hand_over or times < (_SAME_WITHOUT_SENSE if without_sense else _SAME_AT_ALL):
        return decision
    return hand_over.to_people(talk, "the same words again and again")


def _said(talk: Talk) -> dict[str, Any]:
    """What was said, and how many times in a row by now; pressed buttons and messages without words do not count."""
    text = "" if talk.heard.pressed else " ".join(talk.heard.words)[:_SAID_KEPT]
    before = talk.data.get("said")
    if text and isinstance(before, Mapping) and before.get("text") == text and isinstance(before.get("times"), int):
        return {"text": text, "times": int(before["times"]) + 1}
    return {"text": text, "times": 1 if text else 0}


def _remember(talk: Talk, decision: Decision, learned: str | None) -> Decision:
    data = {key: value for key, value in decision.state.data.items() if key not in ("offered", "said", "idle")}
    data["said"] = _said(talk)
    if decision.say:
        if offered := [[button.label, button.value] for button in decision.say[-1].buttons]:
            data["offered"] = offered
    elif "offered" in talk.data:
        data["offered"] = talk.data["offered"]
    if learned:
        data["written"] = learned
    if talk.heard.intent in IDLE and not talk.heard.pressed:
        data["idle"] = talk.idle
    return replace(decision, language=decision.language or learned, state=replace(decision.state, data=data))


def _ours(value: object) -> str | None:
    return ours(value) if isinstance(value, str) else None
