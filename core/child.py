"""A server that runs as a child of the hub, and ends with it whatever ends the hub."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from core.errors import SetupError

PATIENCE = 20.0  # seconds a server gets to end on its own


def spawn(command: list[str], complaints: Path | None = None) -> subprocess.Popen[bytes]:
    """A server of our own as a child: in its own session, silent, and (on Linux) told to end when we do.

    Its own session, because Ctrl-C in the terminal is for the hub, which needs its database to finish its work.
    What it writes to standard error goes to the file `complaints`. Call it from the main thread: Linux takes the end of
    the thread for the end of the parent.
    """
    with contextlib.ExitStack() as stack:
        errors = stack.enter_context(complaints.open("wb")) if complaints else subprocess.DEVNULL
        return _spawn(command, errors)


def _spawn(command: list[str], errors: IO[bytes] | int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - the program is the operator's choice
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
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


async def end(process: subprocess.Popen[bytes]) -> None:
    """Returns when the process has ended, by force if it takes too long."""
    began = time.monotonic()
    process.terminate()
    while process.poll() is None:
        if time.monotonic() - began > PATIENCE:
            process.kill()
        await asyncio.sleep(0.02)


def tell(pid: int, number: int) -> bool:
    """Sends a signal to a process that may have ended already; always True."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
    return True


async def answers(port: int) -> bool:
    """Whether anybody listens on the loopback port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def free_port(wish: int) -> int:
    """`wish` if it is free, else any free port of the loopback."""
    for port in (wish, 0) if wish else (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise SetupError("There is no free port on this machine left.")
