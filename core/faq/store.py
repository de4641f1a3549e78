"""Every query on `faq`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from core.content import clean
from core.database import Database, Document, Index, writer
from core.errors import Invalid
from core.faq.question import DEFAULTS, MAX_ANSWER, MAX_QUESTION, MAX_WORDS, Question
from core.ids import new_id
from core.recent import Recent
from core.said import Said

NAME = "faq"

INDEXES: tuple[Index, ...] = ()
MOST = 500


class Faq:
    """The list of questions: the shipped ones, changed or removed as the company likes, and its own."""

    def __init__(self, database: Database) -> None:
        self._all = database.collection(NAME)
        self.recent: Recent[tuple[Question, ...]] = Recent(self._enabled)

    async def all(self) -> list[Question]:
        """Every question, also those switched off, in the order they are shown."""
        own = {d["_id"]: d async for d in self._all.find({}).limit(MOST * 2)}
        listed = [question for question in DEFAULTS if question.id not in own]
        listed += [_question(document) for document in own.values() if not document.get("removed")]
        return sorted(listed, key=lambda question: (question.place, question.id))

    async def _enabled(self) -> tuple[Question, ...]:
        return tuple(question for question in await self.all() if question.enabled)

    async def get(self, id: str) -> Question | None:
        """The question, or None."""
        return next((question for question in await self.all() if question.id == id), None)

    async def save(
        self,
        id: str | None,
        *,
        question: Mapping[str, str],
        answer: Mapping[str, str],
        words: Mapping[str, str] | None = None,
        enabled: bool = True,
        place: int | None = None,
        by: str,
        now: datetime,
    ) -> Question:
        """Keep a question, a new one when `id` is None; a new one goes last. Raises Invalid with the field."""
        asked = _texts(question, MAX_QUESTION, "question")
        answered = _texts(answer, MAX_ANSWER, "answer")
        if not asked or not answered:
            raise Invalid("Write the question and its answer in one language at least.", field="question")
        there = await self.all()
        if id is None and len(there) >= MOST:
            raise Invalid(Said("The list holds {limit} questions at most.", limit=MOST), field="question")
        known = next((one for one in there if one.id == id), None)
        if place is None:
            place = known.place if known else max((one.place for one in there), default=0) + 10
        kept = Question(id or new_id(), asked, answered, _texts(words or {}, MAX_WORDS, "words"), place, enabled)
        document: Document = {
            "question": dict(kept.question),
            "answer": dict(kept.answer),
            "words": dict(kept.words),
            "place": kept.place,
            "enabled": kept.enabled,
            "changed_by": by,
            "changed_at": now,
            "writer": writer(),
        }
        await self._all.update_one({"_id": kept.id}, {"$set": document, "$unset": {"removed": ""}}, upsert=True)
        self.recent.forget()
        return kept

    async def arrange(self, ids: Sequence[str], *, by: str, now: datetime) -> None:
        """Put the questions into this order; those not named follow."""
        there = {question.id: question for question in await self.all()}
        for place, id in enumerate(dict.fromkeys((*ids, *there)), 1):
            if (one := there.get(id)) and one.place != place * 10:
                await self.save(
                    id,
                    question=one.question,
                    answer=one.answer,
                    words=one.words,
                    enabled=one.enabled,
                    place=place * 10,
                    by=by,
                    now=now,
                )

    async def remove(self, id: str, *, by: str, now: datetime) -> None:
        """Take a question off the list. A shipped one can be had back with `restore`."""
        if any(question.id == id for question in DEFAULTS):
            mark = {"removed": True, "changed_by": by, "changed_at": now, "writer": writer()}
            await self._all.replace_one({"_id": id}, mark, upsert=True)
        else:
            await self._all.delete_one({"_id": id})
        self.recent.forget()

    async def restore(self) -> None:
        """Bring the shipped questions back as they were; the company's own stay."""
        await self._all.delete_many({"_id": {"$in": [question.id for question in DEFAULTS]}})
        self.recent.forget()


def _texts(texts: Mapping[str, str], most: int, field: str) -> dict[str, str]:
    kept = {language: clean(text).strip() for language, text in texts.items() if text.strip()}
    if any(len(text) > most for text in kept.values()):
        raise Invalid(Said("This is longer than {limit} characters.", limit=most), field=field)
    if any(language not in ("en", "ru", "uk") for language in kept):
        raise Invalid("There is no such language.", field=field)
    return kept


def _question(document: Mapping[str, Any]) -> Question:
    return Question(
        id=document["_id"],
        question=document.get("question", {}),
        answer=document.get("answer", {}),
        words=document.get("words", {}),
        place=document.get("place", 0),
        enabled=document.get("enabled", True),
    )
