"""Starts and stops the whole: database, worker, pages. `async with running(settings) as hub:` is a hub at work."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from aiohttp import web

from core.agents.passwords import new_password
from core.checkpoint import arm
from core.errors import SetupError
from core.feed import Change, Reader, conversation_changed, entry_changed, lanes_of, order_changed
from core.settings import Settings
from switchboard import rooms
from switchboard.postoffice import PostOffice
from switchboard.sample import add_sample_data
from switchboard.web import application
from switchboard.wiring import INDEXES, Parts, Stores, open_database, parts_on, stores_on

log = structlog.get_logger(__name__)

ADMIN = "admin@example.org"


@dataclass(frozen=True)
class Hub:
    """A hub at work. `first_password` is the first administrator's, told once, when there was nobody before."""

    parts: Parts
    url: str = ""
    first_password: str | None = None


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Hub]:
    """Everything `settings.role` says, until the block ends; then what is in hand is finished.

    Raises SetupError when it cannot start, with what to do.
    """
    if settings.crash_step:
        arm(settings.crash_at)
    async with open_database(settings) as database:
        await database.hello()
        if changes := await database.migrate(INDEXES):
            log.info("database.migrated", indexes=len(changes))
        stores = stores_on(database, settings)
        parts = parts_on(stores, settings)
        password = await _first_administrator(stores)
        follower = asyncio.create_task(_follow(parts))
        try:
            if settings.role in ("all", "worker"):
                parts.worker.start()
            async with _sample(parts) as post, _serving(parts, post) as url:
                yield Hub(parts, url, password)
        finally:
            if settings.role in ("all", "worker"):
                await parts.worker.stop()
            follower.cancel()
            await asyncio.gather(follower, return_exceptions=True)
            await parts.lines.close()


@asynccontextmanager
async def _sample(parts: Parts) -> AsyncIterator[PostOffice | None]:
    """The sample data and its post office, where they are wanted."""
    if not parts.settings.wants_sample_data or parts.settings.role != "all":
        yield None
        return
    post = PostOffice()
    await post.open()
    try:
        await add_sample_data(parts, post)
        yield post
    finally:
        await post.close()


@asynccontextmanager
async def _serving(parts: Parts, post: PostOffice | None) -> AsyncIterator[str]:
    """The pages and doors (a worker alone has only its health pages), until the block ends."""
    settings = parts.settings
    room = rooms.build(parts, post)
    app = application(room.routes, middlewares=room.middlewares, max_body=settings.max_body)
    # Handlers that hold a connection open are told first, so that closing waits for nobody.
    app.on_shutdown.append(room.close)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5, handle_signals=False)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port, reuse_address=True, backlog=1024)
        try:
            await site.start()
        except OSError as error:
            raise SetupError(
                f"Port {settings.port} on {settings.host} cannot be used ({error.strerror or error}). "
                "Choose another with --port.",
                code="port",
            ) from error
        host, port = runner.addresses[0][:2]
        shown = f"[{host}]" if ":" in host else "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104  # only shown
        yield f"http://{shown}:{port}"
    finally:
        await runner.cleanup()


async def _first_administrator(stores: Stores) -> str | None:
    if await stores.agents.anybody():
        return None
    password = new_password()
    with contextlib.suppress(Exception):
        # Another process may be as new as this one; then its administrator is the one.
        await stores.agents.add("Administrator", ADMIN, password, role="admin")
        return password
    return None


async def _follow(parts: Parts) -> None:
    """Announce here what other processes write."""
    stores, feed = parts.stores, parts.feed

    async def entries(ids: Sequence[str]) -> list[Change]:
        found = await stores.interactions.some(ids)
        return [change for entry in found for change in (entry_changed(entry), *lanes_of(entry))]

    async def conversations(ids: Sequence[str]) -> list[Change]:
        return [conversation_changed(c) for c in await stores.conversations.some(ids)]

    async def orders(ids: Sequence[str]) -> list[Change]:
        return [order_changed(order) for order in await stores.orders.some(ids)]

    async def accounts(ids: Sequence[str]) -> list[Change]:
        return [Change("account", id, ("accounts",)) for id in ids]

    async def agents(ids: Sequence[str]) -> list[Change]:
        return [Change("agent", id, ("agents",)) for id in ids]

    readers: dict[str, Reader] = {
        "interactions": entries,
        "conversations": conversations,
        "orders": orders,
        "accounts": accounts,
        "agents": agents,
    }
    await feed.follow(stores.database, readers)
