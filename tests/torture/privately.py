"""The private MongoDB of a hub, seen from outside: where it is, and how it is killed."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from core.mongod import SET, USER


@dataclass(frozen=True)
class PrivateDatabase:
    """That of the data folder `folder`."""

    folder: Path

    @property
    def uri(self) -> str:
        """How to reach it once a hub has started it."""
        port = (self.folder / "mongodb" / "port").read_text().strip()
        password = (self.folder / "mongodb" / "password").read_text().strip()
        return f"mongodb://{USER}:{password}@127.0.0.1:{port}/?replicaSet={SET}&authSource=admin"

    def kill(self) -> bool:
        """kill -9; whether there was one to kill."""
        try:
            pid = int((self.folder / "mongodb" / "db" / "mongod.lock").read_text())
            if b"mongod" not in Path(f"/proc/{pid}/cmdline").read_bytes():
                return False
            os.kill(pid, signal.SIGKILL)
        except (OSError, ValueError):
            return False
        return True
