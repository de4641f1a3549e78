"""The private MongoDB: a real `mongod` that the hub starts under its data folder and stops with itself.

A one-node replica set on loopback, with authentication on, so that the same code runs against it and against any
production MongoDB. Of several hubs on one data folder the one that holds `owner.lock` runs the mongod and the others
attach to it; the kernel frees that lock however the owner ends, and then the next one takes over.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import orjson
import structlog
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError

from core.errors import SetupError
from core.settings import kept_secret

USER = "switchboard"
SET = "switchboard"
CACHE_GB = 0.5
START = 60.0  # seconds a start may take, recovery of a large journal included
STOP = 20.0  # seconds a mongod gets to end on its own
AUTHENTICATION_FAILED = 18  # MongoDB's error codes
NOT_YET_INITIALIZED = 94
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
        self._folder = data.absolute() / "mongodb"
        self._db = self._folder / "db"
        self._program = mongod
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._password = ""
        self._port = 0
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
        except BaseException:
            await self.stop()
            raise
        self._watcher = asyncio.create_task(self._watch(), name="mongod watcher")
        return self.uri

    async def stop(self) -> None:
        """Ends the mongod if this hub runs it, and leaves alone the one of another hub."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
            self._watcher = None
        if self._process is not None:
            await _end(self._process)
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
            self._port = self._port or self._written_port()
            if self._port and await _answers(self._port) and await self._primary():
                return
            if time.monotonic() > deadline:
                raise SetupError(
                    f"Another hub uses {self._folder}, but its MongoDB does not answer. "
                    "Stop that hub, or choose another data folder with --data."
                )
            await asyncio.sleep(0.1)
        await self._outlive_orphan()
        if not self._port:  # else a restart: the clients of this hub know the port and wait for it there
            self._port = _free_port(self._written_port())
            self._write_port()
        self._process = self._spawn()
        await self._ready(self._process, deadline)

    async def _outlive_orphan(self) -> None:
        """Waits for the mongod of a hub that was killed: it is ending already, or else is told to."""
        began = time.monotonic()
        told = False
        while (pid := self._running()) is not None:
            waited = time.monotonic() - began
            if waited > STOP:
                _signal(pid, signal.SIGKILL)
            elif waited > 1.5 and not told:
                told = _signal(pid, signal.SIGTERM)
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

    def _spawn(self) -> subprocess.Popen[bytes]:
        log = self._folder / "mongod.log"
        if log.exists():
            log.replace(self._folder / "mongod.log.1")
        command = [
            str(self._program or find_mongod()),
            *("--dbpath", str(self._db), "--logpath", str(log), "--quiet"),
            *("--bind_ip", "127.0.0.1", "--port", str(self._port), "--nounixsocket"),
            *("--replSet", SET, "--auth", "--keyFile", str(self._folder / "key")),
            *("--wiredTigerCacheSizeGB", str(CACHE_GB), "--oplogSize", "990"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=0"),
        ]
        return spawn(command)

    async def _ready(self, process: subprocess.Popen[bytes], deadline: float) -> None:
        """Returns when the mongod just started is the writable primary of its set, with our user in it."""
        while not await _answers(self._port):
            if process.poll() is not None:
                self._process = None
                raise SetupError(self._last_words(process.returncode))
            if time.monotonic() > deadline:
                raise SetupError(f"MongoDB did not start within {START:.0f} s; see {self._folder / 'mongod.log'}.")
            await asyncio.sleep(0.01)
        if not await self._primary(within=0):
            await self._make_user()
            await self._join(deadline)
        if not await self._primary(within=max(1.0, deadline - time.monotonic())):
            raise SetupError(f"MongoDB started but cannot be written to; see {self._folder / 'mongod.log'}.")

    def _client(self, *, user: bool = True) -> AsyncMongoClient[dict[str, Any]]:
        login: dict[str, Any] = {"username": USER, "password": self._password, "authSource": "admin"} if user else {}
        return AsyncMongoClient(
            "127.0.0.1",
            self._port,
            directConnection=True,
            retryReads=False,  # we ask again ourselves, sooner than the driver would
            retryWrites=False,
            timeoutMS=5_000,
            **login,
        )

    async def _primary(self, within: float = 2) -> bool:
        """Whether our user finds a primary there within so many seconds."""
        until = time.monotonic() + within
        async with self._client() as client:
            while True:
                with contextlib.suppress(PyMongoError):
                    # Every command signs in first, and signing in proves either side to the other.
                    if (await client.admin.command("hello")).get("isWritablePrimary"):
                        return True
                if time.monotonic() >= until:
                    return False
                await asyncio.sleep(0.02)

    async def _make_user(self) -> None:
        """Initiates the set and makes our user, as MongoDB's localhost exception allows while there is no user."""
        async with self._client(user=False) as client:
            with contextlib.suppress(OperationFailure):  # it has been initiated, or has users: then _join decides
                await client.admin.command("replSetInitiate", self._config(1))
            for _ in range(500):
                hello = await client.admin.command("hello")
                if hello.get("isWritablePrimary"):
                    break
                if not hello.get("setName"):
                    return  # it does not find itself in the set, because the port changed
                await asyncio.sleep(0.01)
            with contextlib.suppress(OperationFailure):
                await client.admin.command("createUser", USER, pwd=self._password, roles=["root"])

    async def _join(self, deadline: float) -> None:
        """Puts the port of today into the set's configuration, where that of an earlier start may be."""
        async with self._client() as client:
            kept = None
            while kept is None:
                try:
                    kept = (await client.admin.command("replSetGetConfig"))["config"]
                except OperationFailure as error:
                    if error.code == AUTHENTICATION_FAILED:
                        raise SetupError(
                            f"The password in {self._folder / 'password'} does not open this database. Put the whole "
                            "data folder back from one backup, or choose another with --data."
                        ) from None
                    # It first asks whoever has its old port now, and a program that never answers takes a while.
                    if error.code != NOT_YET_INITIALIZED or time.monotonic() > deadline:
                        raise
                    await asyncio.sleep(0.1)
            if kept["members"][0]["host"] != f"127.0.0.1:{self._port}":
                config = self._config(int(kept["version"]) + 1)
                await client.admin.command("replSetReconfig", config, force=True)

    def _config(self, version: int) -> dict[str, Any]:
        member = {"_id": 0, "host": f"127.0.0.1:{self._port}"}
        return {"_id": SET, "version": version, "members": [member]}

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
        if code == 127:
            reason = "a library it needs is missing on this machine"
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


def spawn(command: list[str]) -> subprocess.Popen[bytes]:
    """A server of our own as a child: in its own session, silent, and (on Linux) told to end when we do.

    Its own session, because Ctrl-C in the terminal is for the hub, which needs its database to finish its work.
    """
    try:
        return subprocess.Popen(  # noqa: S603 - the program is the operator's choice
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
            preexec_fn=_dies_with_us(),
        )
    except OSError as error:
        raise SetupError(f"{command[0]} cannot be started: {error.strerror}.") from None


def _dies_with_us() -> Callable[[], None] | None:
    """What the child does between fork and exec, prepared here because it may take no lock and import nothing."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG, prctl(2)
        if os.getppid() != parent:  # we died before the request was made
            os._exit(1)

    return ask


async def _end(process: subprocess.Popen[bytes]) -> None:
    """Returns when the process has ended, by force if it takes too long."""
    began = time.monotonic()
    process.terminate()
    while process.poll() is None:
        if time.monotonic() - began > STOP:
            process.kill()
        await asyncio.sleep(0.02)


def _signal(pid: int, number: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
    return True


async def _answers(port: int) -> bool:
    """Whether anybody listens on the loopback port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def _free_port(wish: int) -> int:
    """`wish` if it is free, else any free port of the loopback."""
    for port in (wish, 0) if wish else (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise SetupError("There is no free port on this machine for the private MongoDB.")
