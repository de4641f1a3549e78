"""Every query on `addresses`.

A lane is `{due_at, leased_until, worker, failures}`. A claim leases it, and moves `due_at` behind the lease, so that a
crash needs no clean-up. What is to be handled in the lane `in` the log itself tells (`Interactions.calling`): the lane
only says who is at it, and not before when. In the lane `out` there are things to be sent later, so it has a flag as
well: raising it puts `due_at` to that time at the latest and counts `arrivals`, and releasing clears it only if
`arrivals` is unchanged. Flags are acknowledged by the primary alone: should one be lost in a failover, the sweep raises
it from the log.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING
from pymongo.errors import BulkWriteError, DuplicateKeyError

from core import clock
from core.addresses.address import Claim, KnownAddress, Lane
from core.addresses.due import Due, due_index, free
from core.batch import Batch
from core.channel import Address
from core.content import clean
from core.database import (
    DUPLICATE,
    Database,
    Document,
    Index,
    away,
    cannot_store,
    failed_at,
    last_moved_from,
    moved_back,
    moved_from,
    writer,
)
from core.said import sentence_document, shortened

NAME = "addresses"

INDEXES = (
    due_index(NAME),
    Index(NAME, [("customer_id", ASCENDING)], {"sparse": True}),
)


@dataclass(frozen=True, slots=True)
class _Flag:
    address: str
    at: datetime
    arrivals: int = 1


class Addresses(Due):
    """The addresses and their lanes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._all = database.collection(NAME)
        self._quick = database.quick(NAME)
        shared = database.meter.batch
        self._flagging: Batch[_Flag, None] = Batch(self._raise_flags, shared=shared("addresses.flagging"))
        self._releasing: Batch[Document, None] = Batch(self._release, shared=shared("addresses.releasing"))
        self._reading: Batch[str, KnownAddress | None] = Batch(self._read, shared=shared("addresses.reading"))
        self._learning: Batch[Document, None] = Batch(self._learn, shared=shared("addresses.learning"))
        self._adopting: Batch[tuple[str, str], str] = Batch(self._adopt, shared=shared("addresses.adopting"))

    # ------------------------------------------------------------------------------------------------ flags

    async def flag(self, addresses: Iterable[str], at: datetime) -> None:
        """Raise the flag of the lane `out` at each address, making the address known if it is new; counted."""
        await self._flagging.all([_Flag(address, at) for address in addresses])

    async def _raise_flags(self, flags: list[_Flag]) -> Sequence[BaseException | None]:
        merged: dict[str, _Flag] = {}
        for flag in flags:
            known = merged.get(flag.address)
            merged[flag.address] = (
                _Flag(flag.address, min(flag.at, known.at), flag.arrivals + known.arrivals) if known else flag
            )
        operations = [_flagged(flag) for flag in merged.values()]
        try:
            await self._database.upsert(NAME, operations, quick=True)
        except Exception as error:
            if away(error):
                raise cannot_store(error) from error
            raise
        return [None] * len(flags)

    async def flag_missing(self, addresses: Sequence[str], at: datetime) -> int:
        """Raise the flag where none is raised: for what a crash left between the log and the flag. Returns how many."""
        these = {"_id": {"$in": list(addresses)}}
        known = {row["_id"] async for row in self._all.find(these, {"_id": 1})}
        unknown = [address for address in addresses if address not in known]
        await self.flag(unknown, at)
        result = await self._quick.update_many(
            {**these, "out.due_at": {"$exists": False}},
            {"$set": {"out.due_at": at}, "$inc": {"out.arrivals": 1}},
        )
        return len(unknown) + int(result.modified_count)

    async def claim(self, lane: Lane, candidates: Sequence[str], now: datetime, lease: timedelta) -> list[Claim]:
        """Lease those of `candidates` that nobody is at and that may be claimed now.

        Nobody else gets them before the lease ends or they are released. An address from which something came (lane
        `in`) is made known if it is new.
        """
        worker, until = secrets.token_hex(6), now + lease
        held = {"worker": worker, "leased_until": until, "due_at": until}
        change = {"$set": {f"{lane}.{name}": value for name, value in held.items()}}
        if len(candidates) == 1:
            new = {"$setOnInsert": _parts(candidates[0])} if lane == "in" else {}
            try:
                document: Document | None = await self._quick.find_one_and_update(
                    {"_id": candidates[0], **free(lane, now)}, change | new, upsert=bool(new), return_document=True
                )
            except DuplicateKeyError:  # it is known, and not free
                document = None
            return [_claim(lane, document, worker, until)] if document else []
        if not candidates:
            return []
        known = {"_id": {"$in": list(candidates)}}
        changed = await self._quick.update_many({**known, **free(lane, now)}, change)
        if lane == "out" and not changed.modified_count:
            return []
        documents = [document async for document in self._all.find(known)]
        if changed.modified_count < len(candidates):
            unknown = set(candidates) - {document["_id"] for document in documents} if lane == "in" else set()
            documents += await self._insert([{"_id": address, **_parts(address), lane: held} for address in unknown])
        return [_claim(lane, one, worker, until) for one in documents if one.get(lane, {}).get("worker") == worker]

    async def _insert(self, documents: list[Document]) -> list[Document]:
        """Those of `documents` that were not there; another process may be quicker."""
        if not documents:
            return []
        try:
            await self._quick.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            failed = failed_at(error)
            if set(failed.values()) != {DUPLICATE}:
                raise
            return [document for number, document in enumerate(documents) if number not in failed]
        return documents

    async def abandoned(self, addresses: Collection[str], before: datetime) -> int:
        """At how many of `addresses` somebody's lease ended before then and was never given back."""
        ended = [{f"{lane}.leased_until": {"$lt": before}} for lane in ("in", "out")]
        return int(await self._all.count_documents({"_id": {"$in": list(addresses)}, "$or": ended}))

    async def renew(self, claim: Claim, until: datetime) -> bool:
        """Extend a lease; False when it was lost, and the caller must stop."""
        lane = claim.lane
        result = await self._quick.update_one(
            {"_id": claim.address.id, f"{lane}.worker": claim.worker},
            {"$set": {f"{lane}.leased_until": until, f"{lane}.due_at": until}},
        )
        return result.matched_count > 0

    async def release(self, claim: Claim, *, due_at: datetime | None = None, failed: bool = False) -> None:
        """Give a claimed lane back.

        The flag is cleared, or moved to `due_at`; but when it was raised since the claim, it is due at once. A lease
        that was lost is left alone. `failed` counts towards the back-off of a lane that cannot be worked off.
        """
        lane = claim.lane
        path = f"${lane}."
        unchanged = {"$eq": [{"$ifNull": [path + "arrivals", 0]}, claim.arrivals]}
        later: Any = due_at or "$$REMOVE"
        # While leased, due_at is behind the lease unless a flag was raised; the flag's time is the right one then.
        # What failed waits, whatever arrived meanwhile: a lane that cannot be worked off must not spin.
        due = later if failed else {"$cond": [unchanged, later, {"$min": [path + "due_at", "$$NOW"]}]}
        change = {
            f"{lane}.due_at": due,
            f"{lane}.leased_until": "$$REMOVE",
            f"{lane}.worker": "$$REMOVE",
            f"{lane}.failures": {"$literal": claim.failures + 1} if failed else "$$REMOVE",
        }
        await self._releasing.put(
            {"q": {"_id": claim.address.id, f"{lane}.worker": claim.worker}, "u": [{"$set": change}]}
        )

    async def _release(self, operations: list[Document]) -> Sequence[BaseException | None]:
        await self._database.update(NAME, operations, quick=True)
        return [None] * len(operations)

    # ------------------------------------------------------------------------------------------ the person

    async def get(self, address: str) -> KnownAddress | None:
        """The address, or None when nobody was ever seen there."""
        return await self._reading.put(address)

    async def _read(self, ids: list[str]) -> Sequence[KnownAddress | None]:
        found = {d["_id"]: KnownAddress.of(d) async for d in self._all.find({"_id": {"$in": ids}})}
        return [found.get(id) for id in ids]

    async def of_customer(self, customer_id: str) -> list[KnownAddress]:
        """Every address of a customer."""
        return [KnownAddress.of(d) async for d in self._all.find({"customer_id": customer_id}).limit(200)]

    async def learn(
        self,
        address: str,
        *,
        customer_id: str | None = None,
        name: str | None = None,
        language: str | None = None,
        verified: bool | None = None,
        reachable: bool | None = None,
        last_in: datetime | None = None,
        gone: str = "",
        at: datetime | None = None,
    ) -> None:
        """Write down what became known of an address; None leaves a field as it is.

        `gone` says why it is not reachable since `at`; the first word of that counts until it is reachable again.
        """
        fields = {
            "customer_id": customer_id,
            "name": name,
            "language": language,
            "verified": verified,
            "reachable": reachable,
            "last_in": last_in,
        }
        known = {key: value for key, value in fields.items() if value is not None}
        update: Document = {"$set": {**known, "writer": writer()}, "$setOnInsert": _parts(address)}
        if reachable:
            update["$unset"] = {"gone": ""}
        await self._learning.put({"q": {"_id": address}, "u": update, "upsert": True})
        if reachable is False:
            why = {"at": at or clock.now(), **sentence_document(shortened(gone, clean))}
            await self._all.update_one({"_id": address, "gone": {"$exists": False}}, {"$set": {"gone": why}})

    async def _learn(self, changes: list[Document]) -> Sequence[None]:
        await self._database.upsert(NAME, changes)
        return [None] * len(changes)

    async def newest(self, address: str, at: datetime) -> bool:
        """Whether nothing newer than `at` was said about how `address` can be reached; from now on this is the newest.

        Providers' words may overtake each other: blocked and at once unblocked must not end as blocked.
        """
        try:
            await self._all.update_one(
                {"_id": address, "told_at": {"$not": {"$gt": at}}},
                {"$set": {"told_at": at}, "$setOnInsert": _parts(address)},
                upsert=True,
            )
        except DuplicateKeyError:  # it is there, and something newer was said
            return False
        return True

    async def count_automatic(self, address: str, message: str, now: datetime, most: int) -> bool:
        """Note that the automatic message `message` goes to `address` now; False when `most` did within the last hour.

        The same message again is not counted again. One write, so that the count holds over processes.
        """
        hour = {"$gt": ["$$this.at", now - timedelta(hours=1)]}
        recent = {"$filter": {"input": {"$ifNull": ["$automatic", []]}, "cond": hour}}
        others = {"$filter": {"input": recent, "as": "one", "cond": {"$ne": ["$$one.id", message]}}}
        result = await self._quick.update_one(
            {"_id": address, "$expr": {"$lt": [{"$size": others}, most]}},
            [{"$set": {"automatic": {"$concatArrays": [others, [{"id": message, "at": now}]]}}}],
        )
        return result.matched_count > 0

    async def adopt(self, address: str, customer_id: str) -> str:
        """Give a new address to `customer_id` unless it has a customer already; returns whose it is now."""
        return await self._adopting.put((address, customer_id))

    async def _adopt(self, wanted: list[tuple[str, str]]) -> Sequence[str]:
        if len(wanted) == 1:
            address, customer_id = wanted[0]
            change = _adopted(address, customer_id)
            return [
                (await self._all.find_one_and_update({"_id": address}, change, upsert=True, return_document=True))[
                    "customer_id"
                ]
            ]
        changes = [{"q": {"_id": address}, "u": _adopted(address, id), "upsert": True} for address, id in wanted]
        await self._database.upsert(NAME, changes)
        where = {"_id": {"$in": [address for address, _ in wanted]}}
        owners = {row["_id"]: row["customer_id"] async for row in self._all.find(where, {"customer_id": 1})}
        return [owners[address] for address, _ in wanted]

    async def move(self, from_customer: str, to_customer: str) -> None:
        """Give one customer's addresses to another, so that it can be undone."""
        await self._all.update_many(
            {"customer_id": from_customer},
            [{"$set": {"customer_id": to_customer, "writer": writer(), **moved_from(from_customer)}}],
        )

    async def move_back(self, from_customer: str, to_customer: str) -> None:
        """Undo `move`."""
        await self._all.update_many(
            {"customer_id": to_customer, **last_moved_from(from_customer)},
            [{"$set": {"customer_id": from_customer, "writer": writer(), **moved_back()}}],
        )

    async def erase(self, customer_id: str) -> int:
        """Delete the addresses of one customer; returns how many."""
        return int((await self._all.delete_many({"customer_id": customer_id})).deleted_count)


def _adopted(address: str, customer_id: str) -> list[Document]:
    owner = {"$ifNull": ["$customer_id", customer_id]}
    return [{"$set": {"customer_id": owner, **_parts(address), "writer": writer()}}]


def _flagged(flag: _Flag) -> Document:
    change = {
        "$min": {"out.due_at": flag.at},
        "$inc": {"out.arrivals": flag.arrivals},
        "$set": _parts(flag.address),  # what is due is found by these
    }
    return {"q": {"_id": flag.address}, "u": change, "upsert": True}


def _parts(address: str) -> Document:
    parts = Address.of(address)
    return {"channel": parts.channel, "account": parts.account}


def _claim(lane: Lane, document: Document, worker: str, until: datetime) -> Claim:
    state = document.get(lane, {})
    return Claim(
        lane=lane,
        address=KnownAddress.of(document),
        arrivals=state.get("arrivals", 0),
        worker=worker,
        until=until,
        failures=state.get("failures", 0),
    )
