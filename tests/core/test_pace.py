"""How fast one account and one person are written to."""

from __future__ import annotations

import asyncio
import time

from core.channel import Capabilities
from core.pace import Pace
from tests.making import make_address

FAST = Capabilities()


async def took(*calls: object) -> float:
    began = time.monotonic()
    await asyncio.gather(*calls)  # type: ignore[call-overload]  # they are coroutines
    return time.monotonic() - began


async def test_an_unlimited_channel_waits_for_nothing() -> None:
    pace = Pace()
    assert await took(*(pace(make_address(), FAST) for _ in range(100))) < 5


async def test_an_account_is_written_to_evenly() -> None:
    pace, able = Pace(), Capabilities(per_second=50)
    assert 0.08 <= await took(*(pace(make_address(str(n)), able) for n in range(5))) < 5


async def test_accounts_do_not_wait_for_each_other() -> None:
    pace, able = Pace(), Capabilities(per_second=0.1)
    calls = [pace(make_address(account=name), able) for name in ("one", "two", "three")]
    assert await took(*calls) < 5


async def test_a_person_is_written_to_with_gaps_and_others_meanwhile() -> None:
    pace, able = Pace(), Capabilities(per_address_seconds=10)
    assert await took(*(pace(make_address(str(n)), able) for n in range(50))) < 5
    able = Capabilities(per_address_seconds=0.05)
    assert 0.05 <= await took(*(pace(make_address("other"), able) for _ in range(2))) < 5


async def test_a_held_account_waits_and_then_goes_on() -> None:
    pace = Pace()
    pace.hold(make_address(), 0.06)
    assert await took(pace(make_address("other"), FAST)) >= 0.05
    assert await took(pace(make_address(), FAST)) < 5
    pace.hold(make_address(account="one"), 10)
    assert await took(pace(make_address(account="two"), FAST)) < 5


async def test_it_remembers_a_bounded_number_of_people() -> None:
    pace, able = Pace(), Capabilities(per_address_seconds=0.0001)
    for n in range(10_500):
        await pace(make_address(str(n)), able)
    assert len(pace._person) <= 10_000
