"""Hands each web room what it needs of the domain, and gathers their routes."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware

import inbox.needs
import inbox.routes
import portal.needs
import portal.routes
import webhooks.needs
import webhooks.routes
from bot import Trial
from bot.flows import OFFERED
from core import clock
from core.chat.transcript import Transcript
from core.decide import Act
from core.errors import CannotStore, NotFound, SwitchboardError
from core.forms.form import Form
from core.network import Network
from core.recent import Recent
from inbox.bot_needs import BotNeeds, Tried
from portal.forms.page import preview
from switchboard import design, selling
from switchboard.commands.person import person
from switchboard.design.environment import environment
from switchboard.metrics import Metrics
from switchboard.postoffice import PostOffice
from switchboard.pulse import Pulse
from switchboard.sample import demo
from switchboard.web import Visitors
from switchboard.wiring import Parts, confirming, own_url, spam, unsubscribe_links
from webhooks.fetch import Fetch

# A worker's loop comes round every second; one that has not for so many leases never will.
STUCK = 3


@dataclass(frozen=True)
class Rooms:
    """The routes, the middlewares they need, and what to call when the hub stops."""

    routes: list[web.AbstractRouteDef]
    middlewares: list[Middleware]
    close: Callable[[web.Application], Awaitable[None]]


def build(parts: Parts, pulse: Pulse, post: PostOffice | None = None) -> Rooms:
    """The rooms this process serves: all of them, or for a worker the health pages alone."""
    if parts.settings.role == "worker":
        return Rooms(webhooks.routes.health(webhook_needs(parts, Metrics(parts, pulse, {}))), [], _nothing)
    chat = portal_needs(parts, post)
    desk = inbox_needs(parts, partial(preview, chat))
    streams = {"portal": lambda: len(chat.streams), "inbox": lambda: len(desk.presence)}
    doors = webhook_needs(parts, Metrics(parts, pulse, streams))

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
        spam=spam(stores, settings, parts.lines, parts.receive),
        confirm=confirming(stores, settings, parts.feed),
        campaigns=stores.campaigns,
        clicks=selling.clicks(stores, own_url(settings), parts.feed),
        personal=selling.personal_links(stores, own_url(settings)).into,
        orders=stores.orders,
        feed=parts.feed,
        templates=environment(),
        signing_key=stores.vault.purpose("portal"),
        unsubscribe=unsubscribe_links(stores, settings),
        on_duty=lambda: parts.duty(clock.now()),
        conversations=stores.conversations,
        typists=parts.typists,
        unread=parts.unread,
        transcript=Transcript(stores.conversations, parts.send, parts.unread),
        people=Recent(lambda: stores.agents.present(clock.now())),
        hours=stores.hours.recent,
        telegram_link=partial(telegram_link, parts),
        visitor_ip=Visitors(settings.trusted_proxies).place,
        languages=settings.languages,
        country=settings.country,
        public_url=settings.public_url,
        slow_seconds=settings.slow_seconds,
        demo=demo(parts, post) if settings.wants_sample_data else None,
    )


async def telegram_link(parts: Parts, account: str, conversation_id: str) -> str:
    """Where a chat goes on in the bot of a Telegram line; empty when that line is not at work."""
    facts = (await parts.stores.accounts.states()).get(f"telegram:{account}", {}).get("facts", {})
    username = str(facts.get("username") or "").lstrip("@")
    if not re.fullmatch(r"[A-Za-z0-9_]{3,64}", username):
        return ""
    start = parts.continuation.token(conversation_id, clock.now()) if conversation_id else ""
    return f"https://t.me/{username}" + (f"?start={start}" if start else "")


def inbox_needs(parts: Parts, form_preview: Callable[[Form, str, Mapping[str, str]], str]) -> inbox.needs.Needs:
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
        teams=stores.teams,
        accounts=stores.accounts,
        files=stores.files,
        intake=stores.failed,
        orders=stores.orders,
        leads=stores.leads,
        lead_desk=parts.lead_desk,
        campaigns=stores.campaigns,
        merge=parts.merge,
        feed=parts.feed,
        desk=parts.desk,
        typists=parts.typists,
        amend=parts.amend,
        typing=parts.typing,
        write_first=parts.write_first,
        wording=stores.templates,
        forms=stores.forms,
        caught=stores.caught,
        spam=spam(stores, settings, parts.lines, parts.receive),
        form_preview=form_preview,
        bot=bot_needs(parts),
        table=parts.lines.table,
        able=parts.lines.able,
        templates=environment(),
        signing_key=stores.vault.purpose("inbox"),
        replay=replay,
        visitor_ip=Visitors(settings.trusted_proxies).place,
        languages=settings.languages,
        public_url=settings.public_url,
        secure_cookies=(settings.public_url or "").startswith("https:"),
        session_hours=settings.session_hours,
        slow_seconds=settings.slow_seconds,
    )


def bot_needs(parts: Parts) -> BotNeeds:
    """The bot, for those who word it and try it."""
    stores = parts.stores

    async def tries(
        state: Mapping[str, Any],
        text: str,
        channel: str,
        *,
        count: int,
        language: str | None,
        choice: str | None,
        known: str | None,
        on_duty: bool,
    ) -> Tried:
        hours = await stores.hours.recent()
        zone = hours.zone if hours else UTC
        trial = Trial(state, language, count)
        made = await parts.studio.say(trial, text, channel, choice=choice, known=known, on_duty=on_duty)
        return Tried(
            say=made.say,
            state=made.trial.state,
            language=made.trial.language,
            count=made.trial.count,
            flow=made.flow,
            step=str(made.trial.state.get("step") or ""),
            outcome=made.outcome,
            reason=made.reason,
            acts=tuple((type(act).__name__, facts_of(act, zone)) for act in made.acts),
        )

    async def known(who: str) -> str:
        return (await person(stores, who, parts.settings.country)).id

    return BotNeeds(
        studio=parts.studio,
        tries=tries,
        offered=OFFERED,
        person=known,
        persona=stores.persona,
        hours=stores.hours,
        faq=stores.faq,
        calls=parts.calls,
    )


def facts_of(act: Act, zone: tzinfo) -> dict[str, str]:
    """What people are told of something the bot would do; times are those of a clock in `zone`."""
    return {
        name: f"{value.astimezone(zone):%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)
        for name, value in ((each.name, getattr(act, each.name)) for each in fields(act))
        if isinstance(value, datetime | str | int)
    }


def webhook_needs(parts: Parts, metrics: Metrics) -> webhooks.needs.Needs:
    """For other systems."""
    settings = parts.settings
    visitors = Visitors(settings.trusted_proxies)
    return webhooks.needs.Needs(
        receive=parts.receive,
        lines=parts.lines,
        max_body=settings.max_body,
        visitor_ip=visitors.place,
        near=lambda request: visitors.near(request, settings.metrics_from),
        ready=partial(ready, parts),
        metrics=metrics.page,
        metrics_token=token.get_secret_value() if (token := settings.metrics_token) else "",
        fetch=Fetch(Network(settings.private_networks)),
    )


async def ready(parts: Parts) -> None:
    """Raises a SwitchboardError when this process cannot work: it stops, no database, stuck loops of the worker."""
    if parts.leaving.is_set():
        raise CannotStore("This hub is about to stop; the others go on.", code="leaving")
    await parts.stores.database.ping()
    longest = STUCK * parts.settings.lease_seconds
    if any(seconds > longest for seconds in parts.worker.since_turn().values()):
        raise SwitchboardError("The worker is stuck: restart this process.", code="worker_stuck")
