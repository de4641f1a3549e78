"""What the benchmarks stand on: one real MongoDB, hubs and the bare peer as processes of their own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psutil

from core.accounts.secrets import Vault
from core.database import Database
from core.settings import Settings
from switchboard.stores import Stores, stores_on
from tests.running import KEY, Process, hub_process
from tests.servers.mongo import MongoServer

# As an operator has it: with byte code, whatever the shell that runs this says.
PLAIN = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONUNBUFFERED": "", "SWITCHBOARD_LOG_LEVEL": "warning"}


@dataclass(frozen=True, slots=True)
class Peer:
    """A running `benchmarks/bare.py`."""

    url: str
    pid: int


@dataclass
class Stage:
    """One run. `quick` is for seeing that figures come out, not for believing them."""

    folder: Path
    mongo: MongoServer
    quick: bool = False
    _numbers: count[int] = field(default_factory=count)

    def rounds(self, wanted: int) -> int:
        """How many rounds to make."""
        return 1 if self.quick else wanted

    def some(self, wanted: float, quick: float) -> float:
        """How much of something: seconds, visitors."""
        return quick if self.quick else wanted

    def database(self) -> str:
        """The name of a new database."""
        return f"bench_{next(self._numbers)}"

    def data(self) -> Path:
        """A new folder."""
        folder = self.folder / f"data_{next(self._numbers)}"
        folder.mkdir()
        return folder

    def effort(self, pid: int) -> float:
        """Processor seconds that a server and MongoDB have used up to now."""
        return sum(sum(psutil.Process(id).cpu_times()[:2]) for id in (pid, self.mongo.pid))

    @asynccontextmanager
    async def hub(self, database: str, role: str = "all", **settings: str) -> AsyncIterator[Process]:
        """`switchboard serve` on the shared MongoDB, ready; `settings` as `sample_data="true"`."""
        environment = {
            **PLAIN,
            "SWITCHBOARD_MONGODB_URI": self.mongo.uri,
            "SWITCHBOARD_DATABASE": database,
            "SWITCHBOARD_SAMPLE_DATA": "false",
            "SWITCHBOARD_PRIVATE_NETWORKS": "127.0.0.0/8",
            **{f"SWITCHBOARD_{name.upper()}": value for name, value in settings.items()},
        }
        async with hub_process(self.data(), "--role", role, environment=environment) as hub:
            yield hub

    @asynccontextmanager
    async def private_hub(self, folder: Path) -> AsyncIterator[Process]:
        """`switchboard serve` as `make run` starts it: with its private MongoDB and sample data in `folder`."""
        async with hub_process(folder, environment=PLAIN) as hub:
            yield hub

    @asynccontextmanager
    async def stores(self, database: str) -> AsyncIterator[Stores]:
        """The stores of a hub's database, for setting the scene and for counting afterwards."""
        opened = Database.connect(self.mongo.uri, database)
        try:
            yield stores_on(opened, Settings.load(None, secret_key=KEY))
        finally:
            await opened.close()

    @asynccontextmanager
    async def bare(self) -> AsyncIterator[Peer]:
        """The bare peer on the same MongoDB, ready."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.bare", self.mongo.uri, self.database()),
            cwd=Path(__file__).parents[1],
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            line = (await process.stdout.readline()).decode()
            assert line, "the bare peer did not start"
            yield Peer(line.strip(), process.pid)
        finally:
            process.terminate()
            await process.wait()


def signing_key(purpose: str) -> str:
    """The key a room of these hubs signs with: so that a benchmark's visitors are known ones."""
    return Vault(KEY).purpose(purpose)


def resident(pid: int) -> tuple[float, float | None]:
    """Memory of a process in MB: resident, and its proportional share where /proc tells."""
    pages = Path(f"/proc/{pid}/smaps_rollup")
    facts = {
        line.split(":")[0]: int(line.split()[1]) / 1024
        for line in pages.read_text().splitlines()
        if line.startswith(("Rss:", "Pss:"))
    }
    return facts["Rss"], facts.get("Pss")
