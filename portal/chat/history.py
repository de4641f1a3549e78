"""What a returning visitor gets: the newest part of their own history, with no gap behind the cursor they name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from core.ids import id_at, time_of
from core.interactions.interaction import Interaction
from core.interactions.store import Interactions
from portal.chat.frames import shown

PAGE = 50
MOST = 500
# Ids of different processes are ordered to their clocks, and a reply is written some time before it counts as sent.
OVERLAP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class History:
    """Entries oldest first. `more`: there are older ones. `whole`: it reaches back to the cursor that was named."""

    entries: list[Interaction]
    more: bool
    whole: bool


async def history(
    log: Interactions, addresses: Sequence[str], *, cursor: str | None = None, before: str | None = None
) -> History:
    """The newest 50 visible entries below `before`, and as many more as it takes to reach `cursor` (at most 500).

    Of several addresses only what is certain to have no gap is given; the rest comes with the next page.
    """
    parts = [await _of_one(log, address, cursor, before) for address in addresses]
    if len(parts) == 1:
        return parts[0]
    # Where one address has more behind its oldest entry, the other's older ones would leave a gap there.
    floor = max((part.entries[0].id for part in parts if part.more and part.entries), default="")
    entries = sorted((e for part in parts for e in part.entries if e.id >= floor), key=lambda entry: entry.id)
    return History(entries, any(part.more for part in parts), all(part.whole for part in parts))


async def _of_one(log: Interactions, address: str, cursor: str | None, before: str | None) -> History:
    floor = _before(cursor) if cursor else None
    found: list[Interaction] = []
    looked = 0
    while True:
        page = await log.page(address=address, before=before, limit=PAGE)
        looked += len(page)
        found[:0] = [entry for entry in page if shown(entry, (address,))]
        ended = len(page) < PAGE
        reached = ended or floor is None or page[0].id <= floor
        if ended or looked >= MOST or (reached and len(found) >= PAGE):
            return History(found, not ended, reached)
        before = page[0].id


def _before(cursor: str) -> str | None:
    try:
        return id_at(time_of(cursor) - OVERLAP)
    except (ValueError, OverflowError, OSError):
        return None
