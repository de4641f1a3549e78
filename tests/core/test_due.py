"""What is due in the lane out: the longest due of all lines, found without reading past a flooded one."""

from __future__ import annotations

import random
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import pymongo
import pytest

from core.addresses.store import INDEXES, Addresses
from core.database import Database
from core.queues import Waiting, line_of
from tests.core.overheard import explained, forget, overheard
from tests.making import now

SECOND = timedelta(seconds=1)
OTHERS = [f"chat:l{n}" for n in range(6)] + ["telegram:after", "telegram:before"]
FLOODED = "telegram:bot"
MOST = 64


@pytest.fixture
async def addresses(database: Database) -> Addresses:
    await database.migrate(INDEXES)
    return Addresses(database)


async def raised(addresses: Addresses, due: dict[str, datetime]) -> None:
    for at in sorted(set(due.values())):
        await addresses.flag([address for address, when in due.items() if when == at], at)


def longest(due: dict[str, datetime], moment: datetime, most: int, but: Collection[str] = ()) -> list[str]:
    """The same by looking at everything."""
    ripe = [address for address, at in due.items() if at <= moment and line_of(address) not in but]
    return sorted(ripe, key=lambda address: due[address])[:most]


async def test_the_longest_due_of_all_lines_come_first_however_they_are_spread(addresses: Addresses) -> None:
    moment, chance = now(), random.Random(7)
    people = [f"{line}:p{n}" for line in (*OTHERS, FLOODED) for n in range(chance.choice((1, 9, 40)))]
    order = chance.sample(range(-20, len(people) - 20), len(people))
    due = {address: moment - SECOND * n for address, n in zip(people, order, strict=True)}
    await raised(addresses, due)
    for most in (1, 5, 30, 1000):
        for but in ((), [FLOODED], OTHERS[:3], ["chat:l0", FLOODED, "telegram:after"], [*OTHERS, FLOODED]):
            assert await addresses.due(moment, most, but) == longest(due, moment, most, but), (most, but)


async def test_however_much_is_due_or_to_come_a_look_reads_what_it_finds(
    addresses: Addresses, database_name: str, mongo_client: pymongo.MongoClient[dict[str, Any]]
) -> None:
    read: list[list[int]] = []
    for size in (200, 2000):
        moment = now()
        await raised(addresses, {f"{FLOODED}:{size}-{n}": moment - 60 * SECOND for n in range(size)})
        await raised(addresses, {f"chat:l0:{size}-{n}": moment + 3600 * SECOND for n in range(size)})
        await raised(addresses, {f"{line}:one": moment - SECOND for line in OTHERS})
        keys = []
        for but in ((), [FLOODED]):
            forget()
            found, more = await Waiting(addresses).look(moment, MOST, but)
            asked = overheard(database_name)
            if but:
                assert sorted(found) == sorted(f"{line}:one" for line in OTHERS)
                assert len(asked) == 1
            assert more is not bool(but)
            for command in asked:
                plan = explained(mongo_client, database_name, command, run=True)
                assert not plan.stages & {"COLLSCAN", "SORT"}
                assert plan.documents <= plan.returned + len(OTHERS) + 1
                keys.append(plan.keys)
                assert plan.keys <= plan.returned + 3 * len(OTHERS)
        read.append(keys)
    assert read[0] == read[1], "ten times as much of it costs the same"


async def test_the_index_holds_the_flags_that_are_up_and_no_other_address(
    addresses: Addresses, database: Database
) -> None:
    for n in range(50):
        await addresses.learn(f"chat:demo:{n}", name="N")
    await addresses.flag(["chat:demo:1"], now())
    found = await database.motor.command("validate", "addresses")
    assert found["keysPerIndex"] == {"_id_": 50, "due": 1, "customer_id_1": 0}


async def test_an_address_of_which_something_else_was_known_first_is_found_too(addresses: Addresses) -> None:
    moment = now()
    await addresses.newest("telegram:bot:1", moment)
    await addresses._all.insert_one({"_id": "telegram:bot:2", "told_at": moment})
    await addresses.flag(["telegram:bot:1", "telegram:bot:2"], moment)
    for but in ((), ["chat:demo"]):
        assert sorted(await addresses.due(moment, 2, but)) == ["telegram:bot:1", "telegram:bot:2"]
    assert await addresses.due(moment, 2, [FLOODED]) == []
