"""A whole hub for a test: in this process on a free port, or as processes of its own that can be killed."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from yarl import URL

from core.settings import Settings
from switchboard.hub import Hub, running

KEY = "a key for tests that is long enough to be one"


@asynccontextmanager
async def running_hub(uri: str, name: str, **settings: object) -> AsyncIterator[Hub]:
    """A hub at work in this process, on a free port; `hub.url` and `hub.parts`."""
    wanted: dict[str, object] = {
        "mongodb_uri": uri,
        "database": name,
        "port": 0,
        "secret_key": KEY,
        "log_level": "warning",
        # Every counterpart of a test is on this machine.
        "private_networks": "127.0.0.0/8",
        **settings,
    }
    async with running(Settings.load(env_file=None, **wanted)) as hub:
        yield hub


@dataclass
class Process:
    """`switchboard serve` in a process of its own. `url` is known once it is ready."""

    process: asyncio.subprocess.Process
    url: str = ""
    lines: list[str] = field(default_factory=list)

    async def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM, and the exit code."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await self.process.wait()

    async def died(self, within: float = 120) -> int:
        """Wait for it to end by itself; the exit code (negative: the signal)."""
        async with asyncio.timeout(within):
            return await self.process.wait()


@asynccontextmanager
async def hub_process(
    folder: Path, *arguments: str, environment: dict[str, str] | None = None
) -> AsyncIterator[Process]:
    """A hub process that is ready; it is stopped at the end, however it fared. `folder` is its data folder."""
    with (folder / f"hub-{os.urandom(3).hex()}.log").open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "switchboard", "serve", "--port", "0", "--data", str(folder), *arguments),
            env={
                **os.environ,
                "SWITCHBOARD_SECRET_KEY": KEY,
                "SWITCHBOARD_PRIVATE_NETWORKS": "127.0.0.0/8",
                **(environment or {}),
            },
            cwd=folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
    hub = Process(process)
    reading: asyncio.Task[None] | None = None
    try:
        assert process.stdout is not None
        async with asyncio.timeout(120):
            while not hub.url:
                line = (await process.stdout.readline()).decode()
                assert line, f"the hub ended with {await process.wait()} before it was ready"
                hub.lines.append(line.rstrip())
                if "ready at " in line:
                    hub.url = line.split("ready at ")[1].strip()
        reading = asyncio.create_task(_drain(hub))
        yield hub
    finally:
        if process.returncode is None:
            await hub.stop()
        if reading is not None:
            await reading


async def _drain(hub: Process) -> None:
    assert hub.process.stdout is not None
    async for line in hub.process.stdout:
        hub.lines.append(line.decode().rstrip())


async def deaf(url: str, path: str, cookies: str = "") -> socket.socket:
    """A page's connection to `url` that asks for `path` and never reads."""
    hub = URL(url)
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(made, (hub.host, hub.port))
    head = f"GET {path} HTTP/1.1\r\nHost: {hub.host}:{hub.port}\r\nCookie: {cookies}\r\n\r\n"
    await loop.sock_sendall(made, head.encode())
    return made
