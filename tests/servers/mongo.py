"""One real MongoDB for a whole run of the tests: a one-node replica set with its journal, in a temporary folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pymongo

from core.child import spawn
from core.mongod import find_mongod
from tests.servers.ports import free_port

MEMORY = Path("/dev/shm")
ROOM = 4 * 1024**3


class MongoServer:
    """A mongod without authentication. Ends with the process that started it, whatever ends that.

    With `in_memory` its folder is in memory where there is room: tests make thousands of collections, which a disk that
    others use as well is slow at. What is measured stays on the disk.
    """

    def __init__(self, *, in_memory: bool = True) -> None:
        place = MEMORY if in_memory and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM else None
        self.folder = Path(tempfile.mkdtemp(prefix="switchboard-tests-", dir=place))
        self.port = free_port()
        self.uri = f"mongodb://127.0.0.1:{self.port}/?replicaSet=tests"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it can be written to, about 0.6 s later."""
        self._spawn()
        client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient("127.0.0.1", self.port, directConnection=True)
        with client:
            member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
            client.admin.command("replSetInitiate", {"_id": "tests", "members": [member]})
            while not client.admin.command("hello").get("isWritablePrimary"):
                time.sleep(0.01)

    def kill(self) -> None:
        """Ends it at once and keeps what it has on disk, as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def resume(self) -> None:
        """Starts it again after `kill`, on the same folder and port; returns when it listens."""
        self._spawn()

    def _spawn(self) -> None:
        self._process = spawn(
            [
                str(find_mongod()),
                *("--dbpath", str(self.folder), "--logpath", str(self.folder / "log"), "--quiet"),
                *("--bind_ip", "127.0.0.1", "--port", str(self.port), "--nounixsocket", "--replSet", "tests"),
                *("--wiredTigerCacheSizeGB", "0.5", "--oplogSize", "200"),
                *("--setParameter", "diagnosticDataCollectionEnabled=false"),
                # Nobody reads what was five minutes ago.
                *("--setParameter", "minSnapshotHistoryWindowInSeconds=0"),
            ]
        )
        deadline = time.monotonic() + 120
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"mongod did not start:\n{(self.folder / 'log').read_text()[-3000:]}")
            time.sleep(0.01)

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """Ends it and removes its folder; the data is of no use to anybody, so by force."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def database_name_for(test: str) -> str:
    """A name no other test, process or run uses."""
    safe = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in test)[:20]
    return f"t_{safe}_{os.urandom(6).hex()}"
