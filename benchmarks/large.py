"""`make bench-large`: what grows with the history, and what must not.

Two databases on one MongoDB: 1,000,000 conversations with 10,000,000 entries, and a hundredth of that. Everything is
measured in turns on both, with the same hub: large over small is the figure, and at most 1.5 is wanted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from benchmarks.fill import CACHE_GB, LARGE, SMALL, Built, HistoryServer, filled, sizes
from benchmarks.history import ENTRIES, LONG
from benchmarks.large_looks import Scene, looks
from benchmarks.large_traffic import traffic
from benchmarks.large_turns import in_turns
from benchmarks.stage import Stage

LIMIT = 1.5


async def measure(server: HistoryServer, built: Built, rounds: int) -> AsyncIterator[str]:
    """Every figure, large over small."""
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as folder:
        stage = Stage(Path(folder), server)
        async with AsyncExitStack() as open_:
            scenes = []
            for name, span in ((SMALL, built.small), (LARGE, built.large)):
                stores = await open_.enter_async_context(stage.stores(name))
                began = time.monotonic()
                hub = await open_.enter_async_context(stage.hub(name, "web"))
                yield f"  {name}: a hub is ready after {time.monotonic() - began:.1f} s"
                scenes.append(await Scene.of(stores, span, hub.url, open_))
            small, large = scenes
            group = ""
            for look in looks(small):
                if look.group != group:
                    group = look.group
                    yield f"\n{group}"
                yield await in_turns(look, large, small, rounds, LIMIT)
        async for told in traffic(stage, rounds, LIMIT):
            yield told


def run(folder: Path, conversations: int, rounds: int) -> Iterator[str]:
    """Build (or find) both histories, say how large they are, and measure."""
    server = HistoryServer(folder)
    built: Built | None = None
    for told in filled(server, conversations):
        if isinstance(told, Built):
            built = told
        else:
            yield told
    assert built is not None
    yield f"built in {built.took:.0f} s; entries: {built.large.entries:,} and {built.small.entries:,}"
    server.open(alone=False)
    try:
        yield from sizes(server.uri, LARGE)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            lines = measure(server, built, rounds)
            while True:
                try:
                    yield runner.run(anext(lines))  # type: ignore[arg-type]  # an async generator's step is a coroutine
                except StopAsyncIteration:
                    return
    finally:
        server.shut()


def main() -> None:
    """Exit code 0 when everything was measured, however the figures are."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__)
    parser.add_argument("--conversations", type=int, default=1_000_000, help=f"{ENTRIES} entries each, and {LONG:,}")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep what is built there, and use it the next time")
    parser.add_argument("--rounds", type=int, default=8, help="how often each is measured on both, in turns")
    asked = parser.parse_args()
    print(
        f"{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}, MongoDB with {CACHE_GB} GB of cache; each min/median/max",
        flush=True,
    )
    with tempfile.TemporaryDirectory(prefix="switchboard-history-") as folder:
        for line in run(asked.keep or Path(folder), asked.conversations, asked.rounds):
            print(line, flush=True)


if __name__ == "__main__":
    main()
