"""Every query on `customers`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING, DESCENDING
from pymongo.errors import DuplicateKeyError

from core.batch import Batch
from core.customers.customer import Customer
from core.database import Database, Document, Index, encoded, held, writer
from core.interactions.seek import seek, words_index
from core.interactions.words import words

NAME = "customers"

INDEXES = (
    Index(NAME, [("keys", ASCENDING)], {"unique": True, "sparse": True}),
    Index(NAME, [("claims", ASCENDING)], {"sparse": True}),
    Index(NAME, [("merging", ASCENDING)], {"sparse": True}),
    Index(NAME, [("merged_into", ASCENDING)], held("merged_into")),
    words_index(NAME),
)


class Customers:
    """The customers' records."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._all = database.collection(NAME)
        shared = database.meter.batch
        self._adding: Batch[RawBSONDocument, bool] = Batch(self._add, shared=shared("customers.adding"))
        self._noting: Batch[Document, None] = Batch(self._note, shared=shared("customers.noting"))
        self._getting: Batch[str, Customer | None] = Batch(self._read, shared=shared("customers.getting"))

    async def get(self, id: str) -> Customer | None:
        """The record, or the one it was merged into; None when there is none."""
        found = await self._getting.put(id)
        for _ in range(10):
            if found is None or found.merged_into is None:
                return found
            found = await self._getting.put(found.merged_into)
        return found

    async def exactly(self, id: str) -> Customer | None:
        """The record itself, also when it was merged into another."""
        return await self._getting.put(id)

    async def _read(self, ids: list[str]) -> Sequence[Customer | None]:
        found = {d["_id"]: Customer.of(d) async for d in self._all.find({"_id": {"$in": ids}})}
        return [found.get(id) for id in ids]

    async def by_keys(self, keys: Sequence[str]) -> list[Customer]:
        """Who owns any of `keys`, in the order of `keys`, each once."""
        if not keys:
            return []
        found = [Customer.of(d) async for d in self._all.find({"keys": {"$in": list(keys)}})]
        return sorted(found, key=lambda customer: min(keys.index(k) for k in customer.keys if k in keys))

    async def claimants(self, keys: Sequence[str], but: str, limit: int = 5) -> list[Customer]:
        """Others who own or claim any of `keys`: possible matches for an agent to judge."""
        if not keys:
            return []
        where = {
            "$or": [{"keys": {"$in": list(keys)}}, {"claims": {"$in": list(keys)}}],
            "_id": {"$ne": but},
            "merged_into": {"$exists": False},
        }
        return [Customer.of(d) async for d in self._all.find(where).limit(limit)]

    async def add(self, customer: Customer) -> Customer | None:
        """Keep a new record; the one that is there when it has the same id; None when another owns one of its keys."""
        document = {**customer.document(), "words": _words(customer), "writer": writer()}
        if not await self._adding.put(encoded(document)):
            there = await self.exactly(customer.id)
            return await self.get(there.id) if there else None
        return customer

    async def _add(self, documents: list[RawBSONDocument]) -> Sequence[bool | BaseException]:
        return await self._database.insert_each(NAME, documents)

    async def learn(
        self,
        id: str,
        *,
        keys: Sequence[str] = (),
        claims: Sequence[str] = (),
        name: str | None = None,
        language: str | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> Customer | None:
        """Add what became known; the record after it, None when another customer owns one of `keys`."""
        update = _learned(keys, claims, name, language, fields or {})
        try:
            document = await self._all.find_one_and_update({"_id": id}, update, return_document=True)
        except DuplicateKeyError:
            return None
        return Customer.of(document) if document else None

    async def note(
        self, id: str, *, claims: Sequence[str] = (), name: str | None = None, language: str | None = None
    ) -> None:
        """Add what became known, where nobody waits for the record: many share one write."""
        await self._noting.put({"q": {"_id": id}, "u": _learned((), claims, name, language, {})})

    async def _note(self, updates: list[Document]) -> Sequence[None]:
        await self._database.update(NAME, updates)
        return [None] * len(updates)

    async def consent(
        self, id: str, purpose: str, *, given: bool, at: datetime, how: str, entry: str, words: str = "", by: str = ""
    ) -> bool:
        """Write down that they gave or withdrew consent to a purpose; False when `entry` told so before.

        `purpose` is a lower-case word. What came to light late goes into the history and does not overrule what they
        said since. `words` are those they agreed to, `by` is the agent who wrote it down.
        """
        if not re.fullmatch(r"[a-z][a-z_]{0,39}", purpose):
            raise ValueError(f"{purpose!r} is no purpose")
        path = f"consents.{purpose}"
        said: Document = {"given": given, "at": at, "how": how, "entry": entry}
        if words:
            # The version tells at a glance who agreed to the same text.
            said |= {"words": words[:2000], "version": hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:8]}
        if by:
            said["by"] = by
        newer = {"$gt": [at, {"$ifNull": [f"${path}.at", datetime(1970, 1, 1, tzinfo=UTC)]}]}
        result = await self._all.update_one(
            {"_id": id, f"{path}.history.entry": {"$ne": entry}},
            [
                {
                    "$set": {
                        f"{path}.history": {
                            "$concatArrays": [{"$ifNull": [f"${path}.history", []]}, [{"$literal": said}]]
                        },
                        f"{path}.given": {"$cond": [newer, given, f"${path}.given"]},
                        f"{path}.at": {"$cond": [newer, at, f"${path}.at"]},
                        "writer": writer(),
                    }
                }
            ],
        )
        return result.modified_count > 0

    async def search(self, text: str, limit: int = 20) -> list[Customer]:
        """Customers whose name, mail or phone holds every word of `text`, the last as a beginning; newest first."""
        asked = words(text, most=6)
        if not asked:
            return await self.newest(limit)
        found = await seek(self._all, asked, limit=limit, also={"merged_into": {"$exists": False}})
        return [Customer.of(document) for document in found.documents]

    async def newest(self, limit: int = 50, before: str | None = None) -> list[Customer]:
        """A page of customers, newest first."""
        where: Document = {"merged_into": {"$exists": False}}
        if before:
            where["_id"] = {"$lt": before}
        return [Customer.of(d) async for d in self._all.find(where).sort("_id", DESCENDING).limit(limit)]

    # ------------------------------------------------------------------------------------------- merging

    async def give_way(self, other: Customer, survivor: str) -> None:
        """Mark `other` as merged into `survivor` and free its keys, keeping them for an undo."""
        await self._all.update_one(
            {"_id": other.id, "merged_into": {"$exists": False}},
            [
                {
                    "$set": {
                        "merged_into": survivor,
                        "merging": True,
                        "kept_keys": {"$ifNull": ["$keys", []]},
                        "writer": writer(),
                    }
                },
                {"$unset": "keys"},
            ],
        )

    async def take_in(self, survivor: str, entry: Mapping[str, Any], other: Customer) -> Customer | None:
        """Write into `survivor` that it took `other` in, with its keys and claims; repeatable."""
        document = await self._all.find_one({"_id": other.id}, {"kept_keys": 1})
        keys = list((document or {}).get("kept_keys", other.keys))
        update: Document = {
            "$addToSet": {"keys": {"$each": keys}, "claims": {"$each": list(other.claims)}},
            "$set": {"writer": writer()},
        }
        if not keys:
            del update["$addToSet"]["keys"]
        await self._all.update_one({"_id": survivor}, update)
        await self._all.update_one(
            {"_id": survivor, "merged.id": {"$ne": other.id}}, {"$push": {"merged": dict(entry)}}
        )
        for purpose, consent in other.consents.items():
            # Each keeps its history; what was said last counts, by whichever record.
            for said in consent.get("history", ())[-50:]:
                told = {name: said[name] for name in ("given", "at", "how", "entry", "words", "by") if name in said}
                await self.consent(survivor, purpose, **told)
        return await self.exactly(survivor)

    async def unfinished_merges(self, limit: int = 20) -> list[tuple[str, str]]:
        """(other, survivor) of merges that a crash left half-way."""
        cursor = self._all.find({"merging": True}).limit(limit)
        return [(d["_id"], d["merged_into"]) async for d in cursor]

    async def merge_done(self, other: str) -> None:
        """Note that everything of `other` was moved."""
        await self._all.update_one({"_id": other}, {"$set": {"writer": writer()}, "$unset": {"merging": ""}})

    async def come_back(self, other: str, survivor: str) -> Customer | None:
        """Undo a merge in the two records: `other` has its keys again, `survivor` no longer has them."""
        document = await self._all.find_one({"_id": other, "merged_into": survivor})
        if document is None:
            return None
        keys = document.get("kept_keys", [])
        await self._all.update_one(
            {"_id": survivor},
            {"$pull": {"merged": {"id": other}, "keys": {"$in": keys}}, "$set": {"writer": writer()}},
        )
        # A sparse index would hold an empty list as one value, and two customers with none would collide.
        await self._all.update_one({"_id": survivor, "keys": []}, {"$unset": {"keys": ""}})
        back = await self._all.find_one_and_update(
            {"_id": other},
            {
                "$set": {"writer": writer()},
                "$unset": {"merged_into": "", "kept_keys": "", "merging": ""},
                **({"$addToSet": {"keys": {"$each": keys}}} if keys else {}),
            },
            return_document=True,
        )
        return Customer.of(back) if back else None

    async def erase(self, id: str) -> int:
        """Delete a record and those merged into it; returns how many."""
        result = await self._all.delete_many({"$or": [{"_id": id}, {"merged_into": id}]})
        return int(result.deleted_count)


def _learned(
    keys: Sequence[str], claims: Sequence[str], name: str | None, language: str | None, fields: Mapping[str, Any]
) -> Document:
    update: Document = {"$set": {**fields, "writer": writer()}}
    added: Document = {}
    if keys:
        added["keys"] = {"$each": list(keys)}
    if claims:
        added["claims"] = {"$each": list(claims)[:20]}
    if added:
        update["$addToSet"] = added
    if name:
        update["$set"] |= {"name": name, "words": words(name, " ".join([*keys, *claims]))}
    if language:
        update["$set"]["language"] = language
    return update


def _words(customer: Customer) -> list[str]:
    return words(customer.name, " ".join([*customer.keys, *customer.claims]))
