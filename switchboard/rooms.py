"""Hands each web room what it needs of the domain, and gathers their routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web
from aiohttp.typedefs import Middleware

import inbox.needs
import inbox.routes
import portal.needs
import portal.routes
import webhooks.needs
import webhooks.routes
from core.errors import NotFound
from switchboard import design
from switchboard.design.environment import environment
from switchboard.metrics import Metrics
from switchboard.postoffice import PostOffice
from switchboard.sample import demo
from switchboard.web import Visitors
from switchboard.wiring import Parts, unsubscribe_links


@dataclass(frozen=True)
class Rooms:
    """The routes, the middlewares they need, and what to call when the hub stops."""

    routes: list[web.AbstractRouteDef]
    middlewares: list[Middleware]
    close: Callable[[web.Application], Awaitable[None]]


def build(parts: Parts, post: PostOffice | None = None) -> Rooms:
    """The rooms this process serves: all of them, or for a worker the health pages alone."""
    doors = webhook_needs(parts)
    if parts.settings.role == "worker":
        return Rooms(webhooks.routes.health(doors), [], _nothing)
    chat, desk = portal_needs(parts, post), inbox_needs(parts)

    async def close(_: web.Application) -> None:
        await chat.streams.close()
        await desk.presence.close()

    return Rooms(
        [
            *webhooks.routes.routes(doors),
            *portal.routes.routes(chat),
            *inbox.routes.routes(desk),
            *design.assets.routes(),
        ],
        [],
        close,
    )


async def _nothing(_: web.Application) -> None:
    """A worker holds no pages open."""


def portal_needs(parts: Parts, post: PostOffice | None) -> portal.needs.Needs:
    """For customers' browsers."""
    settings, stores = parts.settings, parts.stores
    return portal.needs.Needs(
        receive=parts.receive,
        lines=parts.lines,
        interactions=stores.interactions,
        files=stores.files,
        forms=stores.forms,
        orders=stores.orders,
        feed=parts.feed,
        templates=environment(),
        signing_key=stores.vault.purpose("portal"),
        unsubscribe=unsubscribe_links(stores, settings),
        on_duty=lambda: parts.duty(datetime.now(UTC)),
        visitor_ip=Visitors(settings.trusted_proxies),
        languages=settings.languages,
        country=settings.country,
        public_url=settings.public_url,
        demo=demo(parts, post) if settings.wants_sample_data else None,
    )


def inbox_needs(parts: Parts) -> inbox.needs.Needs:
    """For agents' browsers."""
    settings, stores = parts.settings, parts.stores

    async def replay(id: str) -> str:
        if await parts.replay(id):
            return "It went through this time."
        raise NotFound("It failed again and is kept.")

    return inbox.needs.Needs(
        interactions=stores.interactions,
        conversations=stores.conversations,
        customers=stores.customers,
        addresses=stores.addresses,
        agents=stores.agents,
        accounts=stores.accounts,
        files=stores.files,
        intake=stores.failed,
        orders=stores.orders,
        merge=parts.merge,
        feed=parts.feed,
        desk=parts.desk,
        wording=stores.templates,
        table=parts.lines.table,
        able=parts.lines.able,
        templates=environment(),
        signing_key=stores.vault.purpose("inbox"),
        replay=replay,
        visitor_ip=Visitors(settings.trusted_proxies),
        languages=settings.languages,
        public_url=settings.public_url,
        secure_cookies=(settings.public_url or "").startswith("https:"),
        session_hours=settings.session_hours,
    )


def webhook_needs(parts: Parts) -> webhooks.needs.Needs:
    """For other systems."""
    settings = parts.settings
    return webhooks.needs.Needs(
        receive=parts.receive,
        lines=parts.lines,
        max_body=settings.max_body,
        visitor_ip=Visitors(settings.trusted_proxies),
        ready=parts.stores.database.ping,
        registry=Metrics(parts).registry,
    )
