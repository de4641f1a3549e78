"""`python -m benchmarks [NAME…] [--quick]`: runs them and prints each figure beside its limit or its peer."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import uvloop

from benchmarks import chat, crowd, flood, intake, mail, memory, scale, size, start, telegram, widget
from benchmarks.figures import Figure
from benchmarks.stage import Stage
from tests.servers.mongo import MongoServer

BENCHMARKS: dict[str, Callable[[Stage], AsyncIterator[Figure | str]]] = {
    "start": start.run,
    "memory": memory.run,
    "intake": intake.run,
    "flood": flood.run,
    "scale": scale.run,
    "size": size.run,
    "chat": chat.run,
    "chat-crowd": crowd.run,
    "chat-widget": widget.run,
    "telegram": telegram.run,
    "mail": mail.run,
}


async def measure(names: list[str], quick: bool) -> None:
    """Run the benchmarks `names` on one new MongoDB."""
    mongo = MongoServer(in_memory=False)
    try:
        mongo.start()
        with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as folder:
            stage = Stage(Path(folder), mongo, quick)
            for name in names:
                began = time.monotonic()
                print(f"\n{name}", flush=True)
                async for figure in BENCHMARKS[name](stage):
                    print(figure, flush=True)
                print(f"  ({time.monotonic() - began:.0f} s)", flush=True)
    finally:
        mongo.stop()


def main() -> None:
    """Exit code 0 when everything was measured, however the figures are."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed and memory of Switchboard.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS) + "; all without one")
    parser.add_argument("--quick", action="store_true", help="one short round each: whether, not how much")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65536) if most > 0 else 65536, most))
    print(f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}; each min/median/max")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(asked.names or list(BENCHMARKS), asked.quick))


if __name__ == "__main__":
    main()
