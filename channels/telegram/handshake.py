"""Telling Telegram where we are, and asking who the bot is. https://core.telegram.org/bots/api#setwebhook"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramBadRequest
from aiogram.methods import DeleteWebhook, GetMe, GetWebhookInfo, SetWebhook
from aiogram.types import WebhookInfo

from channels.telegram.answers import as_reading_error
from channels.telegram.parse import ALLOWED_UPDATES
from channels.telegram.session import OFFICIAL, Session, api_url, open_bot
from core.channel import Account
from core.errors import Rejected, RetryLater
from core.network import ANYWHERE
from core.said import Said

MODES = ("auto", "polling", "webhook")
LOOK_SECONDS = 60.0
# An error of Telegram's about our door is news for so long; updates that still wait show that it is not over.
RECENT = timedelta(minutes=10)
# How many updates Telegram brings at once. Each is answered within milliseconds, so more would only take turns.
CONNECTIONS = 40
NO_ADDRESS = "Telegram cannot reach this hub: set its public address, or choose polling."
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


@dataclass(frozen=True, slots=True)
class Door:
    """Our webhook, as Telegram is told it."""

    url: str
    secret: str


async def handshake(bot: Bot, account: Account, public_url: str | None) -> tuple[Mapping[str, Any], Door | None]:
    """Check the token, register our door where there is one; return what is worth showing, and the door.

    Facts: `bot_id`, `username`, `title`, `link`, `reads_groups`, `mode`, and for webhooks `webhook`, `waiting` and
    `last_error`; `problem` says in words what keeps updates from arriving. Without `public_url` nothing is changed.
    """
    mode = str(account.settings.get("mode") or "auto")
    if mode not in MODES:
        raise Rejected("How updates arrive must be auto, polling or webhook.", code="mode")
    try:
        me = await bot(GetMe())
        facts: dict[str, Any] = {
            "bot_id": me.id,
            "username": me.username or "",
            "title": me.full_name,
            "link": f"https://t.me/{me.username}" if me.username else "",
            "reads_groups": bool(me.can_read_all_group_messages),
        }
        door = _door(account, mode, public_url)
        if door is not None:
            try:
                await _register(bot, door)
            except Rejected as error:
                if mode != "auto":
                    raise
                door, facts["problem"] = None, error.sentence  # updates are fetched meanwhile
        if door is not None:
            await _silence_the_one_before(bot, account, me.id)
        if door is not None or mode == "webhook" or (mode == "auto" and public_url is None):
            info = await bot(GetWebhookInfo())
            facts |= _told(info, door, mode)
    except AiogramError as error:
        raise as_reading_error(error) from error
    hooked = door is not None or (mode == "auto" and bool(facts.get("webhook")) and public_url is None)
    return facts | {"mode": "webhook" if hooked or mode == "webhook" else "polling"}, door


def _door(account: Account, mode: str, public_url: str | None) -> Door | None:
    """Where updates are to come; None when they are to be fetched. Raises Rejected when that cannot work."""
    if mode == "polling" or not public_url:
        return None
    reachable = api_url(account) != OFFICIAL or urlsplit(public_url).scheme == "https"
    if mode == "auto" and not reachable:
        return None
    secret = account.secrets.get("webhook_secret", "")
    if not _SECRET.fullmatch(secret):
        if mode == "auto" and not secret:
            return None
        raise Rejected("The webhook secret must be 1 to 256 letters, digits, _ or -.", code="webhook_secret")
    if not reachable:
        raise Rejected("Telegram sends webhooks to https addresses only.", code="public_url")
    return Door(f"{public_url.rstrip('/')}/webhooks/telegram/{quote(account.name, safe='')}", secret)


async def _register(bot: Bot, door: Door) -> None:
    """What waits is never dropped: it is brought to the new address."""
    try:
        await bot(
            SetWebhook(
                url=door.url,
                secret_token=door.secret,
                allowed_updates=list(ALLOWED_UPDATES),
                max_connections=CONNECTIONS,
                drop_pending_updates=False,
            )
        )
    except TelegramBadRequest as error:
        raise Rejected(Said("Telegram does not accept our address:", error.message[:200]), code="webhook") from error


async def _silence_the_one_before(bot: Bot, account: Account, bot_id: int) -> None:
    """When the token of another bot was entered, the bot before no longer brings its updates to a door that is not its.

    They would be answered by the wrong bot. What waits for it stays at Telegram.
    """
    token = account.earlier.get("token", "")
    if token.partition(":")[0] in ("", str(bot_id)):
        return
    network = bot.session.network if isinstance(bot.session, Session) else ANYWHERE
    with suppress(AiogramError, Rejected):
        async with open_bot(account, token, network) as before:
            await before(DeleteWebhook(drop_pending_updates=False), request_timeout=10)


def _told(info: WebhookInfo, door: Door | None, mode: str) -> dict[str, Any]:
    """What is worth showing of a webhook."""
    facts: dict[str, Any] = {
        "webhook": info.url,
        "waiting": info.pending_update_count,
        "last_error": info.last_error_message or "",
    }
    problem = trouble(info) if info.url else NO_ADDRESS if mode == "webhook" and door is None else None
    return facts | ({"problem": problem} if problem else {})


def trouble(info: WebhookInfo) -> str | None:
    """What keeps updates from arriving, in words; None when they come."""
    at = info.last_error_date
    if not info.pending_update_count or not isinstance(at, datetime) or datetime.now(UTC) - at > RECENT:
        return None
    return Said(
        "Telegram cannot deliver to this hub; {count} updates wait there and will come. It says:",
        info.last_error_message or "",
        count=info.pending_update_count,
    )


async def tend(bot: Bot, door: Door) -> None:
    """Look after our webhook for ever: put it back when somebody took it, and say what keeps updates from arriving.

    Raises RetryLater with what is wrong, to be called again.
    """
    try:
        while True:
            info = await bot(GetWebhookInfo())
            if info.url != door.url:
                await _register(bot, door)
                raise RetryLater(TAKEN, after=LOOK_SECONDS, code="webhook_taken")
            if problem := trouble(info):
                raise RetryLater(problem, after=LOOK_SECONDS, code="webhook_trouble")
            await asyncio.sleep(LOOK_SECONDS)
    except AiogramError as error:
        raise as_reading_error(error) from error


TAKEN = "Another program had taken this bot's updates; the hub has taken them back."
