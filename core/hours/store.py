"""Every query on `hours`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.database import Database, Document, Index, writer
from core.errors import Invalid
from core.hours.hours import Hours, Interval
from core.recent import Recent
from core.said import Said

NAME = "hours"
ONLY = "hours"

INDEXES: tuple[Index, ...] = ()
MOST_DAYS = 400


class OpeningHours:
    """The opening hours; None until somebody sets them, and then whoever has the inbox open is who is there."""

    def __init__(self, database: Database) -> None:
        self._all = database.collection(NAME)
        self.recent: Recent[Hours | None] = Recent(self.get)

    async def get(self) -> Hours | None:
        """The hours as they are stored now. `recent()` gives them at most two seconds old, for every message."""
        document = await self._all.find_one({"_id": ONLY})
        return _hours(document) if document else None

    async def save(self, hours: Hours, *, by: str, now: datetime) -> Hours:
        """Keep `hours`. Raises Invalid (field time_zone or day)."""
        try:
            ZoneInfo(hours.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise Invalid("There is no such time zone. Write it like Europe/Kyiv.", field="time_zone") from error
        if len(hours.days) > MOST_DAYS:
            raise Invalid(
                Said("At most {limit} days can differ; remove those that are over.", limit=MOST_DAYS), field="day"
            )
        document: Document = {
            "time_zone": hours.time_zone,
            "week": [_written(day) for day in hours.week],
            "days": {day: _written(intervals) for day, intervals in hours.days.items()},
            "changed_by": by,
            "changed_at": now,
            "writer": writer(),
        }
        await self._all.update_one({"_id": ONLY}, {"$set": document}, upsert=True)
        self.recent.forget()
        return hours

    async def clear(self) -> None:
        """Go back to having none."""
        await self._all.delete_one({"_id": ONLY})
        self.recent.forget()


def _written(intervals: tuple[Interval, ...]) -> list[list[int]]:
    return [[each.opens, each.closes] for each in intervals]


def _hours(document: Mapping[str, Any]) -> Hours:
    def read(rows: list[list[int]]) -> tuple[Interval, ...]:
        return tuple(Interval(opens, closes) for opens, closes in rows)

    return Hours(
        document["time_zone"],
        tuple(read(day) for day in document["week"]),
        {day: read(rows) for day, rows in document.get("days", {}).items()},
    )
