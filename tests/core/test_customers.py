"""People: recognised when it is proved, never when it is only said; merged with a way back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.channel import Identity
from core.customers.customer import Customer
from core.errors import Conflict, NotFound
from core.ids import new_id
from switchboard.wiring import Parts
from tests.making import claimed, handle, log_of, make_address, make_arrival, now, receive

PHONE = Identity("phone", "+380501112233", verified=True)
TYPED = Identity("phone", "+380501112233")
MAIL = Identity("email", "ann@x.org")


async def known(parts: Parts, person: str = "ann", channel: str = "chat") -> Customer:
    address = await parts.stores.addresses.get(str(make_address(person, channel)))
    assert address is not None
    assert address.customer_id is not None
    customer = await parts.stores.customers.get(address.customer_id)
    assert customer is not None
    return customer


async def writes(parts: Parts, person: str = "ann", channel: str = "chat", **values: Any) -> Customer:
    await receive(parts, make_arrival("hello", person, channel, **values))
    await handle(parts)
    return await known(parts, person, channel)


async def ordered(parts: Parts, name: str = "Ann Smith", key: str = "phone:+380501112233") -> Customer:
    """Somebody the shop vouched for."""
    customer = Customer(new_id(), name=name, keys=(key,), created_at=now())
    assert await parts.stores.customers.add(customer) is not None
    return customer


async def test_a_verified_phone_joins_a_new_address_to_who_has_it(parts: Parts) -> None:
    shop = await ordered(parts)
    assert (await writes(parts, identities=(PHONE,))).id == shop.id
    assert (await parts.stores.addresses.get(str(make_address()))).verified  # type: ignore[union-attr]  # it is known


async def test_a_verified_phone_merges_a_stranger_into_who_has_it_and_undo_parts_them(parts: Parts) -> None:
    shop = await ordered(parts)
    stranger = await writes(parts, name="A.")
    assert stranger.id != shop.id
    merged = await writes(parts, identities=(PHONE,))
    assert (merged.id, merged.name) == (shop.id, "Ann Smith")
    assert {entry.customer_id for entry in await log_of(parts)} == {shop.id}
    (conversation,) = await parts.stores.conversations.of_customer(shop.id)
    assert conversation.customer_name == "Ann Smith"
    assert await parts.stores.conversations.of_customer(stranger.id) == []
    assert [entry["id"] for entry in merged.merged] == [stranger.id]
    assert (await parts.stores.customers.get(stranger.id)) == await parts.stores.customers.get(shop.id)

    back = await parts.merge.undo(shop.id, stranger.id)
    assert (back.id, back.name, back.merged_into) == (stranger.id, "A.", None)
    assert {entry.customer_id for entry in (await log_of(parts))[:2]} == {stranger.id}
    assert (await known(parts)).id == stranger.id
    assert [c.customer_name for c in await parts.stores.conversations.of_customer(stranger.id)] == ["A."]
    survivor = await parts.stores.customers.get(shop.id)
    assert survivor is not None
    assert survivor.keys == shop.keys
    assert survivor.merged == ()
    with pytest.raises(NotFound):
        await parts.merge.undo(shop.id, stranger.id)


async def test_a_typed_identity_never_joins(parts: Parts) -> None:
    shop = await ordered(parts)
    typing = await writes(parts, identities=(TYPED, MAIL))
    assert typing.id != shop.id
    assert (typing.keys, typing.claims) == ((), ("phone:+380501112233", "email:ann@x.org"))
    other = await writes(parts, person="eve", identities=(MAIL,))
    assert other.id != typing.id
    # An agent is shown who it may be.
    matches = await parts.stores.customers.claimants([*typing.keys, *typing.claims], but=typing.id)
    assert {match.id for match in matches} == {shop.id, other.id}


async def test_the_sender_of_a_letter_is_known_by_the_address_it_came_from(parts: Parts) -> None:
    ann = await writes(parts, "ann@x.org", "letter", identities=(MAIL,))
    assert ann.keys == ("email:ann@x.org",)
    # Who names another address in a letter does not become that person.
    eve = await writes(parts, "eve@x.org", "letter", identities=(Identity("email", "eve@x.org"), MAIL))
    assert eve.id != ann.id
    assert (eve.keys, eve.claims) == (("email:eve@x.org",), ("email:ann@x.org",))


async def test_fifty_addresses_that_prove_the_same_phone_at_once_are_one_person(parts: Parts) -> None:
    people = [f"p{n}" for n in range(50)]
    await asyncio.gather(*(receive(parts, make_arrival(person=person, identities=(PHONE,))) for person in people))
    claims = await claimed(parts)
    await asyncio.gather(*map(parts.route, claims))
    assert len({(await known(parts, person)).id for person in people}) == 1
    assert len(await parts.stores.customers.newest()) == 1


async def test_a_chain_of_merges_is_undone_link_by_link(parts: Parts) -> None:
    one, two, three = [await writes(parts, person, name=person) for person in ("one", "two", "three")]
    await parts.merge(two.id, one.id, by="agent", now=now())
    await parts.merge(three.id, two.id, by="agent", now=now())
    for person in ("one", "two", "three"):
        assert (await known(parts, person)).id == three.id
        assert {entry.customer_id for entry in await log_of(parts, person)} == {three.id}
    await parts.merge.undo(three.id, two.id)
    assert (await known(parts, "one")).id == (await known(parts, "two")).id == two.id
    await parts.merge.undo(two.id, one.id)
    for customer in (one, two, three):
        assert (await known(parts, customer.name)).id == customer.id
        assert {entry.customer_id for entry in await log_of(parts, customer.name)} == {customer.id}
        owned = await parts.stores.conversations.of_customer(customer.id)
        assert [conversation.customer_name for conversation in owned] == [customer.name]


async def test_merging_both_ways_at_once_leaves_two_customers_or_one(parts: Parts) -> None:
    for n in range(10):
        one, two = await ordered(parts, "One", f"phone:+1{n}"), await ordered(parts, "Two", f"phone:+2{n}")
        ways = (parts.merge(one.id, two.id, by="a", now=now()), parts.merge(two.id, one.id, by="b", now=now()))
        results = await asyncio.gather(*ways, return_exceptions=True)
        assert all(isinstance(result, Customer | Conflict) for result in results)
        left = [await parts.stores.customers.exactly(each.id) for each in (one, two)]
        unmerged = [each for each in left if each is not None and each.merged_into is None]
        assert unmerged, "neither disappears into the other"
        assert {key for each in unmerged for key in each.keys} == {f"phone:+1{n}", f"phone:+2{n}"}


async def test_an_interrupted_merge_is_finished_by_the_sweep(parts: Parts) -> None:
    one, two = await writes(parts, "one", name="One"), await writes(parts, "two", name="Two")
    await parts.stores.customers.give_way(one, two.id)  # and here it stopped
    assert await parts.merge.resume(now()) == 1
    assert await parts.merge.resume(now()) == 0
    assert {entry.customer_id for entry in await log_of(parts, "one")} == {two.id}
    assert (await parts.merge.undo(two.id, one.id)).id == one.id
    assert {entry.customer_id for entry in await log_of(parts, "one")} == {one.id}


async def test_what_cannot_be_merged_says_so(parts: Parts) -> None:
    one, two = await ordered(parts), await writes(parts)
    with pytest.raises(NotFound):
        await parts.merge(one.id, "nobody", by="agent", now=now())
    with pytest.raises(Conflict):
        await parts.merge(one.id, one.id, by="agent", now=now())
    await parts.merge(one.id, two.id, by="agent", now=now())
    with pytest.raises(Conflict):
        await parts.merge(two.id, one.id, by="agent", now=now())


async def test_people_are_found_by_the_beginning_of_any_of_their_words(parts: Parts) -> None:
    await ordered(parts, "Zoe Alexandra Marsh", "email:zoe@x.org")
    await ordered(parts, "Anna Zimmer", "phone:+49301234567")
    search = parts.stores.customers.search

    async def found(text: str) -> list[str]:
        return [customer.name for customer in await search(text)]

    assert await found("zoe") == await found("alexan") == await found("zoe mar") == ["Zoe Alexandra Marsh"]
    assert await found("4930123") == ["Anna Zimmer"]
    assert await found("m") == ["Zoe Alexandra Marsh"], "no word of the other begins with m"
    assert await found("zoe zimmer") == []
    assert len(await found("")) == 2
