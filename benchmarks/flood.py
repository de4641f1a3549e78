"""A flood: about ten times what can be stored, for a minute, on one line; how much memory it takes, who else waits.

The database is slowed down, so that a client on the same machine can send so much more than can be stored. Another
line gets a message now and then, and its wait is compared with its wait before.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import uvloop

from benchmarks.figures import Figure, limited, percentile
from benchmarks.intake import HEADERS, SECRET, updates
from benchmarks.load import PATIENCE, Load, post
from benchmarks.stage import Peer, Stage
from core.channel import Account
from switchboard.stores import Stores
from tests.running import Process
from tests.servers.proxy import proxy

LIMIT_MB = 300
# What the way to the database is held up by, in seconds, so that one machine can send ten times what can be stored. A
# large message goes that way several times.
DELAY, DELAY_LARGE = 0.6, 0.2
# How soon somebody who was refused tries again; they are told to wait for a second at least.
PAUSE = 0.1
LARGE = 1024 * 1024
LINES = ("bench", "calm")


@dataclass(frozen=True)
class _Scene:
    hub: Process
    stores: Stores
    accepted: int


async def run(stage: Stage) -> AsyncIterator[Figure | str]:
    """Small messages first, then of a megabyte each."""
    async with stage.bare() as bare:
        for name, size, senders, seconds, delay in (
            ("messages", 0, 1000, stage.some(60, 3), stage.some(DELAY, DELAY / 2)),
            ("messages of 1 MB", LARGE, 50, stage.some(60, 2), stage.some(DELAY_LARGE, DELAY_LARGE / 10)),
        ):
            async with _scene(stage, bare, delay) as scene:
                async for told in _flood(stage, scene, name, size, senders, seconds):
                    yield told


async def _flood(
    stage: Stage, scene: _Scene, name: str, size: int, senders: int, seconds: float
) -> AsyncIterator[Figure | str]:
    door, before = _door(scene.hub, "bench"), stage.some(5, 1)
    few = await _some(partial(post, door, HEADERS, _body(1, size), senders=8 if size else 256, seconds=before))
    alone = await _some(partial(_now_and_then, scene, _body(2, 0), before))
    async with _peak(scene.hub.process.pid) as peak:
        calm = asyncio.create_task(_now_and_then(scene, _body(3, 0), seconds))
        many = await _elsewhere(door, size, senders, seconds)
        beside = await calm
    sent = (many.accepted + many.refused) / many.seconds
    yield f"  {name}: {few.rate:.0f} a second can be stored, {sent:.0f} are sent, {sent / few.rate:.1f} times as many"
    yield limited(f"  flood of {name}, resident at its peak", "MB", [peak.most], LIMIT_MB)
    yield Figure("  stored meanwhile", "msg/s", [many.rate], [many.rate / few.rate], "without the flood")
    # Where none of the other line got through meanwhile, each waited for all of it at least.
    waits = [percentile(load.waits or [seconds], 0.5) * 1000 for load in (beside, alone)]
    yield Figure("  another line's wait meanwhile, median", "ms", waits[:1], [waits[0] / waits[1]], "before the flood")
    told = many.refused - many.put_off
    yield f"  {many.put_off:,} were told to come again (503 with Retry-After), {told} got another refusal"
    yield f"  of the other line's {beside.accepted + beside.refused} messages {beside.refused} had to come again"
    assert not told
    log = scene.stores.database.collection("interactions")
    stored = await log.count_documents({"direction": "in"})
    accepted = scene.accepted + sum(load.accepted for load in (few, alone, many, beside))
    assert stored == accepted, f"{accepted} messages were accepted and {stored} are stored"
    yield f"  {accepted:,} messages were accepted and {stored:,} are stored"


async def _some(measure: Callable[[], Awaitable[Load]]) -> Load:
    """Measured again while nothing at all was stored: a machine that stood still tells nothing of the hub."""
    ends = time.monotonic() + PATIENCE
    while not (load := await measure()).accepted:
        assert time.monotonic() < ends, f"nothing was stored for {PATIENCE:.0f} s"
    return load


@asynccontextmanager
async def _scene(stage: Stage, bare: Peer, delay: float) -> AsyncIterator[_Scene]:
    database = stage.database()
    settings = {"mode": "webhook", "api_url": bare.url, "bot": False}
    async with stage.stores(database) as stores, proxy(urlsplit(stage.mongo.uri).port or 0) as line:
        for name in LINES:
            secrets = {"token": "4711:" + "x" * 35, "webhook_secret": SECRET}
            await stores.accounts.save(Account("telegram", name, "Bench", settings, secrets))
        slow = f"mongodb://127.0.0.1:{line.port}/?directConnection=true"
        async with stage.hub(database, "web", mongodb_uri=slow) as hub:
            # The first of each line imports the adapter and makes it.
            first = [
                await post(_door(hub, name), HEADERS, _body(n, 0), senders=1, seconds=60, most=1)
                for n, name in enumerate(LINES, 5)
            ]
            line.latency = delay
            yield _Scene(hub, stores, sum(load.accepted for load in first))


def _door(hub: Process, line: str) -> str:
    return f"{hub.url}/webhooks/telegram/{line}"


def _body(seed: int, size: int) -> Callable[[], bytes]:
    """Telegram updates; those with a `size` are filled up with words."""
    update = updates(seed)
    filling = b"word " * (size // 5)
    return lambda: update().replace(b'"text":"', b'"text":"' + filling, 1)


async def _elsewhere(url: str, size: int, senders: int, seconds: float) -> Load:
    """The flood, from a process of its own: the messages of the other line are not to wait for each other here."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.flood", url, str(size), str(senders), str(seconds)),
        cwd=Path(__file__).parents[1],
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await process.communicate()
    load: dict[str, Any] = json.loads(told)
    return Load(**load)


async def _now_and_then(scene: _Scene, body: Callable[[], bytes], seconds: float) -> Load:
    """The other line: one message, a breath, the next."""
    heard = Load()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        one = await post(_door(scene.hub, "calm"), HEADERS, body, senders=1, seconds=60, most=1)
        heard.waits += one.waits
        heard.refused += one.refused
        await asyncio.sleep(0.05)
    return heard


class _Peak:
    """The most memory that a process had resident while somebody looked, in MB."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.most = 0.0

    async def look(self) -> None:
        """Until it is cancelled."""
        while True:
            self.most = max(self.most, self._process.memory_info().rss / 1024**2)
            await asyncio.sleep(0.05)


@asynccontextmanager
async def _peak(pid: int) -> AsyncIterator[_Peak]:
    peak = _Peak(pid)
    looking = asyncio.create_task(peak.look())
    try:
        yield peak
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


async def _pour(url: str, size: int, senders: int, seconds: float) -> None:
    load = await post(url, HEADERS, _body(4, size), senders=senders, seconds=seconds, pause=PAUSE)
    print(json.dumps(asdict(load)))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_pour(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
