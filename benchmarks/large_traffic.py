"""What comes in on top of a large history: intake, and the whole way from a question to the bot's answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from statistics import median

from benchmarks.chat import talk
from benchmarks.fill import LARGE, SMALL
from benchmarks.intake import HEADERS, Target, on_telegram, updates, worked_off
from benchmarks.large_turns import figure
from benchmarks.stage import Stage
from benchmarks.visitor import Browser, browser, open_site
from switchboard.stores import Stores


async def traffic(stage: Stage, rounds: int, limit: float) -> AsyncIterator[str]:
    """Intake through a process for the web alone; then one that does everything."""
    async with stage.bare() as bare:
        for role in ("web", "all"):
            async with AsyncExitStack() as open_:
                small, large = [await _hub(stage, name, role, bare.url, open_) for name in (SMALL, LARGE)]
                if role == "web":
                    yield "\nIntake over HTTP, a process for the web alone"
                    for senders in (64, 1):
                        mine, its = await _intake(large, small, senders, rounds)
                        yield str(figure(f"a message, {senders} at once", "ms", mine, its, limit))
                    continue
                yield "\nClaim, route, decide, send, deliver: one process that does everything"
                for hub in (small, large):
                    await worked_off(hub.stores)
                mine, its = await _handled(large, small, rounds)
                yield str(figure("a message of somebody known, handled, 64 at once", "ms", mine, its, limit))
                for visitors in (1, 64):
                    mine, its = await _answered(large, small, visitors, rounds)
                    yield str(figure(f"question to answer, {visitors} at once", "ms", mine, its, limit))


class Hub:
    """One hub, where Telegram and the chat reach it."""

    def __init__(self, stores: Stores, door: Target, chat: Browser) -> None:
        self.stores, self.door, self.chat = stores, door, chat


async def _hub(stage: Stage, name: str, role: str, bot_api: str, open_: AsyncExitStack) -> Hub:
    stores = await open_.enter_async_context(stage.stores(name))
    await on_telegram(stores, bot_api)
    await open_site(stores)
    hub = await open_.enter_async_context(stage.hub(name, role))
    seed = int(time.time()) % 100_000 * 2 + (name == LARGE)
    door = Target(hub.url + "/webhooks/telegram/bench", HEADERS, updates(seed), lambda: stage.effort(hub.process.pid))
    await door(64, 0.5)  # imports the adapter, opens connections
    return Hub(stores, door, await open_.enter_async_context(browser(hub.url)))


async def _intake(large: Hub, small: Hub, senders: int, rounds: int) -> tuple[list[float], list[float]]:
    mine: list[float] = []
    its: list[float] = []
    for number in range(rounds):
        turns = [(its, small), (mine, large)]
        for results, hub in turns if number % 2 == 0 else turns[::-1]:
            results.append(1000 / (await hub.door(senders, 1.0)).rate)
    return mine, its


async def _handled(large: Hub, small: Hub, rounds: int) -> tuple[list[float], list[float]]:
    """From the first of a burst until the last of it was handled, for each message."""
    mine: list[float] = []
    its: list[float] = []
    for number in range(rounds):
        turns = [(its, small), (mine, large)]
        for results, hub in turns if number % 2 == 0 else turns[::-1]:
            began = time.perf_counter()
            sent = (await hub.door(64, 0.7)).accepted
            await worked_off(hub.stores)
            results.append((time.perf_counter() - began) * 1000 / sent)
    return mine, its


async def _answered(large: Hub, small: Hub, visitors: int, rounds: int) -> tuple[list[float], list[float]]:
    mine: list[float] = []
    its: list[float] = []
    for number in range(rounds):
        turns = [(its, small), (mine, large)]
        for results, hub in turns if number % 2 == 0 else turns[::-1]:
            await asyncio.sleep(0.2)
            results.append(median((await talk(hub.chat, visitors, 4 if visitors == 1 else 1)).answers) * 1000)
    return mine, its
