"""Finds known words and stems in tokens, typing errors tolerated, in a time that does not grow with the vocabulary."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from bot.words import within_one

_FUZZY_FROM = 5
"""Letters from which one typing error is forgiven; shorter words turn into one another too easily."""

_REMEMBERED = 4_096


class Lexicon:
    """A vocabulary of atoms: a word (`order`) or a stem with a star (`замов*`)."""

    def __init__(self, atoms: Iterable[str]) -> None:
        self._words: set[str] = set()
        self._stems: set[str] = set()
        for atom in atoms:
            (self._stems if atom.endswith("*") else self._words).add(atom.rstrip("*"))
        self._stem_lengths = sorted({len(stem) for stem in self._stems})
        self._near_words = _neighbourhood(self._words)
        self._near_stems = _neighbourhood(self._stems)
        self._fuzzy_lengths = [length for length in self._stem_lengths if length >= _FUZZY_FROM]
        self._seen: dict[str, frozenset[str]] = {}

    def atoms(self, token: str) -> frozenset[str]:
        """The atoms this token stands for: exact ones, else those one typing error away."""
        known = self._seen.get(token)
        if known is None:
            known = frozenset(self._exact(token)) or frozenset(self._near(token))
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            self._seen[token] = known
        return known

    def _exact(self, token: str) -> Iterator[str]:
        if token in self._words:
            yield token
        for length in self._stem_lengths:
            if length > len(token):
                break
            if token[:length] in self._stems:
                yield token[:length] + "*"

    def _near(self, token: str) -> Iterator[str]:
        if len(token) < _FUZZY_FROM - 1 or token.isdigit():
            return
        for word in _candidates(token, self._near_words):
            if within_one(token, word):
                yield word
        for length in self._fuzzy_lengths:
            for cut in {min(length + by, len(token)) for by in (-1, 0, 1)}:
                start = token[:cut]
                for stem in _candidates(start, self._near_stems):
                    if within_one(start, stem):
                        yield stem + "*"


def _deletions(word: str) -> Iterator[str]:
    yield word
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]


def _neighbourhood(words: Iterable[str]) -> dict[str, list[str]]:
    """Each word of forgiving length, under itself and under every way to leave one letter out."""
    near: dict[str, list[str]] = defaultdict(list)
    for word in sorted(words):
        if len(word) >= _FUZZY_FROM:
            for key in set(_deletions(word)):
                near[key].append(word)
    return dict(near)


def _candidates(token: str, near: dict[str, list[str]]) -> set[str]:
    return {word for key in _deletions(token) for word in near.get(key, ())}
