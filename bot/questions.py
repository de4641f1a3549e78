"""Finds the question somebody means among the frequently asked ones: by stems, typing errors tolerated."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from bot.lexicon import Lexicon
from bot.phrases import FILLERS
from bot.words import words
from core.faq.question import Question

SURE = 0.6
"""The share of what was asked, by weight, that a question has to cover to be the answer."""

MAYBE = 0.34
MOST = 4
_STEM = 5
_ASKING = frozenset(
    words(
        """
        how what when where which who why do does did is are can could will would should i you we it if any there have
        has get как что когда где какой какая какие кто почему можно ли есть у вас будет мне я вы мы если это есть ли
        як що коли де який яка які хто чому чи є у вас буде мені я ви ми якщо це скажите подскажите скажіть підкажіть
        or или або и also еще ще чтобы щоб
        want know tell хочу знать хочу знати please
        """
    )
)


class Questions:
    """The questions with an index of their stems."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self.all = tuple(questions)
        self._by_id = {question.id: question for question in self.all}
        self._stems = [frozenset(_stems(_texts(question))) for question in self.all]
        counts = Counter(stem for stems in self._stems for stem in stems)
        self._weights = {stem: math.log(1 + len(self.all) / count) for stem, count in counts.items()}
        self._lexicon = Lexicon(f"{stem}*" for stem in counts)

    def get(self, id: str) -> Question | None:
        """The question with this id, or None."""
        return self._by_id.get(id)

    def find(self, said: Sequence[str]) -> tuple[list[Question], bool]:
        """Questions that fit these words (from `bot.words.words`), best first, and whether the first surely does."""
        asked = [word for word in dict.fromkeys(said) if word not in FILLERS and word not in _ASKING and len(word) > 1]
        if not asked or len(asked) > 30:
            return [], False
        found = [frozenset(atom.rstrip("*") for atom in self._lexicon.atoms(word)) for word in asked]
        rarest = math.log(1 + len(self.all))
        weights = [max((self._weights[stem] for stem in stems), default=rarest) for stems in found]
        whole = sum(weights)
        scores: list[tuple[float, int]] = []
        for at, stems in enumerate(self._stems):
            covered = sum(weight for weight, each in zip(weights, found, strict=True) if each & stems)
            if covered / whole >= MAYBE:
                scores.append((covered / whole, at))
        scores.sort(key=lambda score: (-score[0], score[1]))
        best = [self.all[at] for _, at in scores[:MOST]]
        clear = len(scores) < 2 or scores[0][0] - scores[1][0] > 0.15
        return best, bool(scores) and scores[0][0] >= SURE and clear


def _texts(question: Question) -> Iterable[str]:
    yield from question.question.values()
    yield from question.words.values()


def _stems(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        for word in words(text):
            if word not in FILLERS and word not in _ASKING and len(word) > 1:
                yield word[: max(_STEM, len(word) - 3)] if len(word) > _STEM else word
