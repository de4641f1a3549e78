"""Ports for servers that must know theirs before they listen."""

from __future__ import annotations

import contextlib
import secrets
import socket
from pathlib import Path

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST = 10_000
_given: set[int] = set()


def free_port() -> int:
    """A port of the loopback that nobody listens on, and that this process was not given before.

    It is below those that the system gives to whoever connects (Linux: ip_local_port_range), and none of them is taken
    between this call and the server's start. Processes beside this one hardly ever choose the same: what tests call
    random is the same in all of them, this is not.
    """
    while True:
        port = LOWEST + secrets.randbelow(_first_of_the_system() - LOWEST)
        if port in _given:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            _given.add(port)
            return port


def _first_of_the_system() -> int:
    first = int(RANGE.read_text().split()[0]) if RANGE.exists() else 49_152  # RFC 6335, 6
    return max(first, 2 * LOWEST)
