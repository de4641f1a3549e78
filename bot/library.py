"""What the bot knows of the company: its persona, its opening hours, its questions; each at most a blink old."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.questions import Questions
from bot.texts import Texts
from core.faq.question import DEFAULTS, Question
from core.hours.hours import Hours
from core.persona.persona import Persona


async def _persona() -> Persona:
    return Persona()


async def _hours() -> Hours | None:
    return None


async def _questions() -> tuple[Question, ...]:
    return DEFAULTS


class Library:
    """Three sources, each asked only when it is needed: a plain answer needs the persona alone."""

    def __init__(
        self,
        persona: Callable[[], Awaitable[Persona]] = _persona,
        hours: Callable[[], Awaitable[Hours | None]] = _hours,
        questions: Callable[[], Awaitable[tuple[Question, ...]]] = _questions,
        texts: Texts | None = None,
    ) -> None:
        self.persona = persona
        self.hours = hours
        self._questions = questions
        self._shipped = texts or Texts.load()
        self._changed: tuple[Persona, Texts] | None = None
        self._index: tuple[tuple[Question, ...], Questions] | None = None

    async def texts(self) -> Texts:
        """The words in use: the shipped ones and, before them, the company's own."""
        persona = await self.persona()
        if not persona.texts:
            return self._shipped
        if self._changed is None or self._changed[0] != persona:
            self._changed = (persona, self._shipped.changed(persona.texts))
        return self._changed[1]

    async def questions(self) -> Questions:
        """The questions, ready to be searched."""
        listed = await self._questions()
        if self._index is None or self._index[0] != listed:
            self._index = (listed, Questions(listed))
        return self._index[1]
