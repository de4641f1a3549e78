"""How likely it is that a program sent this: each sign has a weight, and what weighs enough is held back for a person.

No sign alone but the trap, and nothing that a browser without scripts cannot help, is enough. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# Held back from here on.
ENOUGH = 6
# Nobody reads a form, fills it in and sends it in less.
QUICK_SECONDS = 2.0
# An address of the web, as people and programs write it. Linear: bounded pieces.
_LINK = re.compile(r"(?:https?://|www\.|\[url|<a\s)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of one submission. `seconds` since the form was shown, None for a form that is not ours.

    `work`: done, none (no script ran) or wrong. `reused` counts other answers sent with the same ticket, `repeats` the
    same answers from anywhere, `hurried` says that the place they come from sends more than people do.
    """

    trapped: bool = False
    seconds: float | None = None
    work: str = "none"
    reused: int = 0
    repeats: int = 0
    hurried: bool = False
    forged: bool = False


def links(answers: Mapping[str, str]) -> int:
    """How many links there are in all answers."""
    return sum(len(_LINK.findall(value)) for value in answers.values())


def suspicion(signs: Signs, answers: Mapping[str, str]) -> dict[str, int]:
    """Sign → its weight: trap, forged, quick, work, links, reused, repeated, hurried. Empty: nothing is odd."""
    proved = signs.work == "done"
    # Who has done the work may write more links; without scripts there is only the words to go by.
    beyond = links(answers) - (3 if proved else 1)
    found = {
        "trap": ENOUGH if signs.trapped else 0,
        "forged": 3 if signs.forged else 0,
        "quick": 4 if signs.seconds is not None and signs.seconds < QUICK_SECONDS else 0,
        "work": {"done": 0, "wrong": 3}.get(signs.work, 2 if signs.seconds is not None else 0),
        "links": min(ENOUGH, 2 * beyond) if beyond > 0 else 0,
        "reused": 4 if signs.reused >= 3 else 0,
        "repeated": min(ENOUGH, 2 * (signs.repeats - 2)) if signs.repeats > 2 else 0,
        "hurried": 3 if signs.hurried else 0,
    }
    return {sign: weight for sign, weight in found.items() if weight}


def held_back(suspected: Mapping[str, int]) -> bool:
    """Whether the weights are enough for a person to look first."""
    return sum(suspected.values()) >= ENOUGH
