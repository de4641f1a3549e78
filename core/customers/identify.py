"""Who wrote this: joins an entry's address to one customer, the same in every process and after every crash."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.addresses.address import KnownAddress
from core.addresses.store import Addresses
from core.channel import Identity
from core.customers.customer import Customer, key_of
from core.customers.merge import Merge
from core.customers.store import Customers
from core.ids import id_of


@dataclass(frozen=True, slots=True)
class Introduction:
    """What an entry tells about who wrote it."""

    name: str = ""
    language: str | None = None
    identities: tuple[Identity, ...] = ()


class Identify:
    """Finds or makes the customer behind an address.

    Joined are: identities that are verified, and an unverified one only when it is the very address the entry came
    from (a mail's sender), because answers go nowhere else. What somebody merely typed becomes a claim, which an
    agent may act on. A sender the channel doubts is joined to nobody.
    """

    def __init__(self, customers: Customers, addresses: Addresses, merge: Merge) -> None:
        self._customers = customers
        self._addresses = addresses
        self._merge = merge

    async def __call__(self, address: KnownAddress, who: Introduction, now: datetime) -> Customer:
        """The customer at `address`; two records become one when a verified identity proves it."""
        person = address.parts.person
        if any(i.doubted and i.value == person for i in who.identities):
            return await self._stranger(address, who, now)
        keys = [key_of(i) for i in who.identities if i.verified or i.value == person]
        claims = [key_of(i) for i in who.identities if key_of(i) not in keys]
        customer = await self._customers.get(address.customer_id) if address.customer_id else None
        if customer is None:
            customer = await self._new(address, who, keys, claims, now)
        missing = [key for key in keys if key not in customer.keys]
        news = [claim for claim in claims if claim not in customer.claims and claim not in customer.keys]
        name = who.name if who.name and not customer.name else None
        language = who.language if who.language and not customer.language else None
        if missing or news or name or language:
            customer = await self._learn(customer, missing, news, name, language, now)
        if any(i.verified for i in who.identities) and not address.verified:
            await self._addresses.learn(address.id, verified=True)
        return customer

    async def _stranger(self, address: KnownAddress, who: Introduction, now: datetime) -> Customer:
        """Somebody who writes from `address` and could not be shown to be its owner: a record of their own.

        It only claims the address, so that an agent sees whose it may be, and may join the two. The address itself
        stays with its owner, to whom alone answers go.
        """
        fresh = Customer(
            id=id_of(f"doubted {address.id}"),
            name=who.name,
            language=who.language,
            claims=tuple(key_of(i) for i in who.identities),
            created_at=now,
        )
        return await self._customers.get(fresh.id) or await self._customers.add(fresh) or fresh

    async def _new(
        self, address: KnownAddress, who: Introduction, keys: Sequence[str], claims: Sequence[str], now: datetime
    ) -> Customer:
        found = next(iter(await self._customers.by_keys(keys)), None)
        if found is None:
            # The id follows from the address, so a crash or a race makes the same customer again, not a twin.
            fresh = Customer(
                id=id_of(f"customer {address.id}"),
                name=who.name,
                language=who.language,
                keys=tuple(keys),
                claims=tuple(claims),
                created_at=now,
            )
            if not keys:
                # Nobody can own a key of theirs, so both are written at once; either is made again should one be lost.
                added, owner = await asyncio.gather(
                    self._customers.add(fresh), self._addresses.adopt(address.id, fresh.id)
                )
                return (added or fresh) if owner == fresh.id else await self._customers.get(owner) or fresh
            # None: somebody came to own one of the keys in between.
            found = await self._customers.add(fresh) or (await self._customers.by_keys(keys))[0]
        owner = await self._addresses.adopt(address.id, found.id)
        if owner != found.id:
            found = await self._customers.get(owner) or found
        return found

    async def _learn(
        self,
        customer: Customer,
        keys: Sequence[str],
        claims: Sequence[str],
        name: str | None,
        language: str | None,
        now: datetime,
    ) -> Customer:
        learned = await self._customers.learn(customer.id, keys=keys, claims=claims, name=name, language=language)
        if learned is not None:
            return learned
        # A verified identity belongs to another record: it is the same person. The owner of the key survives.
        for owner in await self._customers.by_keys(keys):
            if owner.id != customer.id:
                customer = await self._merge(owner.id, customer.id, by="system", now=now)
        return await self._customers.learn(customer.id, keys=keys, claims=claims, language=language) or customer
