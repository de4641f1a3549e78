"""Every query on `teams`. There are as many as a company has departments, and a page reads them all."""

from __future__ import annotations

from collections.abc import Iterable

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from core.database import Database, Index, writer
from core.errors import Conflict
from core.ids import new_id
from core.teams.team import Team, checked

NAME = "teams"

# A name may be given again once its team was removed.
INDEXES = (Index(NAME, [("key", ASCENDING)], {"unique": True, "partialFilterExpression": {"active": True}}),)


class Teams:
    """The teams, the removed ones with them, so that old conversations can say whose they were."""

    def __init__(self, database: Database) -> None:
        self._all = database.collection(NAME)

    async def add(self, name: str, members: Iterable[str] = (), signature: str = "") -> Team:
        """Make a team. Raises Invalid, and Conflict when there is one of this name (in any letter case)."""
        document = {"_id": new_id(), **checked(name, members, signature), "active": True, "writer": writer()}
        try:
            await self._all.insert_one(document)
        except DuplicateKeyError:
            raise Conflict(TAKEN) from None
        return Team.of(document)

    async def change(self, id: str, name: str, members: Iterable[str], signature: str) -> Team | None:
        """The changed team; None when it is not there any more. Raises Invalid, and Conflict for a taken name."""
        fields = {**checked(name, members, signature), "writer": writer()}
        try:
            document = await self._all.find_one_and_update(
                {"_id": id, "active": True}, {"$set": fields}, return_document=True
            )
        except DuplicateKeyError:
            raise Conflict(TAKEN) from None
        return Team.of(document) if document else None

    async def remove(self, id: str) -> bool:
        """Give the team nothing more; what it had stays, with its name. False when it is not there any more."""
        done = await self._all.update_one(
            {"_id": id, "active": True}, {"$set": {"active": False, "members": [], "writer": writer()}}
        )
        return done.matched_count > 0

    async def get(self, id: str) -> Team | None:
        """The team, unless it was removed."""
        document = await self._all.find_one({"_id": id, "active": True})
        return Team.of(document) if document else None

    async def all(self) -> list[Team]:
        """Every team by name, the removed ones too."""
        return [Team.of(document) async for document in self._all.find({}).sort("key", ASCENDING).limit(1000)]


TAKEN = "There is a team of this name already."
