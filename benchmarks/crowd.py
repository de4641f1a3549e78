"""A crowd in the chat of one process: 5,000 visitors who say nothing, and 500 who each say something every 10 s."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from time import perf_counter

from benchmarks.figures import Figure, limited, percentile
from benchmarks.stage import Stage, resident
from benchmarks.visitor import Visitor, browser, open_site

LIMIT_KB = 40
LIMIT_MS = 250
EVERY = 10.0


async def run(stage: Stage) -> AsyncIterator[Figure | str]:
    """One hub for both: who writes does so while the others look on."""
    idle, busy = int(stage.some(5000, 200)), int(stage.some(500, 20))
    async with stage.stores(database := stage.database()) as stores, stage.hub(database) as hub:
        await open_site(stores)
        async with AsyncExitStack() as open_, browser(hub.url) as visitors:
            # The first hundred pay for what all of them share: code paths, buffers, pools.
            await visitors.many(100, open_)
            before, _ = resident(hub.process.pid)
            began = perf_counter()
            await visitors.many(idle, open_)
            seconds = perf_counter() - began
            await asyncio.sleep(stage.some(2, 0.5))
            after, _ = resident(hub.process.pid)
            yield limited(
                f"an idle visitor, of {idle:,} in one process", "KB", [(after - before) * 1024 / idle], LIMIT_KB
            )
            yield Figure(f"  visitors who come in, {idle:,} in a row", "per s", [idle / seconds])
            came = await visitors.many(busy, open_)
            effort = stage.effort(hub.process.pid)
            began = perf_counter()
            waits = await talk(came, stage.some(60, 6), stage.some(EVERY, 2))
            share = (stage.effort(hub.process.pid) - effort) / (perf_counter() - began)
    yield Figure(
        f"message to ack, {busy} visitors, one each {EVERY:g} s, median", "ms", [percentile(waits, 0.5) * 1000]
    )
    yield limited("  99th percentile", "ms", [percentile(waits, 0.99) * 1000], LIMIT_MS)
    yield Figure("  processor while they talk, MongoDB included", "cores", [share])


async def talk(came: list[Visitor], seconds: float, every: float) -> list[float]:
    """Each says something every `every` seconds, out of step with the others; seconds to each ack."""
    waits: list[float] = []
    ends = perf_counter() + seconds

    async def one(visitor: Visitor) -> None:
        await asyncio.sleep(random.uniform(0, every))
        while perf_counter() < ends:
            began = perf_counter()
            number = secrets.token_hex(8)
            # A person is asked for first, so that what is measured is the chat and not the bot.
            await visitor.say("I want to talk to a person", number)
            while True:
                frame = await visitor.hear()
                if frame["type"] == "ack" and frame["id"] == number:
                    break
            waits.append(perf_counter() - began)
            await asyncio.sleep(max(0.0, every - (perf_counter() - began)))

    await asyncio.gather(*(one(visitor) for visitor in came))
    return waits
