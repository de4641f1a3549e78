"""Start: seconds from exec until the hub says that it is ready, and until `--help` is printed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from time import perf_counter

from benchmarks.figures import Figure, limited
from benchmarks.stage import PLAIN, Stage
from tests.running import Process


async def run(stage: Stage) -> AsyncIterator[Figure | str]:
    """In turns, so that a busy moment of the machine meets them all."""
    running: list[float] = []
    first: list[float] = []
    later: list[float] = []
    asked: list[float] = []
    database = stage.database()
    await _ready(stage.hub(database))  # makes the indexes, and byte code
    for _ in range(stage.rounds(5)):
        running.append(await _ready(stage.hub(database)))
        folder = stage.data()
        first.append(await _ready(stage.private_hub(folder)))
        later.append(await _ready(stage.private_hub(folder)))
        asked.append(await _help())
    yield limited("serve, with a running MongoDB", "s", running, 1.5)
    yield limited("serve, private MongoDB, the first time", "s", first, 4)
    yield limited("serve, private MongoDB, later", "s", later, 4)
    yield limited("--help", "s", asked, 0.4)


async def _ready(hub: AbstractAsyncContextManager[Process]) -> float:
    began = perf_counter()
    async with hub:
        return perf_counter() - began


async def _help() -> float:
    began = perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "switchboard", "--help"), env=PLAIN, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert b"serve" in out
    return perf_counter() - began
