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


def test_a_few_go_at_once_and_then_one_after_the_other() -> None:
    pace, able = Pace(), Capabilities(per_address_seconds=100, per_address_burst=3)
    assert [pace.take(make_address(), able) for _ in range(3)] == [0, 0, 0]
    turn = pace.take(make_address(), able)
    assert 50 < turn <= 100
    assert 0 < pace.take(make_address(), able) <= turn, "asking again keeps the place"
    assert pace.take(make_address("other"), able) == 0


def test_a_held_account_gives_nobody_a_turn_and_forgets_those_it_gave() -> None:
    pace, able = Pace(), Capabilities(per_second=0.1)
    assert pace.take(make_address("first"), able) == 0
    assert 5 < pace.take(make_address("second"), able) <= 10
    pace.hold(make_address(), 1000)
    assert 900 < pace.take(make_address("second"), able) <= 1000
    assert 900 < pace.take(make_address("third"), able) <= 1010
    assert pace.take(make_address(account="another"), able) == 0
