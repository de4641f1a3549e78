"""A Bot API server, a bot on it, and the adapter that serves the bot."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from channels.telegram.adapter import Telegram
from core.channel import Account
from tests.servers.botapi import Bot, BotApi, bot_api

Opens = Callable[..., Telegram]


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with bot_api() as api:
        yield api


@pytest.fixture
def bot(api: BotApi) -> Bot:
    return api.add_bot()


@pytest.fixture
async def opens(api: BotApi, bot: Bot) -> AsyncIterator[Opens]:
    """Makes adapters: `opens(mode="webhook")`; secrets by `token=` and `webhook_secret=`."""
    async with AsyncExitStack() as stack:

        def open_one(token: str = bot.token, webhook_secret: str = "s3cret-Token_1", **settings: Any) -> Telegram:
            adapter = Telegram(
                Account(
                    channel="telegram",
                    name="support_bot",
                    settings={"api_url": api.url, **settings},
                    secrets={"token": token, "webhook_secret": webhook_secret},
                )
            )
            stack.push_async_callback(adapter.close)
            return adapter

        yield open_one


@pytest.fixture
def adapter(opens: Opens) -> Telegram:
    return opens()
