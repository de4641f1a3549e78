"""Every query on `campaigns`: the links, and the sites they may lead to."""

from __future__ import annotations

from datetime import datetime

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from core.campaigns.link import Link, checked
from core.database import Database, Document, Index, writer
from core.errors import Conflict

NAME, SITES = "campaigns", "campaign_sites"
INDEXES: tuple[Index, ...] = ()


class Campaigns:
    """The links; `_id` is the name in the URL. There are as many as people think of, and a page reads them all."""

    def __init__(self, database: Database) -> None:
        self._all = database.collection(NAME)
        self._sites = database.collection(SITES)
        # A count that a failover takes back is one visit less, and nobody waits for it.
        self._counts = database.quick(NAME)

    async def add(self, link: Link) -> Link:
        """Keep a new link. Raises Invalid, and Conflict when there is one of this name."""
        checked(link, await self.sites())
        try:
            await self._all.insert_one({"_id": link.name, **link.document(), "writer": writer()})
        except DuplicateKeyError:
            raise Conflict("There is a link of this name already.") from None
        return link

    async def change(self, link: Link) -> bool:
        """Keep a changed link, with its counts; False when it is not there any more. Raises Invalid."""
        checked(link, await self.sites())
        done = await self._all.update_one({"_id": link.name}, {"$set": {**link.document(), "writer": writer()}})
        return done.matched_count > 0

    async def remove(self, name: str) -> bool:
        """Delete a link; who follows it is told that it is not there. What it brought stays."""
        return (await self._all.delete_one({"_id": name})).deleted_count > 0

    async def get(self, name: str) -> Link | None:
        """The link, or None."""
        document = await self._all.find_one({"_id": name})
        return Link.of(document) if document else None

    async def all(self) -> list[Link]:
        """Every link, by name."""
        return [Link.of(document) async for document in self._all.find({}).sort("_id", ASCENDING)]

    async def clicked(self, name: str, now: datetime, *, known: bool) -> None:
        """Count a visit."""
        counts: Document = {"clicks": 1, **({"known": 1} if known else {})}
        await self._counts.update_one({"_id": name}, {"$inc": counts, "$max": {"last_at": now}})

    async def sites(self) -> tuple[str, ...]:
        """Where links may lead."""
        document = await self._sites.find_one({"_id": "sites"})
        return tuple(document["sites"]) if document else ()

    async def set_sites(self, sites: tuple[str, ...]) -> None:
        """Say where links may lead; one that leads elsewhere by now leads nowhere."""
        await self._sites.update_one({"_id": "sites"}, {"$set": {"sites": list(sites)}}, upsert=True)
