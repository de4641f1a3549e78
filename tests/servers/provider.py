"""A little provider on a socket, for tests of the path: takes messages, hands out updates, and fails on demand.

What it accepted is in `sent`, in order. `fail()` says what goes wrong with the next messages; a fault with `after`
happens once the message is recorded, as when the connection drops before the answer is through.

    async with provider() as there:
        there.fail("status", status=429, after_seconds=1)
        ...
        assert there.texts == ["hello"]
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web


@dataclass
class Fault:
    """One thing to go wrong, `times` times, with messages to `person` (anybody when None).

    `status` answers with a code and `after_seconds` as Retry-After; `drop` closes the connection; `hang` answers
    nothing for `seconds`. With `recorded` the message is taken all the same.
    """

    what: Literal["status", "drop", "hang"]
    status: int = 500
    after_seconds: float | None = None
    seconds: float = 30
    recorded: bool = False
    times: int = 1
    person: str | None = None


@dataclass(frozen=True)
class Sent:
    """One message that was accepted."""

    id: str
    key: str
    person: str
    text: str
    body: dict[str, Any] = field(repr=False)


class Provider:
    """The provider's side of every line that is connected to it."""

    def __init__(self) -> None:
        self.url = ""
        self.sent: list[Sent] = []
        self.tries = 0
        self.updates: list[dict[str, Any]] = []
        self.listeners: list[str] = []  # who reads updates at this moment
        self.crowd = 0  # the most that ever did so at once
        self.reads: list[int] = []  # the cursor of every read
        self.password = "open"
        self.files: dict[str, bytes] = {}
        self.taken_as: dict[str, str] = {}  # idempotency key → id
        self._faults: list[Fault] = []
        self._news = asyncio.Event()
        self._closing = asyncio.Event()

    @property
    def texts(self) -> list[str]:
        """The texts that were accepted."""
        return [message.text for message in self.sent]

    def to(self, person: str) -> list[str]:
        """The texts that were accepted for one person."""
        return [message.text for message in self.sent if message.person == person]

    def fail(self, what: Literal["status", "drop", "hang"], **how: Any) -> None:
        """Let the next message fail."""
        self._faults.append(Fault(what, **how))

    def bring(self, *updates: dict[str, Any]) -> None:
        """Updates for whoever listens."""
        self.updates.extend(updates)
        self._news.set()

    async def send(self, request: web.Request) -> web.StreamResponse:
        """POST /send {key, person, text}"""
        body = await request.json()
        self.tries += 1
        fault = self._fault(body["person"])
        if fault is None or fault.recorded:
            known = self.taken_as.get(body["key"]) if body.get("idempotent") else None
            id = known or f"p{len(self.sent) + 1}"
            if known is None:
                self.taken_as[body["key"]] = id
                self.sent.append(Sent(id, body["key"], body["person"], body["text"], body))
        if fault is None:
            return web.json_response({"id": id})
        if fault.what == "drop":
            assert request.transport is not None
            request.transport.abort()
        elif fault.what == "hang":
            await self._wait(self._closing, fault.seconds)
        wait = {} if fault.after_seconds is None else {"Retry-After": str(fault.after_seconds)}
        return web.Response(status=fault.status, headers=wait)

    async def read(self, request: web.Request) -> web.StreamResponse:
        """GET /updates?after=N waits for updates beyond the N-th; the header `Password` must be right."""
        if request.headers.get("Password") != self.password:
            return web.Response(status=401)
        after = int(request.query["after"])
        self.reads.append(after)
        self.listeners.append(request.query.get("who", ""))
        self.crowd = max(self.crowd, len(self.listeners))
        try:
            while len(self.updates) <= after and not self._closing.is_set() and request.transport is not None:
                self._news.clear()
                await self._wait(self._news, 0.05)
        finally:
            self.listeners.remove(request.query.get("who", ""))
        return web.json_response({"updates": self.updates[after : after + 10]})

    async def file(self, request: web.Request) -> web.StreamResponse:
        """GET /files/NAME"""
        data = self.files.get(request.match_info["name"])
        return web.Response(body=data) if data is not None else web.Response(status=404)

    def _fault(self, person: str) -> Fault | None:
        for fault in self._faults:
            if fault.person in (None, person) and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    @staticmethod
    async def _wait(event: asyncio.Event, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return

    async def close(self, _: web.Application) -> None:
        """Let go of whoever waits."""
        self._closing.set()
        self._news.set()


@asynccontextmanager
async def provider() -> AsyncIterator[Provider]:
    """A provider on a free port of the loopback."""
    there = Provider()
    app = web.Application()
    app.router.add_post("/send", there.send)
    app.router.add_get("/updates", there.read)
    app.router.add_get("/files/{name}", there.file)
    app.on_shutdown.append(there.close)
    runner = web.AppRunner(app, shutdown_timeout=1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    there.url = f"http://127.0.0.1:{port}"
    try:
        yield there
    finally:
        await runner.cleanup()
