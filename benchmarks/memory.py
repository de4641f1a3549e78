"""Memory: an idle hub, and what each open chat socket adds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from benchmarks.figures import Figure, limited
from benchmarks.stage import Stage, resident
from benchmarks.visitor import browser, open_site

LIMIT_MB = 120
LIMIT_KB = 40


async def run(stage: Stage) -> AsyncIterator[Figure | str]:
    """A new hub for each round: memory that was used once is seldom given back."""
    idle: list[float] = []
    share: list[float] = []
    each: list[float] = []
    many = int(stage.some(2000, 300))
    for _ in range(stage.rounds(3)):
        database = stage.database()
        async with stage.stores(database) as stores, stage.hub(database) as hub:
            await open_site(stores)
            await asyncio.sleep(stage.some(2, 0.5))
            rss, pss = resident(hub.process.pid)
            idle.append(rss)
            if pss is not None:
                share.append(pss)
            async with AsyncExitStack() as open_, browser(hub.url) as visitors:
                # The first hundred pay for what all of them share: code paths, buffers, pools.
                await visitors.many(100, open_)
                before, _ = resident(hub.process.pid)
                await visitors.many(many, open_)
                await asyncio.sleep(stage.some(2, 0.5))
                after, _ = resident(hub.process.pid)
                each.append((after - before) * 1024 / many)
    yield limited("an idle hub, resident", "MB", idle, LIMIT_MB)
    if share:
        yield Figure("  its proportional share (PSS)", "MB", share)
    yield limited(f"an open chat socket, of {many:,}", "KB", each, LIMIT_KB)
