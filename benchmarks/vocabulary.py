"""What people in a built history say: three languages whose words are as unevenly frequent as those of real ones."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from core.interactions.words import stem

LANGUAGES = ("uk", "en", "ru")
# The most frequent words of each language here, in order: what is searched for in a measurement is among them.
FREQUENT = {
    "uk": "я не на замовлення мені коли дякую доставка добрий день можна оплата чекаю велосипед адреса місто рахунок",
    "en": "i the order is my when thank delivery hello can payment wait bicycle address city invoice please it was",
    "ru": "я не на заказ мне когда спасибо доставка добрый день можно оплата жду велосипед адрес город счёт",
}
_SYLLABLES = {
    "uk": "ба ве го ді жу зо ки лю мі не пра ро сте ту хо ця чи ше що кві дра сму гле зві",
    "en": "ba ver go di ju zo ki lu mi ne pra ro ste tu ho ca chi she cla qui dra smu gle thi",
    "ru": "ба ве го ди жу зо кы лю ми не пра ро сте ту хо ця чи ше ща кве дра сму гле звё",
}
SIZE = 20_000


@dataclass(frozen=True)
class Vocabulary:
    """The words of one language, the most frequent first, with their stems."""

    words: list[str]
    stems: list[str]
    weights: list[float]

    def said(self, chance: random.Random, length: int) -> list[int]:
        """Numbers of `length` words."""
        return chance.choices(range(SIZE), cum_weights=self.weights, k=length)

    def text(self, numbers: list[int]) -> str:
        """The words with these numbers as a line."""
        return " ".join([self.words[n] for n in numbers])

    def found_by(self, numbers: list[int]) -> list[str]:
        """What search finds the line by, as `core.interactions.words` has it."""
        return list(dict.fromkeys([self.stems[n] for n in numbers]))


@lru_cache
def vocabulary(language: str) -> Vocabulary:
    """The same words in every process."""
    chance = random.Random(language)
    words: dict[str, str] = {word: stem(word.replace("ё", "е")) for word in FREQUENT[language].split()}
    syllables = _SYLLABLES[language].split()
    while len(words) < SIZE:
        word = "".join(chance.choices(syllables, k=chance.choice((2, 3, 3, 4))))
        words[word] = stem(word.replace("ё", "е"))
    return Vocabulary([*words], [*words.values()], [*accumulate(1 / (rank + 2) for rank in range(SIZE))])
