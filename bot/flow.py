"""What a flow is: a name, the intents that start it, and its steps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from bot.talk import Talk
from core.content import Content
from core.decide import Decision

Hear = Callable[[Talk], Awaitable[Decision]]


@dataclass(frozen=True, slots=True)
class Step:
    """A question that waits for its answer: `ask` words it (again, too), `hear` takes what the person said to it.

    `free`: any words are an answer to it (a name, an address, a story), whatever else they may mean.
    """

    ask: Callable[[Talk], Content]
    hear: Hear
    free: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """One thing the bot can do. `start` is called when one of `intents` is read, `steps` while it is in progress.

    `takes` names intents that a step of this flow hears itself, where otherwise another flow would start.
    """

    name: str
    intents: tuple[str, ...]
    start: Hear
    steps: Mapping[str, Step] = field(default_factory=dict)
    takes: tuple[str, ...] = ()
