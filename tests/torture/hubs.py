"""The hub processes under torture: each is started again whenever it ends, and has a clock and a line of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.running import KEY
from tests.servers.ports import free_port

FAKETIME = "libfaketime.so.1"
LIBRARIES = (Path("/usr/lib"), Path("/usr/lib64"), Path("/usr/local/lib"))


def faketime() -> Path:
    """The library that fakes a process's clock. Raises RuntimeError when it is not installed."""
    for folder in LIBRARIES:
        for found in (*folder.glob(f"faketime/{FAKETIME}"), *folder.glob(f"*/faketime/{FAKETIME}")):
            return found
    raise RuntimeError("libfaketime is not installed (Debian: libfaketime)")


def clock_of(file: Path, program: str | Path) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment by which Python runs `program` with the clock that `file` says ("+600": seconds)."""
    return [str(Path(__file__).with_name("clocked.py")), str(program)], {
        "LD_PRELOAD": str(faketime()),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }


@dataclass
class Plan:
    """How one process is run. `uri` is its own way to the database, None where it uses the private one of `folder`."""

    name: str
    role: str
    folder: Path
    uri: str | None
    environment: Mapping[str, str] = field(default_factory=dict)
    clock: bool = True


class Hub:
    """One process, kept running. `url` is where it answers, empty while it does not."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.url = ""
        self.lmtp = free_port()
        self.starts = 0
        self.ends: list[int] = []
        self._clock = plan.folder / f"{plan.name}.clock"
        self._log = plan.folder / f"{plan.name}.log"
        self._process: asyncio.subprocess.Process | None = None
        self._ready = asyncio.Event()

    # -------------------------------------------------------------------------------------------- running it

    async def run(self) -> None:
        """Start it, and again when it ends, until cancelled; then it is ended."""
        self.jump(0)
        try:
            while True:
                await self._once()
        finally:
            self.url = ""
            self._signal(signal.SIGCONT)
            self._signal(signal.SIGKILL)
            if self._process is not None:
                await self._process.wait()

    async def _once(self) -> None:
        process = self._process = await self._spawn()
        self.starts += 1
        assert process.stdout is not None
        async for line in process.stdout:
            words = line.decode()
            if "ready at " in words:
                self.url = words.split("ready at ")[1].strip()
                self._ready.set()
        self._ready.clear()
        self.url = ""
        self.ends.append(await process.wait())

    async def _spawn(self) -> asyncio.subprocess.Process:
        plan = self.plan
        environment = {
            **os.environ,
            "SWITCHBOARD_SECRET_KEY": KEY,
            "SWITCHBOARD_SAMPLE_DATA": "false",
            "SWITCHBOARD_PRIVATE_NETWORKS": "127.0.0.0/8",
            "SWITCHBOARD_LOG_LEVEL": "warning",
            **plan.environment,
        }
        if plan.role != "worker":
            environment["SWITCHBOARD_LMTP_LISTEN"] = f"127.0.0.1:{self.lmtp}"
        program = ["-m", "switchboard"]
        if plan.clock:
            program, faked = clock_of(self._clock, "switchboard")
            environment |= faked
        database = ("--mongodb-uri", plan.uri) if plan.uri else ()
        with self._log.open("ab") as errors:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, *program, "serve", "--port", "0", "--data", str(plan.folder)),
                *("--role", plan.role, *database),
                env=environment,
                cwd=plan.folder,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )

    async def ready(self, within: float = 180) -> None:
        """Wait until it answers."""
        async with asyncio.timeout(within):
            await self._ready.wait()

    # -------------------------------------------------------------------------------------------- what befalls it

    @property
    def up(self) -> bool:
        """Whether it is running and answers."""
        return bool(self.url)

    def kill(self) -> bool:
        """kill -9; whether there was something to kill."""
        return self._signal(signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM: it finishes what is in hand."""
        self._signal(signal.SIGTERM)

    def freeze(self) -> None:
        """Stand still, as a machine that is being moved does."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on as if nothing had been."""
        self._signal(signal.SIGCONT)

    def jump(self, seconds: float) -> None:
        """Set its clock so many seconds wrong."""
        # Put in place whole: the library reads it at any moment.
        fresh = self._clock.with_suffix(".new")
        fresh.write_text(f"{seconds:+.0f}\n")
        fresh.replace(self._clock)

    def _signal(self, number: int) -> bool:
        if self._process is None or self._process.returncode is not None:
            return False
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)
        return True


class Front:
    """The proxy before the web processes, as a company has one: passes each connection to one that answers."""

    def __init__(self, hubs: list[Hub], dice: random.Random) -> None:
        self._hubs = hubs
        self._dice = dice
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        answering = [hub for hub in self._hubs if hub.plan.role != "worker" and hub.up]
        self._dice.shuffle(answering)
        for hub in answering:
            with contextlib.suppress(OSError):
                inner, outer = await asyncio.open_connection("127.0.0.1", int(hub.url.rpartition(":")[2]))
                try:
                    await asyncio.gather(_pump(reader, outer), _pump(inner, writer))
                finally:
                    outer.transport.abort()
                break
        writer.transport.abort()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(65536):
            sink.write(chunk)
            await sink.drain()
    except ConnectionError:
        pass
    # What either end has ended is over for both: an answer that was begun is gone with its hub.
    sink.close()


@asynccontextmanager
async def running(hubs: list[Hub], dice: random.Random) -> AsyncIterator[Front]:
    """All of `hubs` ready, and the front before them; ended at the end."""
    front = Front(hubs, dice)
    server = await asyncio.start_server(front.serve, "127.0.0.1", 0)
    front.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    for hub in hubs:
        hub.plan.environment = {**hub.plan.environment, "SWITCHBOARD_PUBLIC_URL": front.url}
    keeping = [asyncio.create_task(hub.run()) for hub in hubs]
    try:
        for hub in hubs:
            await hub.ready()
        yield front
    finally:
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)
        server.close()
