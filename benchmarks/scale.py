"""Scale-out: the same load on 1, 2 and 4 hubs, each group on a database of its own; clients go to its hubs in turn.

Clients, hubs and MongoDB share this machine. On two cores a second hub has only what the first left free, and four
hubs show what sharing costs rather than what it brings.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count

from benchmarks.chat import Talk, talk
from benchmarks.figures import Figure, compared, percentile, spread
from benchmarks.intake import HEADERS, SECRET, rates, updates
from benchmarks.load import Load, post
from benchmarks.stage import Stage
from benchmarks.visitor import Browser, browser, open_site
from core.channel import Account
from switchboard.stores import Stores

CLIENTS = 64
_seeds = count(100, 10)
# What two hubs are to take in, beside the bare handler.
TWICE = 2.0


@dataclass(frozen=True)
class Group:
    """Hubs on one database."""

    urls: Sequence[str]
    browsers: Sequence[Browser]
    stores: Stores


async def run(stage: Stage) -> AsyncIterator[Figure | str]:
    """Intake at doors of hubs for the web alone, then questions to hubs that do everything."""
    sizes = (1, 2) if stage.quick else (1, 2, 4)
    async for told in _intake(stage, sizes):
        yield told
    async for told in _answers(stage, sizes):
        yield told


async def _intake(stage: Stage, sizes: Sequence[int]) -> AsyncIterator[Figure | str]:
    async with AsyncExitStack() as open_:
        bare = await open_.enter_async_context(stage.bare())
        groups = {n: await open_.enter_async_context(_hubs(stage, n, "web", bare.url)) for n in sizes}
        doors = {n: [f"{url}/webhooks/telegram/bench" for url in group.urls] for n, group in groups.items()}
        targets = {0: [bare.url + "/message"], **doors}
        for urls in targets.values():
            for url in urls:  # the first one waits until the adapter has been imported
                await post(url, HEADERS, updates(next(_seeds)), senders=1, seconds=120, most=1)
            await _posted(urls, 0.5)
        loads: dict[int, list[Load]] = {n: [] for n in targets}
        for number in range(stage.rounds(5)):
            for n in sorted(targets, reverse=bool(number % 2)):
                await asyncio.sleep(0.2)
                loads[n].append(await _posted(targets[n], stage.some(3, 0.5)))
    peer = rates(loads[0])
    for n in sizes:
        yield compared(
            f"intake, {n} hub{'s' if n > 1 else ''}", "msg/s", rates(loads[n]), peer, "bare", TWICE if n == 2 else None
        )
        if n > 1:
            yield compared("  beside one hub", "msg/s", rates(loads[n]), rates(loads[1]), "one")


async def _posted(urls: Sequence[str], seconds: float) -> Load:
    """`CLIENTS` senders, shared out among `urls`."""
    together = Load()
    share = CLIENTS // len(urls)
    every = await asyncio.gather(
        *(post(url, HEADERS, updates(n), senders=share, seconds=seconds) for n, url in enumerate(urls, next(_seeds)))
    )
    for load in every:
        assert not load.refused, f"{load.refused} requests were refused"
        together.waits += load.waits
        together.seconds = max(together.seconds, load.seconds)
    return together


async def _answers(stage: Stage, sizes: Sequence[int]) -> AsyncIterator[Figure | str]:
    async with AsyncExitStack() as open_:
        groups = {n: await open_.enter_async_context(_hubs(stage, n, "all")) for n in sizes}
        for group in groups.values():
            await asyncio.gather(*(talk(where, 8, 1) for where in group.browsers))
        talks: dict[int, list[Talk]] = {n: [] for n in sizes}
        for number in range(stage.rounds(5)):
            for n in sorted(sizes, reverse=bool(number % 2)):
                await asyncio.sleep(0.3)
                talks[n].append(await _talked(groups[n].browsers, int(stage.some(3, 1))))
        shares = {n: await _shares(group.stores) for n, group in groups.items()}
    ones = [len(heard.answers) / heard.seconds for heard in talks[1]]
    for n in sizes:
        found = [len(heard.answers) / heard.seconds for heard in talks[n]]
        name = f"question to answer, {n} hub{'s' if n > 1 else ''}, {CLIENTS} visitors"
        yield compared(name, "per s", found, ones, "one")
        slow = [percentile(heard.answers, 0.99) * 1000 for heard in talks[n]]
        yield Figure("  99th percentile", "ms", slow)
        if n > 1:
            yield f"  of the answers, each hub queued {spread(shares[n])} %"


async def _talked(browsers: Sequence[Browser], each: int) -> Talk:
    together = Talk()
    for heard in await asyncio.gather(*(talk(where, CLIENTS // len(browsers), each) for where in browsers)):
        together.answers += heard.answers
        together.seconds = max(together.seconds, heard.seconds)
    return together


async def _shares(stores: Stores) -> list[float]:
    """Hundredths of all answers that each process wrote: an id ends with the mark of the process that made it."""
    log = stores.database.collection("interactions")
    counted = [
        row["n"]
        async for row in log.aggregate(
            [
                {"$match": {"direction": "out"}},
                {"$group": {"_id": {"$substrCP": ["$_id", 13, 7]}, "n": {"$sum": 1}}},
            ]
        )
    ]
    return [count * 100 / sum(counted) for count in counted]


@asynccontextmanager
async def _hubs(stage: Stage, number: int, role: str, bot_api: str = "") -> AsyncIterator[Group]:
    database = stage.database()
    async with AsyncExitStack() as open_:
        stores = await open_.enter_async_context(stage.stores(database))
        await open_site(stores)
        if bot_api:
            settings = {"mode": "webhook", "api_url": bot_api, "bot": False}
            secrets = {"token": "4711:" + "x" * 35, "webhook_secret": SECRET}
            await stores.accounts.save(Account("telegram", "bench", "Bench", settings, secrets))
        hubs = [await open_.enter_async_context(stage.hub(database, role)) for _ in range(number)]
        browsers = [await open_.enter_async_context(browser(hub.url)) for hub in hubs]
        yield Group([hub.url for hub in hubs], browsers, stores)
