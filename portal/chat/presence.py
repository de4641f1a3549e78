"""Who is there, as visitors are told: open or not, since when again, and the first names of up to three people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core import clock
from core.hours.hours import Hours, next_open, open_at
from portal.chat.frames import written

NamesOfPeople = Callable[[], Awaitable[Sequence[str]]]


@dataclass(frozen=True)
class Presence:
    """Asks what it needs at most every two seconds, however many visitors there are."""

    on_duty: Callable[[], Awaitable[bool]]
    people: NamesOfPeople
    hours: Callable[[], Awaitable[Hours | None]]

    async def __call__(self) -> dict[str, Any]:
        """{on_duty, people, open?, opens?}: `open` only where opening hours are set, `opens` while it is closed."""
        now = clock.now()
        hours = await self.hours()
        is_open = hours is None or open_at(hours, now)
        here = is_open and await self.on_duty()
        told: dict[str, Any] = {"on_duty": here, "people": list(await self.people()) if here else []}
        if hours is not None:
            told["open"] = is_open
            if not is_open and (opens := next_open(hours, now)) is not None:
                told["opens"] = written(opens)
        return told
