"""The words of an entry, as search finds them: lower case, folded, with common endings cut.

Plain rules for English, Russian and Ukrainian, the same when writing and when asking, so both always agree.
"""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_ENDINGS = (
    # Longest first within each script; a stem keeps at least four letters.
    *("уванням", "уванню", "ування", "енням", "анням", "енню", "анню", "ення", "ання", "ень", "ості"),
    *("ами", "ями", "ого", "ему", "ому", "ими", "ыми", "его", "ах", "ях", "ов", "ев"),
    *("ів", "ий", "ый", "ой", "ей", "ая", "яя", "ое", "ее", "ые", "ие", "ів", "ам", "ям", "ом", "ем", "ою", "ею", "ть"),
    *("а", "я", "о", "е", "и", "ы", "у", "ю", "і", "ї", "ь", "й"),
    *("ing", "ies", "ed", "es", "ly", "s", "y"),
)


def stem(word: str) -> str:
    """The part of `word` that its common forms share; short words and numbers stay whole."""
    if len(word) < 5 or any(character.isdigit() for character in word):
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def words(*texts: str, most: int = 400) -> list[str]:
    """The distinct stems in `texts`, at most `most`, each at most 40 characters."""
    found: dict[str, None] = {}
    for text in texts:
        folded = unicodedata.normalize("NFKC", text[:20_000]).casefold().replace("ё", "е")
        for match in _WORD.finditer(folded):
            found[stem(match.group()[:40])] = None
            if len(found) >= most:
                return list(found)
    return list(found)
