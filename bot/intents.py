"""Which intent a text carries. Plain rules over `bot.phrases`; linear in the text, the same answer every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.lexicon import Lexicon
from bot.phrases import FILLERS, PHRASES

_NEAR = 6
"""How many words apart the parts of one phrase may stand."""

_LITTLE_ELSE = 1
"""How many words may be left over in a phrase that wants little else."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """One line of the table, read. Each slot is the atoms that fill it."""

    slots: tuple[frozenset[str], ...]
    together: bool = False
    alone: bool = False

    @classmethod
    def of(cls, line: str) -> Phrase:
        """The phrase that `line` writes down (see `bot.phrases` for how)."""
        slots = tuple(frozenset(part.split("|")) for part in line.lstrip("!=").split())
        return cls(slots, together=line.startswith("="), alone=line.startswith("!"))


class Intents:
    """Reads intents out of words, by a table of phrases whose order is their rank."""

    def __init__(self, table: Mapping[str, Sequence[str]] = PHRASES) -> None:
        phrases = [[Phrase.of(line) for line in lines] for lines in table.values()]
        self._lexicon = Lexicon(atom for lines in phrases for line in lines for slot in line.slots for atom in slot)
        self._names = tuple(table)
        # Most phrases have nothing to do with a text: looked at are those of which it has a word of the first slot.
        self._by_atom: dict[str, list[tuple[int, Phrase]]] = {}
        for rank, lines in enumerate(phrases):
            for line in lines:
                for atom in line.slots[0]:
                    self._by_atom.setdefault(atom, []).append((rank, line))
        self.names = frozenset(table)

    def read(self, words: Sequence[str]) -> str | None:
        """The first intent of the table with a phrase in `words` (from `bot.words.words`), or None."""
        return next(iter(self.read_all(words)), None)

    def read_all(self, words: Sequence[str]) -> tuple[str, ...]:
        """Every intent with a phrase in `words`, in rank order."""
        marks = [self._lexicon.atoms(word) for word in words]
        where: dict[str, list[int]] = {}
        for at, atoms in enumerate(marks):
            for atom in atoms:
                where.setdefault(atom, []).append(at)
        found: set[int] = set()
        for atom in where:
            for rank, phrase in self._by_atom.get(atom, ()):
                if rank not in found and _fits(phrase, where, words, marks):
                    found.add(rank)
        return tuple(self._names[rank] for rank in sorted(found))


def _fits(
    phrase: Phrase, where: Mapping[str, list[int]], words: Sequence[str], marks: Sequence[frozenset[str]]
) -> bool:
    if any(where.keys().isdisjoint(slot) for slot in phrase.slots):
        return False
    places = [sorted({at for atom in slot for at in where.get(atom, ())}) for slot in phrase.slots]
    if phrase.together:
        sets = [set(place) for place in places]
        return any(all(first + by in place for by, place in enumerate(sets)) for first in places[0])
    if phrase.alone:
        used = frozenset().union(*phrase.slots)
        rest = sum(1 for word, atoms in zip(words, marks, strict=True) if not atoms & used and word not in FILLERS)
        return rest <= _LITTLE_ELSE and _near(places)
    return _near(places)


def _near(places: Sequence[Sequence[int]]) -> bool:
    first, *others = places
    return any(all(any(at != one and abs(at - one) <= _NEAR for at in place) for place in others) for one in first)
