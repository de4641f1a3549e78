"""A closed-loop HTTP load over kept-alive connections: each sender waits for its answer, then sends the next.

A raw protocol rather than an HTTP library: on a small machine the client must not be what is measured.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import cast
from urllib.parse import urlsplit

# What must come is waited for: that it is slow is for the figure to say.
PATIENCE = 300.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass
class Load:
    """What came of it. `waits` are seconds from request to answer; `refused` counts answers other than 200.

    `put_off` of the refused were 503 with Retry-After. `effort` is the processor time spent on it, in seconds.
    """

    seconds: float = 0.0
    effort: float = 0.0
    waits: list[float] = field(default_factory=list)
    refused: int = 0
    put_off: int = 0

    @property
    def accepted(self) -> int:
        """Requests answered with 200."""
        return len(self.waits)

    @property
    def rate(self) -> float:
        """Accepted per second."""
        return self.accepted / self.seconds


class _Sender(asyncio.Protocol):
    def __init__(
        self, load: Load, request: Callable[[], bytes | None], ended: asyncio.Future[None], pause: float
    ) -> None:
        self._load = load
        self._pause = pause
        self._request = request
        self._ended = ended
        self._answer = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass
        self._next()

    def _next(self) -> None:
        request = None if self._transport.is_closing() else self._request()
        if request is None:
            self._transport.close()
            return
        self._sent_at = perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, found, body = self._answer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not found or length is None or len(body) < int(length[1]):
            return
        self._answer = b""
        if head[9:12] == b"200":
            self._load.waits.append(perf_counter() - self._sent_at)
        else:
            self._load.refused += 1
            self._load.put_off += head[9:12] == b"503" and b"\r\nretry-after: " in head.lower()
            if self._pause:
                asyncio.get_running_loop().call_later(self._pause, self._next)
                return
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._ended.done():
            self._ended.set_result(None)


async def post(
    url: str,
    headers: Mapping[str, str],
    body: Callable[[], bytes],
    *,
    senders: int,
    seconds: float,
    most: float = math.inf,
    pause: float = 0.0,
) -> Load:
    """POST what `body` makes to `url` from so many senders for so many seconds; every request begun is answered.

    There are `most` requests at most. Who is refused waits for `pause` seconds before the next.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    lines = {"Host": parts.netloc, "Content-Type": "application/json", **headers}
    head = f"POST {parts.path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    start = head.encode() + b"Content-Length: %d\r\n\r\n%b"
    loop = asyncio.get_running_loop()
    load = Load()
    began = perf_counter()
    left = most

    def request() -> bytes | None:
        nonlocal left
        left -= 1
        if left < 0 or perf_counter() - began >= seconds:
            return None
        made = body()
        return start % (len(made), made)

    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(senders)]
    for ended in ends:
        await loop.create_connection(partial(_Sender, load, request, ended, pause), host, port)
    async with asyncio.timeout(seconds + PATIENCE):
        await asyncio.gather(*ends)
    load.seconds = perf_counter() - began
    return load
