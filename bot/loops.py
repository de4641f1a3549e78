"""Notices another bot at the other end: the same words again, our own words back, or more than a person writes."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from bot.talk import Talk
from bot.words import words
from core.content import Content

SAME = "the same words again and again"
FAST = "messages come faster than a person writes"

_SAME_WITHOUT_SENSE = 3
_SAME_AT_ALL = 5
_IN_TURNS = 4
"""How often the same words may be among the last eight, when they get nobody further."""

_SEEN, _TIMES = 8, 20
_MINUTE = 60
_SAID_KEPT = 200


def echoed(talk: Talk) -> bool:
    """Whether they send our own last words back."""
    ours = _kept(talk).get("ours")
    return isinstance(ours, int) and len(talk.heard.words) > 2 and ours == _mark(talk.heard.words)


def going_round(talk: Talk, *, without_sense: bool) -> str | None:
    """Why this is to end, or None."""
    said = said_now(talk)
    if said["times"] >= (_SAME_WITHOUT_SENSE if without_sense else _SAME_AT_ALL):
        return SAME
    marks = _numbers(_kept(talk).get("marks"))[-_SEEN:]
    if without_sense and said["text"] and marks.count(_mark(talk.heard.words)) + 1 >= _IN_TURNS:
        return SAME
    times = _numbers(_kept(talk).get("at"))
    now = _moment(talk)
    return FAST if sum(now - at < _MINUTE for at in times) >= _TIMES else None


def said_now(talk: Talk) -> dict[str, Any]:
    """What was said, and how many times in a row by now; pressed buttons and messages without words do not count."""
    text = "" if talk.heard.pressed else " ".join(talk.heard.words)[:_SAID_KEPT]
    before = talk.data.get("said")
    if text and isinstance(before, Mapping) and before.get("text") == text and isinstance(before.get("times"), int):
        return {"text": text, "times": int(before["times"]) + 1}
    return {"text": text, "times": 1 if text else 0}


def remembered(talk: Talk, say: Sequence[Content]) -> dict[str, Any]:
    """What is kept to notice it next time."""
    from_before = _kept(talk)
    marks = _numbers(from_before.get("marks"))
    if talk.heard.words and not talk.heard.pressed:
        marks.append(_mark(talk.heard.words))
    kept: dict[str, Any] = {
        "marks": marks[-_SEEN:],
        "at": [*_numbers(from_before.get("at")), _moment(talk)][-_TIMES:],
    }
    if say:
        kept["ours"] = _mark(words(say[-1].text))
    return kept


def _kept(talk: Talk) -> Mapping[str, Any]:
    kept = talk.data.get("loop")
    return kept if isinstance(kept, Mapping) else {}


def _numbers(value: object) -> list[int]:
    return [one for one in value if isinstance(one, int)] if isinstance(value, list | tuple) else []


def _mark(said: Sequence[str]) -> int:
    return zlib.crc32(" ".join(said).encode("utf-8", "replace"))


def _moment(talk: Talk) -> int:
    return int((talk.turn.message.at or talk.turn.now).timestamp())
