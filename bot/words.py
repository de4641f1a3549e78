"""From what people type to words that can be compared: case, accents of writing, mixed alphabets, typing errors."""

from __future__ import annotations

import re
import unicodedata

MAX_TEXT = 2_000
"""Characters of a message the bot reads; the rest is for people."""

MAX_WORDS = 300
_MAX_WORD = 40

_WORD = re.compile(r"[^\W_]+")
_APOSTROPHES = dict.fromkeys(map(ord, "'’ʼ`´‘"))
_SAME_LETTER = str.maketrans({"ё": "е", "ґ": "г"})
_CYRILLIC = re.compile("[а-яієїґё]")
_LATIN = re.compile("[a-z]")
_LATIN_LOOKALIKES = str.maketrans("aceopxyik", "асеорхуік")


def normal(text: str) -> str:
    """`text` in one spelling: NFKC, lower case, without apostrophes, ё as е and ґ as г; at most MAX_TEXT characters."""
    # "№" would become the word "No".
    folded = unicodedata.normalize("NFKC", text[:MAX_TEXT].replace("№", "#"))[:MAX_TEXT].casefold()
    # Composed again, because folding takes some letters apart.
    return unicodedata.normalize("NFC", folded)[:MAX_TEXT].translate(_APOSTROPHES).translate(_SAME_LETTER)


def words(text: str) -> tuple[str, ...]:
    """The first MAX_WORDS words of `text`, normalised; a Cyrillic word with Latin look-alikes becomes all Cyrillic."""
    found = _WORD.findall(normal(text))[:MAX_WORDS]
    return tuple(_one_alphabet(word[:_MAX_WORD]) for word in found)


def _one_alphabet(word: str) -> str:
    if _LATIN.search(word) and _CYRILLIC.search(word):
        return word.translate(_LATIN_LOOKALIKES)
    return word


def within_one(left: str, right: str) -> bool:
    """Whether one typing error at most parts the two: a letter wrong, missing, too many, or two neighbours swapped.

    This is a Damerau-Levenshtein distance of 0 or 1, found in one pass.
    """
    if left == right:
        return True
    if len(left) > len(right):
        left, right = right, left
    if len(right) - len(left) > 1:
        return False
    at = 0
    while at < len(left) and left[at] == right[at]:
        at += 1
    if len(left) < len(right):
        return left[at:] == right[at + 1 :]
    if left[at + 1 :] == right[at + 1 :]:
        return True
    return left[at : at + 2] == right[at : at + 2][::-1] and left[at + 2 :] == right[at + 2 :]
