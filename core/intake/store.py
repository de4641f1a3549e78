"""Every query on `failed_intake`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING

from core.content import clean
from core.database import Database, Index, away, cannot_store, writer
from core.files.store import Files
from core.ids import id_of, new_id

NAME = "failed_intake"
INLINE = 4 * 1024 * 1024

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
    """The payloads that failed. What is larger than a document should be is in the file store, whole."""

    def __init__(self, database: Database) -> None:
        self._all = database.collection(NAME)
        self._files = Files(database)

    async def keep(
        self,
        channel: str,
        account: str,
        body: bytes,
        headers: Mapping[str, str],
        reason: str,
        now: datetime,
        entry: str | None = None,
    ) -> str:
        """Keep a payload; the same one again is counted, not doubled. Returns its id. Raises CannotStore."""
        mark = id_of(f"{channel}:{account}:{entry}:{hashlib.sha256(body).hexdigest()}")
        raw = {"body": body} if len(body) <= INLINE else {"sha256": await self._files.put(body)}
        try:
            there = await self._all.find_one_and_update(
                {"fingerprint": mark},
                {
                    "$set": {"reason": clean(reason)[:1000], "state": "failed", "writer": writer()},
                    "$inc": {"times": 1},
                    "$setOnInsert": {
                        "_id": new_id(),
                        "channel": channel,
                        "account": account,
                        "at": now,
                        **raw,
                        "headers": {clean(name): clean(value) for name, value in headers.items()},
                        **({"entry": entry} if entry else {}),
                    },
                },
                upsert=True,
                projection={"_id": 1},
                return_document=True,
            )
        except Exception as error:
            if away(error):
                raise cannot_store(error) from error
            raise
        return str(there["_id"])

    async def get(self, id: str) -> FailedIntake | None:
        """The payload, or None."""
        document = await self._all.find_one({"_id": id})
        if document and "sha256" in document:
            document["body"] = await self._files.get(document["sha256"]) or b""
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

    async def done(self, id: str, state: str, *, times: int | None = None) -> bool:
        """Mark a payload `replayed` or `dismissed`; with `times`, only if it has failed that often and no more."""
        where: dict[str, Any] = {"_id": id} if times is None else {"_id": id, "times": times}
        result = await self._all.update_one(where, {"$set": {"state": state, "writer": writer()}})
        return result.matched_count > 0
