"""The private MongoDB: a real `mongod` that the hub starts under its data folder and stops with itself.

A one-node replica set on loopback, with authentication on, so that the same code runs against it and against any
production MongoDB. Of several hubs on one data folder the one that holds `owner.lock` runs the mongod and the others
attach to it; the kernel frees that lock however the owner ends, and then the next one takes over.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import orjson
import structlog
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError

from core.child import PATIENCE, answers, end, free_port, spawn, tell
from core.errors import SetupError
from core.settings import kept_secret

USER = "switchboard"
SET = "switchboard"
CACHE_GB = 0.5
START = 60.0  # seconds a start may take, recovery of a large journal included
AUTHENTICATION_FAILED = 18  # MongoDB's error code
WAIT_FOR_PORT = 5.0  # seconds
LOOK = 0.25  # seconds between two looks at the process

_NONE_FOUND = (
    "No MongoDB was found to keep the data in. Put mongod on PATH, name it in SWITCHBOARD_MONGOD, "
    "or name a running MongoDB in SWITCHBOARD_MONGODB_URI."
)
_log = structlog.get_logger(__name__)


class PrivateMongod:
    """The private MongoDB of one data folder; `async with PrivateMongod(data) as uri:` or `start()` and `stop()`.

    While it is running it is watched, and started again when it dies. Start it from the main thread: Linux ends the
    mongod when the thread that started it ends, which is what ends it with a hub that was killed.
    """

    def __init__(self, data: Path, mongod: Path | None = None) -> None:
        """Nothing happens yet. `data` is the hub's data folder; `mongod` the program, found by itself when None."""
        self._folder = data.resolve() / "mongodb"
        self._db = self._folder / "db"
        self._program = mongod
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._password = ""
        self._port = 0
        self._settled = False  # true once the port has been told to clients, who wait for the MongoDB there
        self.first_time = False

    @property
    def uri(self) -> str:
        """How to reach it, with credentials: never log it."""
        return f"mongodb://{USER}:{self._password}@127.0.0.1:{self._port}/?replicaSet={SET}&authSource=admin"

    @property
    def owned(self) -> bool:
        """True when this hub runs it, false when it is attached to that of another hub."""
        return self._process is not None

    async def __aenter__(self) -> str:
        """Started; gives the URI."""
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stopped."""
        await self.stop()

    async def start(self) -> str:
        """The URI of a MongoDB that can be written to; raises SetupError when there can be none."""
        self._prepare()
        try:
            await self._ensure()
        except PyMongoError as error:
            await self.stop()
            raise SetupError(f"The private MongoDB does not answer as it should: {str(error)[:300]}") from error
        except BaseException:
            await self.stop()
            raise
        self._settled = True
        self._watcher = asyncio.create_task(self._watch(), name="mongod watcher")
        return self.uri

    async def stop(self) -> None:
        """Ends the mongod if this hub runs it, and leaves alone the one of another hub."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
            self._watcher = None
        self._settled = False
        if self._process is not None:
            await end(self._process)
            self._process = None
        self._release()

    # ------------------------------------------------------------------------------------------- the folder

    def _prepare(self) -> None:
        try:
            self._db.mkdir(parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            self._password = kept_secret(self._folder / "password")
            kept_secret(self._folder / "key")
        except OSError as error:
            raise SetupError(
                f"The private MongoDB cannot use {self._folder}: {error.strerror}. "
                "Make the data folder writable, or choose another with --data."
            ) from None
        self.first_time = not (self._db / "WiredTiger").exists()

    def _own(self) -> bool:
        """Takes the owner's lock if nobody has it."""
        if self._lock is None:
            lock = (self._folder / "owner.lock").open("ab")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.close()
                return False
            self._lock = lock
        return True

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _written_port(self) -> int:
        try:
            return int((self._folder / "port").read_text())
        except (OSError, ValueError):
            return 0

    def _write_port(self) -> None:
        fresh = self._folder / "port.new"
        fresh.write_text(f"{self._port}\n")
        fresh.replace(self._folder / "port")

    # ------------------------------------------------------------------------------------------- the start

    async def _ensure(self) -> None:
        """Called at start and whenever the mongod is gone: there is one, ours or another hub's, when it returns."""
        deadline = time.monotonic() + START
        while not self._own():
            if not self._settled:
                self._port = self._written_port()
            if self._port and await answers(self._port) and await self._primary(within=2):
                return
            if time.monotonic() > deadline:
                raise SetupError(
                    f"Another hub uses {self._folder}, but its MongoDB does not answer. "
                    "Stop that hub, or choose another data folder with --data."
                )
            await asyncio.sleep(0.1)
        await self._outlive_orphan()
        if not self._settled:
            known = self._written_port()
            self._port = await _same(known)
            if self._port != known:
                if (self._db / "WiredTiger").exists():
                    await self._move()
                self._write_port()
        self._process = self._spawn("--replSet", SET)
        await self._ready(self._process, deadline)

    async def _outlive_orphan(self) -> None:
        """Waits for the mongod of a hub that was killed: it is ending already, or else is told to."""
        began = time.monotonic()
        told = False
        while (pid := self._running()) is not None:
            waited = time.monotonic() - began
            if waited > PATIENCE:
                tell(pid, signal.SIGKILL)
            elif waited > 1.5 and not told:
                told = tell(pid, signal.SIGTERM)
            await asyncio.sleep(0.05)

    def _running(self) -> int | None:
        """The process that has this database open, from mongod's own lock file, if it is still alive."""
        try:
            pid = int((self._db / "mongod.lock").read_text())
            os.kill(pid, 0)
        except (OSError, ValueError):
            return None
        with contextlib.suppress(FileNotFoundError):  # there is no /proc on macOS
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            if os.fsencode(self._db) not in line.split(b"\0"):
                return None  # the number was given to another process since, or this is its zombie
        return pid

    def _spawn(self, *options: str) -> subprocess.Popen[bytes]:
        log = self._folder / "mongod.log"
        if log.exists():
            log.replace(self._folder / "mongod.log.1")
        command = [
            str(self._program or find_mongod()),
            *("--dbpath", str(self._db), "--logpath", str(log), "--quiet"),
            *("--bind_ip", "127.0.0.1", "--port", str(self._port), "--nounixsocket"),
            *("--auth", "--keyFile", str(self._folder / "key")),
            *("--wiredTigerCacheSizeGB", str(CACHE_GB), "--oplogSize", "990"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=0"),
            *options,
        ]
        return spawn(command, self._folder / "mongod.err")

    async def _listening(self, process: subprocess.Popen[bytes], deadline: float) -> None:
        while not await answers(self._port):
            if process.poll() is not None:
                raise SetupError(self._last_words(process.returncode))
            if time.monotonic() > deadline:
                raise SetupError(f"MongoDB did not start within {START:.0f} s; see {self._folder / 'mongod.log'}.")
            await asyncio.sleep(0.01)

    async def _ready(self, process: subprocess.Popen[bytes], deadline: float) -> None:
        """Returns when the mongod just started is the writable primary of its set, with our user in it."""
        await self._listening(process, deadline)
        if not await self._primary(within=0):
            await self._found()
        if not await self._primary(within=max(1.0, deadline - time.monotonic()), ours=True):
            raise SetupError(f"MongoDB started but cannot be written to; see {self._folder / 'mongod.log'}.")

    async def _move(self) -> None:
        """Puts the port of today into the set's configuration, where that of an earlier start is.

        By starting it once outside its set: a member that looks for itself first asks whoever has its old port now.
        """
        process = self._spawn()
        try:
            await self._listening(process, time.monotonic() + START)
            key = (self._folder / "key").read_text().strip()
            async with self._client(username="__system", password=key, authSource="local") as client:
                change = {"$set": {"members.0.host": f"127.0.0.1:{self._port}"}, "$inc": {"version": 1}}
                await client.local["system.replset"].update_one({"_id": SET}, change)
        finally:
            await end(process)

    @contextlib.asynccontextmanager
    async def _client(self, **login: str) -> AsyncIterator[AsyncMongoClient[dict[str, Any]]]:
        """A client for the block. It is closed to the end, also when somebody loses patience meanwhile."""
        options: dict[str, Any] = {**login, "retryReads": False, "retryWrites": False}  # we ask again ourselves, sooner
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            "127.0.0.1", self._port, directConnection=True, timeoutMS=5_000, **options
        )
        try:
            yield client
        finally:
            closing = asyncio.ensure_future(client.close())
            try:
                await asyncio.shield(closing)
            except asyncio.CancelledError:
                await closing
                raise

    async def _primary(self, *, within: float, ours: bool = False) -> bool:
        """Whether our user finds a primary there within so many seconds; with `ours` it must know our password."""
        until = time.monotonic() + within
        while True:
            try:
                # A new client each time, because one that was refused waits for its own next heartbeat. Every command
                # signs in first, and signing in proves either side to the other.
                async with self._client(username=USER, password=self._password, authSource="admin") as client:
                    if (await client.admin.command("hello")).get("isWritablePrimary"):
                        return True
            except PyMongoError as error:
                if ours and isinstance(error, OperationFailure) and error.code == AUTHENTICATION_FAILED:
                    raise SetupError(
                        f"The password in {self._folder / 'password'} does not open this database. Put the whole data "
                        "folder back from one backup, or choose another with --data."
                    ) from None
            if time.monotonic() >= until:
                return False
            await asyncio.sleep(0.02)

    async def _found(self) -> None:
        """Initiates the set and makes our user, as MongoDB's localhost exception allows while there is no user.

        Refused, and that is fine, when an earlier start has done it.
        """
        member = {"_id": 0, "host": f"127.0.0.1:{self._port}"}
        async with self._client() as client:
            with contextlib.suppress(OperationFailure):
                await client.admin.command("replSetInitiate", {"_id": SET, "members": [member]})
            for _ in range(500):
                if (await client.admin.command("hello")).get("isWritablePrimary"):
                    break
                await asyncio.sleep(0.01)
            with contextlib.suppress(OperationFailure):
                await client.admin.command("createUser", USER, pwd=self._password, roles=["root"])

    def _last_words(self, code: int) -> str:
        """Why the mongod ended, in the last words of its log."""
        log = self._folder / "mongod.log"
        reason = ""
        with contextlib.suppress(OSError):
            for line in reversed(log.read_bytes()[-100_000:].splitlines()):
                with contextlib.suppress(orjson.JSONDecodeError):
                    entry = orjson.loads(line)
                    if entry.get("s") in ("E", "F") and (attr := entry.get("attr")):
                        reason = str(attr.get("error") or attr.get("message") or entry.get("msg"))[:300]
                        break
        if not reason:  # it did not get as far as its log; a missing library is told here
            with contextlib.suppress(OSError):
                lines = (self._folder / "mongod.err").read_text(errors="replace").strip().splitlines()
                reason = lines[-1][:300] if lines else ""
        return (
            f"MongoDB ended at once with code {code}{': ' + reason if reason else ''}. Its log is {log}. "
            "You can also name a running MongoDB in SWITCHBOARD_MONGODB_URI."
        )

    # ------------------------------------------------------------------------------------------- the watch

    def _alive(self) -> bool:
        return self._process.poll() is None if self._process is not None else self._running() is not None

    async def _watch(self) -> None:
        pause = 0.0
        while True:
            await asyncio.sleep(LOOK)
            if self._alive():
                pause = 0.0
                continue
            await asyncio.sleep(pause)
            pause = min(max(pause * 2, 0.5), 30)
            self._process = None
            _log.warning("The private MongoDB is gone; starting it again.")
            try:
                await self._ensure()
            except (SetupError, PyMongoError, OSError) as error:
                _log.error("The private MongoDB does not start.", reason=str(error), again_in_seconds=pause)
            else:
                _log.info("The private MongoDB is back.")


async def _same(known: int) -> int:
    """The port `known`, waited for as long as another connection may happen to use it; any other free one after that.

    Hubs that are attached know no other, and would never find the MongoDB again.
    """
    until = time.monotonic() + WAIT_FOR_PORT
    while True:
        port = free_port(known)
        if port == known or not known or time.monotonic() > until:
            return port
        await asyncio.sleep(0.05)


def find_mongod() -> Path:
    """The mongod program: on PATH, else in the wheel that `make setup` installs. Raises SetupError if there is none."""
    if found := shutil.which("mongod"):
        return Path(found)
    # A namespace package, so looking for it runs none of its code.
    wheel = importlib.util.find_spec("fiftyone")
    for folder in (wheel.submodule_search_locations or []) if wheel else []:
        program = Path(folder) / "db" / "bin" / "mongod"
        if os.access(program, os.X_OK):
            return program
    raise SetupError(_NONE_FOUND)
