"""The worker: stops cleanly, survives its database, shares the work, and starves nobody."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from pymongo.errors import AutoReconnect

from core import clock
from core.addresses.address import Claim
from core.channel import Address
from core.database import Database
from core.errors import CannotStore
from core.worker import Worker
from switchboard.wiring import Parts
from tests.making import log_of, make_account, make_arrival, make_message, receive, until, working
from tests.servers.mongo import MongoServer
from tests.servers.provider import Provider, provider


async def test_a_question_is_answered_at_once(parts: Parts, there: Provider) -> None:
    """Without waiting for the next look: here there is none within the hour."""
    worker = Worker(parts.worker._, look=3600)
    worker.start()
    for n in range(7):
        await receive(parts, make_arrival("hello", person=f"p{n}"))
        await until(lambda n=n: said(there, n + 1))  # type: ignore[misc]  # the default binds it
    await worker.stop(grace=5)


async def said(there: Provider, n: int) -> bool:
    return len(there.sent) >= n


async def test_stopping_finishes_what_is_in_hand(database: Database, there: Provider) -> None:
    there.fail("hang", seconds=0.3, recorded=True, status=200)
    async with working(database, url=there.url, work=True) as parts:
        await receive(parts, make_arrival("hello"))
        await until(lambda: said(there, 1))
        await parts.worker.stop(grace=5)
        (_, answer) = await log_of(parts)
        assert answer.status != "sending", "what was begun was concluded"
        await receive(parts, make_arrival("more"))
        await asyncio.sleep(0.05)
        assert (await log_of(parts))[-1].status == "received", "nothing more is claimed"


async def test_a_worker_that_never_started_stops_too(parts: Parts) -> None:
    await parts.worker.stop()


async def test_more_people_than_a_worker_holds_are_all_answered(database: Database, there: Provider) -> None:
    async with working(database, url=there.url, work=True, concurrency=4) as parts:
        account = await parts.lines.account("chat", "demo")
        people = [f"p{n}" for n in range(60)]
        await asyncio.gather(
            *(parts.receive.keep(account, [make_arrival("hello", person=person)]) for person in people)
        )
        await until(lambda: said(there, 60))
        assert sorted(message.person for message in there.sent) == sorted(people)


async def test_a_database_that_goes_away_and_comes_back_is_worked_on_again(there: Provider) -> None:
    server = MongoServer()
    server.start()
    database = Database.connect(server.uri, "test", timeout=3)
    try:
        async with working(database, url=there.url, work=True) as parts:
            account = make_account(settings={"url": there.url})
            await receive(parts, make_arrival("hello", person="before"))
            await until(lambda: said(there, 1))
            server.kill()
            await asyncio.sleep(0.1)
            server.resume()

            async def kept() -> bool:
                try:
                    await parts.receive.keep(account, [make_arrival("hello", person="after", key="same")])
                except CannotStore:
                    return False
                return True

            await until(kept)
            await until(lambda: said(there, 2))
            assert [message.person for message in there.sent] == ["before", "after"]
    finally:
        await database.close()
        server.stop()


class Outage:
    """Handles nothing while the database is away, which is three times; notes how often the lane had failed."""

    def __init__(self) -> None:
        self.failures: list[int] = []

    async def __call__(self, claim: Claim) -> datetime | None:
        self.failures.append(claim.failures)
        if len(self.failures) == 1:
            raise AutoReconnect("connection reset")
        if len(self.failures) < 4:
            raise CannotStore("The database is away.")
        return clock.now() + timedelta(hours=1)


async def test_an_outage_is_not_the_fault_of_a_lane(parts: Parts) -> None:
    outage = Outage()
    worker = Worker(replace(parts.worker._, route=outage))  # type: ignore[arg-type]  # all the worker asks of it
    await receive(parts, make_arrival("hello"))
    worker.start()
    try:
        await until(lambda: tried(outage, 4))
    finally:
        await worker.stop()
    assert outage.failures == [0, 0, 0, 0], "so nobody waits for longer than a moment when it is back"


async def tried(outage: Outage, times: int) -> bool:
    return len(outage.failures) >= times


async def test_a_flooded_line_keeps_nobody_on_another_waiting(database: Database, there: Provider) -> None:
    async with working(database, url=there.url, concurrency=4) as parts:
        log = parts.stores.interactions
        await parts.stores.accounts.save(make_account(name="zoo", settings={"url": there.url}))
        await log.add([make_message("hello", person=f"p{n:04}") for n in range(600)])
        await log.add([make_message("hello", account="zoo", address="chat:zoo:calm")])
        parts.worker.start()

        async def answered() -> bool:
            return any(message.person == "calm" for message in there.sent)

        await until(answered)
        left, _ = await log.calling("", 1000)
        assert len(left) > 300, "most of the flood waits still"


async def test_a_provider_that_hangs_holds_up_its_own_line_alone(database: Database, there: Provider) -> None:
    async with (
        provider() as stuck,
        working(database, url=stuck.url, concurrency=8, send_seconds=100, work=True) as parts,
    ):
        stuck.fail("hang", times=1000, seconds=100)
        await parts.stores.accounts.save(make_account(name="zoo", settings={"url": there.url}))
        hung = await parts.lines.account("chat", "demo")
        await asyncio.gather(*(parts.receive.keep(hung, [make_arrival("hello", person=f"p{n}")]) for n in range(40)))
        await until(lambda: handled(parts, 40))
        calm = await parts.lines.account("chat", "zoo")
        await parts.receive.keep(calm, [make_arrival("hello", address=Address("chat", "zoo", "ann"))])
        await until(lambda: said(there, 1))
        await parts.worker.stop(grace=0)


async def handled(parts: Parts, n: int) -> bool:
    log = parts.stores.database.collection("interactions")
    return await log.count_documents({"direction": "in", "status": "handled"}) == n
