"""On which channels the bot can be seen, and which of them a page shows."""

from __future__ import annotations

from core.content import Button, Content
from core.fit import fit
from inbox.visit import Visit

LANGUAGES = ("en", "ru", "uk")


def channels_of(visit: Visit) -> list[tuple[str, str]]:
    """(name, title) of every channel somebody can be answered on."""
    return [(name, visit.needs.table[name].title) for name, able in visit.needs.able.items() if able.sends]


def channel_of(visit: Visit, wanted: str) -> str:
    """`wanted`, when the bot answers there; else the first channel it answers on."""
    names = [name for name, _ in channels_of(visit)]
    return wanted if wanted in names else names[0]


def letters(visit: Visit, channel: str) -> bool:
    """Whether what is said there reads as a letter."""
    return visit.needs.able[channel].subject


def as_seen(visit: Visit, channel: str, text: str, buttons: tuple[Button, ...] = ()) -> list[Content]:
    """What the channel makes of it."""
    return fit(Content(text=text, buttons=buttons), visit.needs.able[channel])
