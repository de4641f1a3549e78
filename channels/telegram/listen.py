"""Long polling: updates fetched by getUpdates, with a cursor that moves only when they are stored.

https://core.telegram.org/bots/api#getupdates
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramConflictError
from aiogram.methods import DeleteWebhook, GetWebhookInfo, TelegramMethod

from channels.telegram.answers import as_reading_error
from channels.telegram.parse import ALLOWED_UPDATES
from core.channel import Haul, Parcel
from core.errors import RetryLater

POLL_SECONDS = 25
MOST_AT_ONCE = 100


class GetUpdates(TelegramMethod[list[dict[str, Any]]]):
    """getUpdates without aiogram's reading of them: one update it cannot read must not hide the other ninety-nine."""

    __returning__ = list[dict[str, Any]]
    __api_method__ = "getUpdates"

    offset: int | None = None
    limit: int = MOST_AT_ONCE
    timeout: int = POLL_SECONDS
    allowed_updates: tuple[str, ...] = ALLOWED_UPDATES


async def listen(bot: Bot, cursor: Mapping[str, Any] | None, server: str) -> AsyncGenerator[Haul, None]:
    """Yield updates for ever. The cursor is `{"offset", "bot", "server"}`; asking from n on confirms all before n.

    Another bot counts its updates otherwise, and so does another server: asking for theirs by our number could confirm,
    and so lose, what was never seen. Then it begins at the oldest one.
    """
    whose: dict[str, Any] = {"bot": bot.id, "server": server}
    known = cursor if cursor is not None else {}
    kept = known.get("offset") if {key: known.get(key) for key in whose} == whose else None
    offset = kept if isinstance(kept, int) else None
    try:
        await _no_webhook(bot)
        while True:
            try:
                updates = await bot(GetUpdates(offset=offset), request_timeout=POLL_SECONDS + 15)
            except TelegramConflictError as error:
                if "webhook" not in error.message.lower():
                    raise
                await _no_webhook(bot)  # somebody has just set one
                continue
            if not updates:
                continue
            ids = [update["update_id"] for update in updates if isinstance(update.get("update_id"), int)]
            if not ids:
                raise RetryLater("Telegram sent updates without numbers.", after=30, code="bad_answer")
            # Not the highest ever seen: after a quiet week Telegram goes on at a random, maybe lower, number.
            offset = max(ids) + 1
            parcels = tuple(Parcel(json.dumps(update).encode("ascii")) for update in updates)
            yield Haul(parcels, {"offset": offset, **whose})
    except AiogramError as error:
        raise as_reading_error(error) from error


async def _no_webhook(bot: Bot) -> None:
    """A webhook keeps getUpdates from working; what waits for it is never dropped."""
    if (await bot(GetWebhookInfo())).url:
        await bot(DeleteWebhook(drop_pending_updates=False))
