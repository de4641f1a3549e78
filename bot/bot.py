"""The bot: reads one turn, picks the flow, and returns its decision with what must be remembered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from bot import loops
from bot.flow import Flow, Step
from bot.flows import BY_INTENT, BY_NAME, IDLE, ONLY_IN_STEPS, deep_link, faq, hand_over, order_status, rating, welcome
from bot.heard import Heard, hear
from bot.language import ours, pick
from bot.library import Library
from bot.summary import trail
from bot.talk import Settings, Talk
from core.content import Button, Content
from core.decide import Decision, Turn

_LEAVES = ("person", "menu", "language", "lang:en", "lang:ru", "lang:uk")
"""Intents that are heard even where any words are an answer."""


@dataclass(frozen=True, slots=True)
class _Given:
    """A decision with the flow and the step that gave it."""

    flow: str
    step: str
    decision: Decision


class Bot:
    """Implements `core.decide.Decides`. Holds no state: the same turn gives the same decision in any process."""

    def __init__(self, settings: Settings | None = None, library: Library | None = None) -> None:
        self.library = library or Library()
        self.settings = settings or Settings()

    async def decide(self, turn: Turn) -> Decision:
        """Answer one message. Says nothing to an automatic mail, an edit, or what is no message at all."""
        message = turn.message
        if message.edits or message.data.get("automatic") or message.kind in ("order", "click"):
            return Decision(state=turn.state)
        if message.kind != "message" or not turn.capabilities.sends:
            return Decision(state=turn.state, hand_over=True, reason="needs a person, not an answer")
        heard = hear(message, turn.state.data, letter=turn.capabilities.subject)
        language, learned = self._language(turn, heard)
        persona, hours, texts = await asyncio.gather(self.library.persona(), self.library.hours(), self.library.texts())
        settings = replace(
            self.settings,
            company=persona.company or self.settings.company,
            menu=persona.menu,
            hours=hours,
            time_zone=hours.zone if hours else self.settings.time_zone,
        )
        talk = Talk(turn, heard, texts, settings, language, self.library)
        given = await _answer(talk)
        decision = _stop_loops(talk, given.decision)
        return _remember(talk, replace(given, decision=decision), learned)

    async def asks_rating(self, language: str | None, conversation_id: str) -> Content | None:
        """The question how a conversation was, in this language; None when nobody is to be asked."""
        if not (await self.library.persona()).rating:
            return None
        texts, spoken = await self.library.texts(), ours(language) or self.settings.language
        buttons = tuple(Button(str(score), f"rate:{score}:{conversation_id}") for score in range(1, 6))
        return Content(text=texts.say(spoken, "rating.ask"), buttons=buttons)

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
        return picked or self.settings.language, learned


async def _answer(talk: Talk) -> _Given:
    heard, state = talk.heard, talk.turn.state
    if talk.turn.resolved:
        return _Given("rating", "score", await rating.take(talk))
    flow = BY_NAME.get(state.flow)
    step = flow.steps.get(state.step) if flow else None
    if opened := await deep_link.start(talk):
        return _Given("deep_link", "start", opened)
    if loops.echoed(talk):
        return _Given("", "", talk.listen())
    if heard.contact:
        return _Given(state.flow or "welcome", state.step or "contact", await _take_contact(talk, step))
    if flow and step and _for_step(talk, flow, step):
        return _Given(flow.name, state.step, await step.hear(talk))
    intent = next((intent for intent in heard.intents if intent not in ONLY_IN_STEPS), None)
    if intent:
        started = BY_INTENT[intent]
        return _Given(started.name, "start", await _start(talk, started, step))
    if heard.names_order:
        return _Given("order_status", "start", await order_status.CHECK.start(talk))
    if talk.turn.first and not heard.text and not heard.media:
        return _Given("welcome", "start", await welcome.start(talk))
    if heard.text and (answer := await faq.search(talk)):
        return _Given("faq", "search", answer)
    return _Given("not_understood", "start", await welcome.not_understood(talk))


def _for_step(talk: Talk, flow: Flow, step: Step) -> bool:
    """Whether the step in progress hears this, or something else was asked for meanwhile."""
    intents = [one for one in talk.heard.intents if one not in ONLY_IN_STEPS or one in flow.takes]
    if not intents or intents[0] in flow.takes:
        return True
    return step.free and not talk.heard.pressed and intents[0] not in _LEAVES


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
    """Hand over when it goes round in circles: another bot, or somebody we do not help."""
    if decision.hand_over or talk.turn.resolved or decision.acts:
        return decision
    without_sense = decision.state.misses > 0 or talk.heard.intent in IDLE
    reason = loops.going_round(talk, without_sense=without_sense)
    return hand_over.to_people(talk, reason) if reason else decision


def _remember(talk: Talk, given: _Given, learned: str | None) -> Decision:
    decision = given.decision
    data = {key: value for key, value in decision.state.data.items() if key not in ("offered", "said", "idle")}
    data["said"] = loops.said_now(talk)
    data["loop"] = loops.remembered(talk, decision.say)
    data["trail"] = trail(talk)
    if decision.say:
        if offered := [[button.label, button.value] for button in decision.say[-1].buttons]:
            data["offered"] = offered
    elif "offered" in talk.data:
        data["offered"] = talk.data["offered"]
    if learned:
        data["written"] = learned
    if talk.heard.intent in IDLE and not talk.heard.pressed:
        data["idle"] = talk.idle
    return replace(
        decision,
        flow=given.flow,
        step=given.step,
        outcome="handed_over" if decision.hand_over else "going" if decision.state.flow else "finished",
        language=decision.language or learned,
        state=replace(decision.state, data=data),
    )


def _ours(value: object) -> str | None:
    return ours(value) if isinstance(value, str) else None
