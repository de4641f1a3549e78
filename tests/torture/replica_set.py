"""Real `mongod` processes that are killed, cut off and run out of disk: one, or a set of three.

Each keeps its data in a file system of its own in memory, of a size that is given, so that it can be filled up. It is
mounted in a namespace of its own and is gone with it, whatever ends the run.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pymongo
from pymongo.errors import PyMongoError

from core.child import answers, spawn
from core.mongod import find_mongod
from tests.servers.ports import free_port

SET = "torture"
ELECTION_MS = 2000


class Disk:
    """A file system in memory that can be filled up and freed. `folder` is how this process reaches it."""

    def __init__(self, megabytes: int) -> None:
        self._megabytes = megabytes
        self._keeper: subprocess.Popen[bytes] | None = None
        self._place = Path(tempfile.mkdtemp(prefix="switchboard-torture-disk-"))

    async def mount(self) -> None:
        """Make it. Raises RuntimeError when this machine lets nobody do so."""
        mount = f"mount -t tmpfs -o size={self._megabytes}m,mode=0777 none '{self._place}' && echo there && exec cat"
        unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
        self._keeper = subprocess.Popen(  # noqa: ASYNC220 - it starts in an instant, and its pipes are waited for elsewhere
            [*unshare, "sh", "-c", mount], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self._keeper.stdout is not None
        if not await asyncio.to_thread(self._keeper.stdout.readline):
            _, complaint = self._keeper.communicate()
            raise RuntimeError(f"no file system of our own can be made here: {complaint.decode().strip()}")

    @property
    def folder(self) -> Path:
        """Where its files are, seen from here."""
        assert self._keeper is not None
        return Path(f"/proc/{self._keeper.pid}/root{self._place}")

    @property
    def inside(self) -> list[str]:
        """What to write before a command that is to have it at `place`."""
        assert self._keeper is not None
        user = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
        return ["nsenter", "-t", str(self._keeper.pid), *user, "-m"]

    @property
    def place(self) -> Path:
        """Where it is for who is inside."""
        return self._place

    def fill(self) -> None:
        """Leave no byte free."""
        with (self.folder / "filler").open("ab", buffering=0) as filler:
            for size in (1 << 20, 4096):
                try:
                    while True:
                        filler.write(bytes(size))
                except OSError:
                    continue

    def free(self) -> None:
        """Take back what filled it."""
        (self.folder / "filler").unlink(missing_ok=True)

    def unmount(self) -> None:
        """Let go of it and all that is in it."""
        if self._keeper is not None:
            self._keeper.kill()
            self._keeper.communicate()
        shutil.rmtree(self._place, ignore_errors=True)


class Node:
    """One `mongod` on a disk of its own."""

    def __init__(self, megabytes: int) -> None:
        self.disk = Disk(megabytes)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it, again after it ended, on what it has on disk; returns when it listens."""
        self._process = spawn(
            [
                *self.disk.inside,
                str(find_mongod()),
                *("--dbpath", str(self.disk.place), "--logpath", f"{self.disk.place}.log", "--logappend", "--quiet"),
                *("--bind_ip", "127.0.0.1", "--port", str(self.port), "--nounixsocket", "--replSet", SET),
                *("--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "64"),
                *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            ]
        )
        async with asyncio.timeout(180):
            while not await answers(self.port):
                if self._process.poll() is not None:
                    raise RuntimeError(f"a mongod ended at once, see {self.disk.place}.log")
                await asyncio.sleep(0.02)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    async def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(self._process.wait)

    def stop(self) -> None:
        """End it for good; its data is of no use to anybody."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self.disk.unmount()
        Path(f"{self.disk.place}.log").unlink(missing_ok=True)


class ReplicaSet:
    """`async with ReplicaSet(3) as members:` is a set with a primary."""

    def __init__(self, count: int, megabytes: int = 512) -> None:
        self.nodes = [Node(megabytes) for _ in range(count)]

    @property
    def uri(self) -> str:
        """How to reach it."""
        return f"mongodb://{','.join(f'127.0.0.1:{node.port}' for node in self.nodes)}/?replicaSet={SET}"

    async def __aenter__(self) -> ReplicaSet:
        try:
            for node in self.nodes:
                await node.disk.mount()
            await asyncio.gather(*(node.start() for node in self.nodes))
            members = [{"_id": n, "host": f"127.0.0.1:{node.port}"} for n, node in enumerate(self.nodes)]
            settings = {"electionTimeoutMillis": ELECTION_MS, "heartbeatIntervalMillis": 500}
            await self._ask(self.nodes[0], "replSetInitiate", {"_id": SET, "members": members, "settings": settings})
            await self.primary()
        except BaseException:
            self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End every node."""
        for node in self.nodes:
            node.stop()

    async def _ask(self, node: Node, command: str, value: Any = 1) -> dict[str, Any]:
        def ask() -> dict[str, Any]:
            client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
                "127.0.0.1", node.port, directConnection=True, timeoutMS=5000
            )
            with client:
                return client.admin.command(command, value)

        return await asyncio.to_thread(ask)

    async def primary(self, within: float = 180) -> Node:
        """The node that takes writes, as soon as there is one."""
        async with asyncio.timeout(within):
            while True:
                for node in self.nodes:
                    try:
                        if node.alive and (await self._ask(node, "hello")).get("isWritablePrimary"):
                            return node
                    except PyMongoError:
                        continue
                await asyncio.sleep(0.05)

    async def whole(self, within: float = 360) -> None:
        """Every node is up, one is the primary and the others follow it."""
        async with asyncio.timeout(within):
            while True:
                for node in self.nodes:
                    if not node.alive:
                        node.disk.free()
                        await node.start()
                try:
                    status = await self._ask(await self.primary(), "replSetGetStatus")
                except PyMongoError:
                    continue
                if {member["state"] for member in status["members"]} <= {1, 2}:
                    return
                await asyncio.sleep(0.1)
