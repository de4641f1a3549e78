"""Telling Telegram where we are, and asking who the bot is. https://core.telegram.org/bots/api#setwebhook"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramBadRequest
from aiogram.methods import GetMe, GetWebhookInfo, SetWebhook

from channels.telegram.answers import as_reading_error
from channels.telegram.parse import ALLOWED_UPDATES
from channels.telegram.session import OFFICIAL, api_url
from core.channel import Account
from core.errors import Rejected

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


async def handshake(bot: Bot, account: Account, public_url: str | None) -> Mapping[str, Any]:
    """Check the token and, in webhook mode, register our door; return what is worth showing.

    Facts: `bot_id`, `username`, `title`, `link`, `reads_groups`, `mode`, and for webhooks `webhook`, `waiting` and
    `last_error`; `problem` says in words what keeps updates from arriving.
    """
    mode = str(account.settings.get("mode") or "polling")
    if mode not in ("polling", "webhook"):
        raise Rejected("How updates arrive must be polling or webhook.", code="mode")
    try:
        me = await bot(GetMe())
        facts: dict[str, Any] = {
            "bot_id": me.id,
            "username": me.username or "",
            "title": me.full_name,
            "link": f"https://t.me/{me.username}" if me.username else "",
            "reads_groups": bool(me.can_read_all_group_messages),
            "mode": mode,
        }
        if mode == "webhook":
            facts |= await _webhook(bot, account, public_url)
    except AiogramError as error:
        raise as_reading_error(error) from error
    return facts


async def _webhook(bot: Bot, account: Account, public_url: str | None) -> dict[str, Any]:
    if not public_url:
        return {"problem": "Telegram cannot reach this hub: set its public address, or choose polling."}
    secret = account.secrets.get("webhook_secret", "")
    if not _SECRET.fullmatch(secret):
        raise Rejected("The webhook secret must be 1 to 256 letters, digits, _ or -.", code="webhook_secret")
    if api_url(account) == OFFICIAL and urlsplit(public_url).scheme != "https":
        raise Rejected("Telegram sends webhooks to https addresses only.", code="public_url")
    url = f"{public_url.rstrip('/')}/webhooks/telegram/{quote(account.name, safe='')}"
    try:
        await bot(
            SetWebhook(url=url, secret_token=secret, allowed_updates=list(ALLOWED_UPDATES), drop_pending_updates=False)
        )
    except TelegramBadRequest as error:
        raise Rejected(f"Telegram does not accept our address: {error.message[:200]}", code="webhook") from error
    info = await bot(GetWebhookInfo())
    return {"webhook": info.url, "waiting": info.pending_update_count, "last_error": info.last_error_message or ""}
