"""A sentence for people that can be worded in the reader's language, also when it was written days ago.

What core and the adapters say is English with holes; the pattern is what translations know it by. `Said` is that
sentence as a plain `str` which remembers its pattern and what stands in the holes, so it travels wherever a sentence
does (an error, a receipt) and is stored with both. What was stored as plain text stays readable: it has no holes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

HOLE = re.compile(r"\{([a-z_]{1,30})\}")
LONGEST = 1000


class Said(str):
    """`pattern` with its holes filled. `answer` is what the other side said, in its own words, put after it."""

    __slots__ = ("answer", "pattern", "values")
    pattern: str
    values: Mapping[str, str]
    answer: str

    def __new__(cls, pattern: str, /, answer: str = "", **values: object) -> Said:
        """The English sentence; `in_words` gives it in another language."""
        kept = {name: str(value)[:LONGEST] for name, value in values.items()}
        text = f"{filled(pattern, kept)} {answer}".strip()
        made = super().__new__(cls, text)
        made.pattern, made.values, made.answer = pattern, kept, answer[:LONGEST]
        return made

    def in_words(self, translate: Callable[[str], str]) -> str:
        """The sentence in the language of `translate`, which maps an English pattern to its translation."""
        return f"{filled(translate(self.pattern), self.values)} {self.answer}".strip()

    def document(self) -> dict[str, Any]:
        """What has to be stored beside the plain text."""
        kept = {"pattern": self.pattern, "values": dict(self.values), "answer": self.answer}
        return {name: value for name, value in kept.items() if value}


def filled(pattern: str, values: Mapping[str, Any]) -> str:
    """`pattern` with each `{hole}` that `values` knows filled; whatever else is in braces stays."""
    return HOLE.sub(lambda hole: str(values.get(hole[1], hole[0])), pattern)


def in_words(sentence: str, translate: Callable[[str], str]) -> str:
    """`sentence` in the language of `translate`: a `Said` by its pattern, plain text as it is known to translations."""
    return sentence.in_words(translate) if isinstance(sentence, Said) else translate(sentence)


def sentence_document(sentence: str) -> dict[str, Any]:
    """`sentence` as it is stored: its text, and the pattern and values where it has them."""
    return {"sentence": str(sentence), **(sentence.document() if isinstance(sentence, Said) else {})}


def sentence_of(document: Mapping[str, Any]) -> str:
    """The sentence that was stored by `sentence_document`, or as plain text before there were patterns."""
    pattern = document.get("pattern")
    if not isinstance(pattern, str):
        return str(document.get("sentence", ""))
    values = {str(name): value for name, value in document.get("values", {}).items() if name not in ("answer", "self")}
    return Said(pattern, str(document.get("answer", "")), **values)


def shortened(sentence: str, clean: Callable[[str], str], longest: int = LONGEST) -> str:
    """`sentence` of at most `longest` characters that a database can hold; a `Said` stays one."""
    if not isinstance(sentence, Said):
        return clean(sentence)[:longest]
    values = {name: clean(value)[:longest] for name, value in sentence.values.items()}
    return Said(clean(sentence.pattern)[:longest], clean(sentence.answer)[:longest], **values)
