"""trace: the one id under which everything about a message is logged, from the door to the provider's yes.

It is the id of the entry that came in, unless a proxy in front of the hub gave the request one. What is written while
an entry is handled keeps its trace, so that deliveries and follow-ups in other processes are logged under it too.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Protocol

import structlog

log = structlog.get_logger(__name__)

_followed: ContextVar[str] = ContextVar("trace", default="")
_request: ContextVar[str] = ContextVar("request", default="")
_telling = False


class Traced(Protocol):
    """What has a trace: an entry of the log."""

    @property
    def id(self) -> str:
        """The entry's own id."""
        ...

    @property
    def trace(self) -> str:
        """That of the entry it came of; empty when it is the first."""
        ...

    @property
    def channel(self) -> str:
        """The kind of line."""
        ...

    @property
    def account(self) -> str:
        """The line."""
        ...


def asked(request: str, trace: str = "") -> None:
    """A request begins: what this task does from now on belongs to it."""
    _request.set(request)
    _followed.set(trace)


def follow(entry: Traced | None) -> None:
    """What this task does from now on is about `entry`, until it follows another; None: about no entry."""
    _followed.set("" if entry is None else entry.trace or entry.id)


def followed() -> str:
    """The trace this task follows; empty when it follows none."""
    return _followed.get()


def request() -> str:
    """The id of the request this task answers; empty when it answers none."""
    return _request.get()


def tell_steps(wanted: bool) -> None:
    """Whether each step of a message is worth a line. Asked once, so that untold steps cost one comparison."""
    global _telling
    _telling = wanted


def step(name: str, entry: Traced, **facts: Any) -> None:
    """Called when `entry` has passed a step of its path: one line at level info."""
    if _telling:
        trace = entry.trace or _followed.get() or entry.id
        log.info(name, trace=trace, entry=entry.id, channel=entry.channel, account=entry.account, **facts)
