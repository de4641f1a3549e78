"""Every query on `failed_intake`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING

from core.database import Database, Index, away, cannot_store, writer
from core.ids import id_of, new_id

NAME = "failed_intake"

INDEXES = (
    Index(NAME, [("state", ASCENDING), ("_id", DESCENDING)]),
    Index(NAME, [("fingerprint", ASCENDING)], {"unique": True}),
)


@dataclass(frozen=True, slots=True)
class FailedIntake:
    """One raw payload and why it failed. `entry` is the id of the log entry, when it got that far."""

    id: str
    channel: str
    account: str
    reason: str
    at: datetime
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    state: str = "failed"
    entry: str | None = None
    times: int = 1

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> FailedIntake:
        """The payload that is stored as `document`."""
        return cls(
            id=document["_id"],
            channel=document["channel"],
            account=document["account"],
            reason=document["reason"],
            at=document["at"],
            body=bytes(document.get("body", b"")),
            headers=document.get("headers", {}),
            state=document.get("state", "failed"),
            entry=document.get("entry"),
            times=document.get("times", 1),
        )


class FailedIntakes:
    """The payloads that failed. Bodies above 15 MB are in the file store; `body` then is its hash."""

    def __init__(self, database: Database) -> None:
        self._all = database.collection(NAME)

    async def keep(
        self,
        channel: str,
        account: str,
        body: bytes,
        headers: Mapping[str, str],
        reason: str,
        now: datetime,
        entry: str | None = None,
    ) -> None:
        """Keep a payload; the same one again is counted, not doubled. Raises CannotStore."""
        mark = id_of(f"{channel}:{account}:{entry}:" + body[:1_000_000].hex() + str(len(body)))
        try:
            await self._all.update_one(
                {"fingerprint": mark},
                {
                    "$set": {"reason": reason[:1000], "state": "failed", "writer": writer()},
                    "$inc": {"times": 1},
                    "$setOnInsert": {
                        "_id": new_id(),
                        "channel": channel,
                        "account": account,
                        "at": now,
                        "body": body[: 15 * 1024 * 1024],
                        "headers": dict(headers),
                        **({"entry": entry} if entry else {}),
                    },
                },
                upsert=True,
            )
        except Exception as error:
            if away(error):
                raise cannot_store(error) from error
            raise

    async def get(self, id: str) -> FailedIntake | None:
        """The payload, or None."""
        document = await self._all.find_one({"_id": id})
        return FailedIntake.of(document) if document else None

    async def page(self, *, before: str | None = None, limit: int = 50) -> list[FailedIntake]:
        """Payloads that still fail, newest first, without their bodies."""
        where: dict[str, Any] = {"state": "failed"}
        if before:
            where["_id"] = {"$lt": before}
        cursor = self._all.find(where, {"body": 0}).sort("_id", DESCENDING).limit(limit)
        return [FailedIntake.of(document) async for document in cursor]

    async def count(self) -> int:
        """How many payloads still fail, counted up to 1,000."""
        return int(await self._all.count_documents({"state": "failed"}, limit=1000))

    async def done(self, id: str, state: str) -> None:
        """Mark a payload `replayed` or `dismissed`."""
        await self._all.update_one({"_id": id}, {"$set": {"state": state, "writer": writer()}})
