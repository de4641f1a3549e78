"""The proxy of docker/cluster.yaml in front of hubs of a test: a real HAProxy with the very configuration."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.servers.ports import free_port

CONFIGURATION = Path(__file__).parents[2] / "docker" / "haproxy.cfg"


@asynccontextmanager
async def balancer(ports: Sequence[int], folder: Path) -> AsyncIterator[str]:
    """The URL of a proxy before the hubs on these ports of the loopback; where there are two, the third is down."""
    port = free_port()
    places = [f"127.0.0.1:{one}" for one in (*ports, *[free_port()] * 3)][:3]
    environment = {"PROXY_BIND": f"127.0.0.1:{port}", **{f"HUB_{n}": place for n, place in enumerate(places, 1)}}
    with (folder / "haproxy.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *("haproxy", "-db", "-f", str(CONFIGURATION)),
            env={"PATH": os.environ["PATH"] + ":/usr/sbin", **environment},
            stdout=log,
            stderr=log,
        )
    try:
        async with asyncio.timeout(120):
            while True:
                assert process.returncode is None, (folder / "haproxy.log").read_text()
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
