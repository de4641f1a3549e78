"""What the doors use of the rest, put together in `switchboard/rooms.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import web

from core.channel import Account, Channel, Parses
from core.doors import Fetches
from core.network import Network
from core.receive import Kept
from webhooks.fetch import Fetch


class FindsLines(Protocol):
    """`core.lines.Lines`, as far as a door needs it."""

    async def account(self, channel: str, name: str) -> Account:
        """The enabled account. Raises UnknownAccount."""
        ...

    async def get(self, channel: str, name: str) -> Channel:
        """Its live adapter. Raises UnknownAccount."""
        ...


class Takes(Protocol):
    """`core.receive.Receive`, as far as a door needs it."""

    async def take(self, account: Account, adapter: Parses, body: bytes, headers: Mapping[str, str]) -> list[Kept]:
        """Keep what `body` holds, durably. Raises NotThisFormat and CannotStore."""
        ...


@dataclass(frozen=True)
class Needs:
    """`max_body` is in bytes. `ready` raises a SwitchboardError when this process cannot work.

    `visitor_ip` knows which proxies to trust. `in_flight` bounds the requests one account has in hand at once, and
    `large_in_flight` those of all that may become larger than `max_body`; `bytes_in_hand` bounds the bodies of all
    together. `fetch` gets keys, and what providers only name. `metrics` is the page in the text format of Prometheus:
    for who has `metrics_token`, where it is set, else for requests that `near` tells to come from where the operator's
    own monitoring is.
    """

    receive: Takes
    lines: FindsLines
    max_body: int
    ready: Callable[[], Awaitable[object]]
    metrics: Callable[[], Awaitable[bytes]]
    visitor_ip: Callable[[web.Request], str] = lambda request: request.remote or ""
    near: Callable[[web.Request], bool] = lambda request: True
    in_flight: int = 256
    large_in_flight: int = 8
    bytes_in_hand: int = 8 * 1024 * 1024
    fetch: Fetches = field(default_factory=lambda: Fetch(Network()))
    metrics_token: str = ""
