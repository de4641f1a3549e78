"""Every query on `orders`."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from pymongo import ASCENDING, DESCENDING
from pymongo.errors import DuplicateKeyError

from core.database import Database, Document, Index, away, cannot_store, last_moved_from, moved_back, moved_from, writer
from core.ids import new_id
from core.orders.order import Notice, Order, plain

NAME = "orders"

INDEXES = (
    Index(NAME, [("source", ASCENDING), ("number", ASCENDING)], {"unique": True}),
    Index(NAME, [("token", ASCENDING)], {"unique": True}),
    Index(NAME, [("customer_id", ASCENDING), ("_id", DESCENDING)]),
    Index(NAME, [("search", ASCENDING), ("_id", DESCENDING)]),
)


class Orders:
    """The orders."""

    def __init__(self, database: Database) -> None:
        self._all = database.collection(NAME)

    # -------------------------------------------------------------------------------------------- writing

    async def begin(self, source: str, number: str, now: datetime) -> Order:
        """The order of this source and number, made with a fresh token when it is new. Raises CannotStore."""
        known = await self.numbered(source, number)
        if known is not None:
            return known
        fresh = Order(
            id=new_id(), number=number, source=source, token=secrets.token_urlsafe(18), created_at=now, updated_at=now
        )
        try:
            await self._all.insert_one({**fresh.document(), "writer": writer()})
        except DuplicateKeyError:
            return await self.begin(source, number, now)
        except Exception as error:
            if away(error):
                raise cannot_store(error) from error
            raise
        return fresh

    async def save(self, order: Order) -> Order | None:
        """Keep a changed order; None when somebody changed it since it was read, and nothing was written."""
        document = {**order.document(), "rev": order.rev + 1, "writer": writer()}
        for fixed in ("_id", "token", "number", "source", "search", "created_at"):
            del document[fixed]
        found = await self._all.find_one_and_update(
            {"_id": order.id, "rev": order.rev}, {"$set": document}, return_document=True
        )
        return Order.of(found) if found else None

    async def decide(self, order: Order, occasion: str, notice: Notice) -> Notice:
        """Settle how the customer is told of `occasion`: the first notice for it stays for ever and is returned."""
        field = f"notified.{occasion}"
        fresh: Document = {"address": notice.address, "at": notice.at, "subject": notice.subject, "text": notice.text}
        await self._all.update_one(
            {"_id": order.id, field: {"$exists": False}}, {"$set": {field: fresh, "writer": writer()}}
        )
        settled = await self._all.find_one({"_id": order.id}, {field: 1})
        return Order.of(_whole(settled)).notified[occasion] if settled else notice

    # -------------------------------------------------------------------------------------------- reading

    async def get(self, id: str) -> Order | None:
        """The order, or None."""
        return _maybe(await self._all.find_one({"_id": id}))

    async def some(self, ids: Sequence[str]) -> list[Order]:
        """The orders with these ids, in no order."""
        return [Order.of(document) async for document in self._all.find({"_id": {"$in": list(ids)}})]

    async def numbered(self, source: str, number: str) -> Order | None:
        """The order with exactly this number at `source`, or None."""
        return _maybe(await self._all.find_one({"source": source, "number": number}))

    async def by_token(self, token: str) -> Order | None:
        """The order whose tracking page has this token, or None."""
        return _maybe(await self._all.find_one({"token": token})) if 16 <= len(token) <= 100 else None

    async def typed(self, number: str, limit: int = 5) -> list[Order]:
        """Orders with this number as people type it (spaces, #, № and letter case do not matter), newest first."""
        search = plain(number)[:200]
        if not search:
            return []
        cursor = self._all.find({"search": search}).sort("_id", DESCENDING).limit(limit)
        return [Order.of(document) async for document in cursor]

    async def of_customer(self, customer_id: str, limit: int = 50) -> list[Order]:
        """The customer's orders, newest first."""
        cursor = self._all.find({"customer_id": customer_id}).sort("_id", DESCENDING).limit(limit)
        return [Order.of(document) async for document in cursor]

    async def every_of(self, customer_id: str) -> AsyncIterator[Order]:
        """Every order of one customer, oldest first: for export."""
        async for document in self._all.find({"customer_id": customer_id}).sort("_id", ASCENDING):
            yield Order.of(document)

    async def page(self, *, before: str | None = None, limit: int = 50) -> list[Order]:
        """A page of orders, newest first; `before` is an id."""
        where: Document = {"_id": {"$lt": before}} if before else {}
        return [Order.of(document) async for document in self._all.find(where).sort("_id", DESCENDING).limit(limit)]

    # -------------------------------------------------------------------------------------------- people

    async def move(self, from_customer: str, to_customer: str, name: str) -> None:
        """Give one customer's orders to another, so that it can be undone."""
        await self._all.update_many(
            {"customer_id": from_customer}, [{"$set": {**_owner(to_customer), **moved_from(from_customer)}}]
        )

    async def move_back(self, from_customer: str, to_customer: str, name: str) -> None:
        """Undo `move`."""
        await self._all.update_many(
            {"customer_id": to_customer, **last_moved_from(from_customer)},
            [{"$set": {**_owner(from_customer), **moved_back()}}],
        )

    async def erase(self, customer_id: str) -> int:
        """Delete the orders of one customer; returns how many."""
        return int((await self._all.delete_many({"customer_id": customer_id})).deleted_count)


def _maybe(document: Document | None) -> Order | None:
    return Order.of(document) if document else None


def _whole(part: Document) -> Document:
    return {"number": "", "source": "", "token": "", **part}


def _owner(customer_id: str) -> Document:
    return {"customer_id": customer_id, "rev": {"$add": [{"$ifNull": ["$rev", 0]}, 1]}, "writer": writer()}
