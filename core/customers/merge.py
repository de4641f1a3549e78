"""Two records become one, with a way back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.addresses.store import Addresses
from core.customers.customer import Customer
from core.customers.store import Customers
from core.errors import Conflict, NotFound
from core.interactions.store import Interactions


class MovesWithCustomer(Protocol):
    """A collection whose documents belong to customers and follow them in a merge."""

    async def move(self, from_customer: str, to_customer: str, name: str) -> None:
        """Give everything of one customer to another, marked so that it can go back."""
        ...

    async def move_back(self, from_customer: str, to_customer: str, name: str) -> None:
        """Undo `move`; `name` is that of `from_customer`."""
        ...


class Merge:
    """Merges customers. Each step can be repeated, so what a crash leaves half-way the sweep completes."""

    def __init__(
        self,
        customers: Customers,
        addresses: Addresses,
        interactions: Interactions,
        followers: Sequence[MovesWithCustomer],
    ) -> None:
        self._customers = customers
        self._addresses = addresses
        self._interactions = interactions
        self._followers = followers

    async def __call__(self, survivor: str, other: str, *, by: str, now: datetime) -> Customer:
        """Merge `other` into `survivor` and return it. `by` is an agent's id or `system`. Raises NotFound, Conflict."""
        keep, gone = await self._customers.get(survivor), await self._customers.exactly(other)
        if keep is None or gone is None:
            raise NotFound("One of the two customers is not there any more.")
        if keep.id == gone.id:
            raise Conflict("These are already one customer.")
        await self._customers.give_way(gone, keep.id)
        after = await self._customers.exactly(keep.id)
        if after is None or after.merged_into is not None:
            # Merged the other way round at the same moment: step back, or each would be part of the other.
            await self._customers.come_back(gone.id, keep.id)
            raise Conflict("These customers are being merged by somebody else; look again.")
        return await self._finish(keep, gone, by, now)

    async def _finish(self, keep: Customer, gone: Customer, by: str, now: datetime) -> Customer:
        entry = {"id": gone.id, "name": gone.name, "at": now, "by": by}
        after = await self._customers.take_in(keep.id, entry, gone) or keep
        await self._addresses.move(gone.id, keep.id)
        for follower in self._followers:
            await follower.move(gone.id, keep.id, after.name or gone.name)
        await self._interactions.move(gone.id, keep.id)
        await self._customers.merge_done(gone.id)
        if not after.name and gone.name:
            after = await self._customers.learn(keep.id, name=gone.name) or after
        return after

    async def resume(self, now: datetime) -> int:
        """Complete merges that a crash interrupted; returns how many."""
        pending = await self._customers.unfinished_merges()
        for other, survivor in pending:
            keep, gone = await self._customers.get(survivor), await self._customers.exactly(other)
            if keep and gone:
                await self._finish(keep, gone, "system", now)
        return len(pending)

    async def undo(self, survivor: str, other: str) -> Customer:
        """Part two merged customers again; what was written since the merge stays with the survivor."""
        parted = await self._customers.exactly(other)
        if parted is None or parted.merged_into != survivor:
            raise NotFound("There is no such merge to undo.")
        await self._addresses.move_back(other, survivor)
        for follower in self._followers:
            await follower.move_back(other, survivor, parted.name)
        await self._interactions.move_back(other, survivor)
        # Last, so that an undo which was interrupted can be asked for again.
        return await self._customers.come_back(other, survivor) or parted
