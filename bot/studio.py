"""What an administrator works on the bot with: its words checked and kept, previews per channel, and trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.bot import Bot
from bot.flows import OFFERED
from bot.texts import Texts, places
from core import clock
from core.channel import Address, Arrival, Capabilities
from core.content import Button, Content
from core.conversations.conversation import bot_document
from core.decide import Act, BotState, Decision, LooksUpOrders, Person, Turn
from core.errors import Invalid, NotFound
from core.fit import fit
from core.persona.persona import Persona
from core.persona.store import Personas
from core.said import Said

_LONGEST = 4000
LANGUAGES = ("en", "ru", "uk")


@dataclass(frozen=True, slots=True)
class Wording:
    """One text of the bot: the shipped one, the company's own where there is one, and the holes it may have."""

    key: str
    language: str
    shipped: str
    own: str | None = None
    places: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text in use."""
        return self.shipped if self.own is None else self.own


@dataclass(frozen=True, slots=True)
class Trial:
    """Where a trial conversation is. `state` is JSON: hand it back for the next turn."""

    state: Mapping[str, Any] = field(default_factory=dict)
    language: str | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class Tried:
    """What the bot would do: the messages as the channel would carry them, and everything that would follow."""

    say: tuple[Content, ...]
    trial: Trial
    flow: str = ""
    step: str = ""
    outcome: str = ""
    reason: str = ""
    summary: str = ""
    acts: tuple[Act, ...] = ()
    tags: tuple[str, ...] = ()


class Studio:
    """The bot at work on nobody: nothing of a trial is kept in the log, sent, or done."""

    def __init__(
        self, bot: Bot, orders: LooksUpOrders, able: Mapping[str, Capabilities], personas: Personas | None = None
    ) -> None:
        self._bot = bot
        self._orders = orders
        self._able = able
        self._personas = personas
        self._shipped = Texts.load()

    # ---------------------------------------------------------------------------------------------- words

    async def wordings(self, language: str) -> list[Wording]:
        """Every text in a language, by key. Raises NotFound for a language the bot does not speak."""
        if language not in LANGUAGES:
            raise NotFound("There is no such language.")
        persona = await self._bot.library.persona()
        return [self._wording(persona, language, key) for key in sorted(self._shipped.keys(language))]

    async def wording(self, language: str, key: str) -> Wording:
        """One text. Raises NotFound."""
        if language not in LANGUAGES or key not in self._shipped.keys(language):
            raise NotFound("There is no such text.")
        return self._wording(await self._bot.library.persona(), language, key)

    def _wording(self, persona: Persona, language: str, key: str) -> Wording:
        shipped = self._shipped.say(language, key)
        own = persona.texts.get(language, {}).get(key)
        return Wording(key, language, shipped, own, tuple(sorted(places(shipped))))

    def check(self, language: str, key: str, text: str) -> None:
        """Raises NotFound for no such text, Invalid (field text) for one that could not be said."""
        if language not in LANGUAGES or key not in self._shipped.keys(language):
            raise NotFound("There is no such text.")
        known = places(self._shipped.say(language, key))
        if unknown := sorted(places(text) - known):
            holes = ", ".join("{" + name + "}" for name in sorted(known)) or "–"
            wrong = "{" + unknown[0] + "}"
            raise Invalid(
                Said("{wrong} is not known here. This text may have: {holes}.", wrong=wrong, holes=holes), field="text"
            )
        if key.startswith("menu.") and len(text.strip()) > 60:
            raise Invalid("A line of the menu has 60 characters at most.", field="text")

    async def save_text(self, language: str, key: str, text: str, *, by: str, now: datetime) -> None:
        """Say `text` from now on; the shipped one again when it is empty or the same. Raises NotFound, Invalid."""
        self.check(language, key, text)
        if self._personas is None:
            raise NotFound("There is nowhere to keep texts.")
        if not text.strip() or text.strip() == self._shipped.say(language, key):
            await self._personas.reset_text(language, key, by=by, now=now)
        else:
            await self._personas.set_text(language, key, text, by=by, now=now)

    async def save_menu(self, menu: Sequence[str], *, by: str, now: datetime) -> None:
        """Offer these intents, in this order. Raises Invalid (field menu)."""
        if unknown := [intent for intent in menu if intent not in OFFERED]:
            raise Invalid(Said("“{what}” cannot be in the menu.", what=unknown[0][:40]), field="menu")
        if self._personas is None:
            raise NotFound("There is nowhere to keep the menu.")
        await self._personas.save(menu=menu, by=by, now=now)

    def preview(self, language: str, key: str, text: str, channel: str) -> list[Content]:
        """A text as `channel` would carry it, its holes filled with examples."""
        spoken = {"status": "status.shipped", "field": "delivery.address"}
        examples = _EXAMPLES | {name: self._shipped.say(language, said) for name, said in spoken.items()}
        filled = Texts({"en": {}, language: {key: text}}).say(language, key, **examples)
        return fit(Content(text=filled[:_LONGEST]), self._of(channel))

    async def preview_menu(self, language: str, menu: Sequence[str], channel: str) -> list[Content]:
        """The menu as `channel` would carry it."""
        texts = await self._bot.library.texts()
        buttons = tuple(Button(texts.say(language, f"menu.{intent}"), intent) for intent in menu if intent in OFFERED)
        return fit(Content(text=texts.say(language, "menu.again"), buttons=buttons), self._of(channel))

    # --------------------------------------------------------------------------------------------- trials

    async def say(
        self,
        trial: Trial,
        text: str,
        channel: str,
        *,
        choice: str | None = None,
        known: str | None = None,
        on_duty: bool = True,
        now: datetime | None = None,
    ) -> Tried:
        """One turn of a trial: what the bot would answer to `text` (or a pressed `choice`) on `channel`.

        `known` is the id of a customer whose own channel this is taken to be, so that their orders are shown.
        """
        able, now = self._of(channel), now or clock.now()
        turn = Turn(
            Arrival(Address(channel, "trial", "trial"), f"trial-{trial.count}", content=Content(text), choice=choice),
            state_of(trial.state),
            Person(known or "trial", language=trial.language, known=bool(known)),
            able,
            self._orders,
            now,
            first=trial.count == 0,
            on_duty=on_duty,
        )
        decision = await self._bot.decide(turn)
        after = Trial(bot_document(decision.state), decision.language or trial.language, trial.count + 1)
        return _tried(decision, after, able)

    def _of(self, channel: str) -> Capabilities:
        able = self._able.get(channel)
        if able is None or not able.sends:
            raise NotFound("There is no such channel.")
        return able


def _tried(decision: Decision, trial: Trial, able: Capabilities) -> Tried:
    return Tried(
        say=tuple(part for content in decision.say for part in fit(content, able)),
        trial=trial,
        flow=decision.flow,
        step=decision.step,
        outcome=decision.outcome,
        reason=decision.reason if decision.hand_over else "",
        summary=decision.summary,
        acts=decision.acts,
        tags=decision.tags,
    )


def state_of(document: Mapping[str, Any]) -> BotState:
    """The state a trial was at; a fresh one when `document` is not sound."""
    data = document.get("data")
    misses = document.get("misses")
    return BotState(
        str(document.get("flow", "")),
        str(document.get("step", "")),
        data if isinstance(data, Mapping) else {},
        misses if isinstance(misses, int) else 0,
    )


_EXAMPLES = {
    "company": "Northwind Bikes",
    "number": "A-1042",
    "numbers": "A-1042, A-1043",
    "items": "City bike",
    "count": "2",
    "date": "12.05",
    "url": "https://example.org/track",
    "when": "9:00",
    "phone": "+380 50 111 2233",
    "value": "Main Street 5",
    "zone": "Europe/Kyiv",
}
