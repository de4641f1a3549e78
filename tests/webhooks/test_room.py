"""How much the doors hold at once: large bodies within the room, no line on another's cost, small ones past them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from channels import CHANNELS
from channels.orders import signed
from core.accounts.secrets import Vault
from core.accounts.store import Accounts
from core.channel import Account
from core.database import Database
from core.errors import CannotStore
from core.lines import Lines
from tests.webhooks.test_doors import EVENT, SECRET, Slow, needs, serving
from webhooks.needs import Needs
from webhooks.room import Room

__all__ = ["needs"]
KB = 1024


def large(kilobytes: int) -> dict[str, Any]:
    return {**EVENT, "note": "x" * kilobytes * KB}


async def test_large_bodies_wait_for_room_and_small_ones_and_other_lines_go_past(
    needs: Needs, database: Database
) -> None:
    await Accounts(database, Vault("k" * 32)).save(Account("orders", "other", secrets={"secret": SECRET}))
    slow = Slow()
    async with serving(replace(needs, receive=slow, bytes_in_hand=550 * KB), database) as door:
        waiting = [asyncio.create_task(door.post(large(100))) for _ in range(4)]
        await until_in_hand(slow, 4)
        refused = await door.http.post("/webhooks/orders/shop", data=b"x" * 100 * KB)
        assert refused.status == 503, "before it is read, so whatever it holds"
        assert int(refused.headers["Retry-After"]) >= 1
        waiting.append(asyncio.create_task(door.post(EVENT)))
        await until_in_hand(slow, 5)
        waiting.append(asyncio.create_task(door.post(large(80), "/webhooks/orders/other")))
        await until_in_hand(slow, 6)
        # Who came a moment too early is let in as soon as somebody is done.
        waiting.append(asyncio.create_task(door.post(large(100))))
        slow.go.set()
        assert [status for status, _ in await asyncio.gather(*waiting)] == [200] * 7


async def until_in_hand(slow: Slow, many: int) -> None:
    async with asyncio.timeout(120):
        while slow.in_hand < many:
            await asyncio.sleep(0.01)


async def test_what_is_larger_than_the_room_goes_in_alone(needs: Needs, database: Database) -> None:
    async with serving(replace(needs, bytes_in_hand=70 * KB), database) as door:
        answers = await asyncio.gather(*(door.post(large(150)) for _ in range(3)))
        assert answers == [(200, {"kept": 1})] * 3
        assert await door.count("interactions") == 1


async def test_a_body_of_unknown_length_may_be_larger_than_the_room_alone(needs: Needs, database: Database) -> None:
    async with serving(replace(needs, max_body=KB * KB, bytes_in_hand=70 * KB), database) as door:

        async def chunks() -> Any:
            for _ in range(30):
                yield b"x" * 10 * KB

        async with door.http.post("/webhooks/orders/shop", data=chunks()) as response:
            assert response.status == 401, "it was read to its end"


async def test_a_body_of_unknown_length_that_outgrows_the_room_is_put_off(needs: Needs, database: Database) -> None:
    slow = Slow()
    async with serving(replace(needs, receive=slow, bytes_in_hand=150 * KB), database) as door:
        first = asyncio.create_task(door.post(large(100)))
        await until_in_hand(slow, 1)

        async def chunks() -> Any:
            for _ in range(12):
                yield b"x" * 10 * KB

        async with door.http.post("/webhooks/orders/shop", data=chunks()) as response:
            assert response.status == 503
        slow.go.set()
        assert (await first)[0] == 200
        assert (await door.post(large(100)))[0] == 200


async def test_what_was_held_is_given_back() -> None:
    room = Room(1000 * KB)
    for _ in range(3):
        with room.of("a") as one, room.of("b") as other:
            await other.reserve(100 * KB)
            await one.reserve(600 * KB)
            with pytest.raises(CannotStore):
                one.grow(990 * KB)
    with room.of("a") as one, room.of("b") as other:
        await one.reserve(700 * KB)
        await other.reserve(100 * KB)
        assert not room.fits("a", 100 * KB)
    assert room.fits("a", 10_000 * KB)


class Asked(Accounts):
    """Counts how often it is asked."""

    times = 0

    async def get(self, channel: str, name: str) -> Account | None:
        self.times += 1
        return await super().get(channel, name)


async def test_a_busy_door_asks_for_its_line_once(needs: Needs, database: Database) -> None:
    accounts = Asked(database, Vault("k" * 32))
    async with serving(replace(needs, lines=Lines(accounts, CHANNELS)), database) as door:
        answers = await asyncio.gather(*(door.post(EVENT) for _ in range(50)))
        assert answers == [(200, {"kept": 1})] * 50
        assert accounts.times < 10


async def test_a_line_that_cannot_be_looked_up_is_503(needs: Needs, database: Database) -> None:
    lost = Database.connect("mongodb://127.0.0.1:9/?replicaSet=x", "lost", timeout=0.3)
    async with serving(replace(needs, lines=Lines(Accounts(lost, Vault("k" * 32)), CHANNELS)), database) as door:
        headers = {"X-Switchboard-Signature": signed(SECRET, b"{}", datetime.now(UTC))}
        async with door.http.post("/webhooks/orders/shop", data=b"{}", headers=headers) as response:
            assert response.status == 503
            assert int(response.headers["Retry-After"]) >= 1
    await lost.close()
