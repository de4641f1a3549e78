"""Starts and stops the whole: database, worker, pages. `async with running(settings) as hub:` is a hub at work."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog
from aiohttp import web

from core.agents.passwords import new_password
from core.chat.store import changed as typing_changed
from core.checkpoint import arm
from core.database import Database
from core.errors import SetupError
from core.feed import (
    Change,
    Reader,
    agent_changed,
    conversation_changed,
    entry_changed,
    lanes_of,
    lead_changed,
    order_changed,
)
from core.settings import Settings
from switchboard import rooms
from switchboard.maildoor import taking_mail
from switchboard.postoffice import PostOffice
from switchboard.pulse import Pulse
from switchboard.sample import add_sample_data
from switchboard.stores import Stores, migrated, open_database, stores_on
from switchboard.web import application
from switchboard.wiring import Parts, own_url, parts_on

log = structlog.get_logger(__name__)

ADMIN = "admin@example.org"
CLOCK = 10.0  # seconds between two looks at the database's clock
TELLING = timedelta(seconds=1)


@dataclass(frozen=True)
class Hub:
    """A hub at work. `first_password` is the first administrator's, told once, when there was nobody before.

    `mail` are the addresses where mail servers bring mail.
    """

    parts: Parts
    url: str = ""
    first_password: str | None = None
    mail: Sequence[str] = ()


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Hub]:
    """Everything `settings.role` says, until the block ends; then what is in hand is finished.

    Raises SetupError when it cannot start, with what to do.
    """
    if settings.crash_step:
        arm(settings.crash_at)
    # Before anything is started: a port that is taken is told at once, and links know the port that was free.
    with contextlib.closing(_bound(settings)) as listening:
        async with _running(settings.model_copy(update={"port": listening.getsockname()[1]}), listening) as hub:
            yield hub


@asynccontextmanager
async def _running(settings: Settings, listening: socket.socket) -> AsyncIterator[Hub]:
    async with open_database(settings) as database:
        await database.hello()
        await _agree(database)
        stores = stores_on(database, settings)
        if changes := await migrated(stores):
            log.info("database.migrated", changes=len(changes))
        parts = parts_on(stores, settings)
        password = await _first_administrator(stores)
        pulse = Pulse(database.meter, stores.accounts)
        tasks = [asyncio.create_task(each) for each in (_follow(parts), _keep_time(database), pulse.run())]
        try:
            if settings.role in ("all", "worker"):
                parts.worker.start()
            async with (
                _sample(parts) as post,
                _serving(parts, pulse, post, listening) as url,
                taking_mail(parts) as mail,
            ):
                yield Hub(parts, url, password, mail)
                # The balancer looks now and then: until it has seen that this hub is leaving, it is served as ever.
                parts.leaving.set()
                await asyncio.sleep(settings.drain_seconds)
        finally:
            if settings.role in ("all", "worker"):
                await parts.worker.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
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


def _bound(settings: Settings) -> socket.socket:
    """The socket to listen on. Raises SetupError when it cannot be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise SetupError(
            f"Port {settings.port} on {settings.host} cannot be used ({error.strerror or error}). "
            "Choose another with --port.",
            code="port",
        ) from error
    return listening


@asynccontextmanager
async def _serving(parts: Parts, pulse: Pulse, post: PostOffice | None, listening: socket.socket) -> AsyncIterator[str]:
    """The pages and doors (a worker alone has only its health pages), until the block ends."""
    settings, room = parts.settings, rooms.build(parts, pulse, post)
    app = application(
        room.routes,
        middlewares=room.middlewares,
        max_body=settings.max_body,
        patience=settings.request_seconds,
        proxies=settings.trusted_proxies,
        answers=parts.stores.database.meter.answers,
    )
    # Handlers that hold a connection open are told first, so that closing waits for nobody.
    app.on_shutdown.append(room.close)
    # Also what bounds a header that drips; longer than proxies keep a connection they have no use for (60 seconds).
    idle = 2.5 * settings.request_seconds
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5, handle_signals=False, keepalive_timeout=idle)
    await runner.setup()
    try:
        await web.SockSite(runner, listening, backlog=1024).start()
        yield own_url(parts.settings.model_copy(update={"public_url": None}))
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


async def _agree(database: Database) -> None:
    """Agree with the database on the time, and tell the operator of a clock that is wrong."""
    if abs(ahead := await database.set_clock()) > TELLING:
        log.warning("clock.wrong", seconds_ahead=round(ahead.total_seconds(), 1))


async def _keep_time(database: Database) -> None:
    """Look at the database's clock again and again; while it is away, the time counts on by itself."""
    while True:
        await asyncio.sleep(CLOCK)
        with contextlib.suppress(Exception):
            await _agree(database)


async def _follow(parts: Parts) -> None:
    """Announce here what other processes write."""
    stores, feed = parts.stores, parts.feed

    async def entries(ids: Sequence[str]) -> list[Change]:
        if not feed.heard:
            return []  # most of what is written are entries, and nobody here wants to know of them
        found = await stores.interactions.some(ids)
        return [change for entry in found for change in (entry_changed(entry), *lanes_of(entry))]

    async def conversations(ids: Sequence[str]) -> list[Change]:
        return [conversation_changed(c) for c in await stores.conversations.followed(ids)]

    async def orders(ids: Sequence[str]) -> list[Change]:
        return [order_changed(order) for order in await stores.orders.some(ids)]

    async def leads(ids: Sequence[str]) -> list[Change]:
        return [lead_changed(lead) for lead in await stores.leads.followed(ids)]

    async def accounts(ids: Sequence[str]) -> list[Change]:
        return [Change("account", id, ("accounts",)) for id in ids]

    async def agents(ids: Sequence[str]) -> list[Change]:
        return [agent_changed(id) for id in ids]

    async def typing(ids: Sequence[str]) -> list[Change]:
        return [typing_changed(typist) for typist in await parts.typists.some(ids)]

    readers: dict[str, Reader] = {
        "interactions": entries,
        "conversations": conversations,
        "orders": orders,
        "leads": leads,
        "accounts": accounts,
        "agents": agents,
        "typists": typing,
    }
    await feed.follow(stores.database, readers)
