"""The Telegram adapter: one bot, by webhook or long polling, in private chats."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, suppress
from datetime import datetime
from typing import Any

from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.methods import AnswerCallbackQuery

from channels.telegram import CAPABILITIES
from channels.telegram.handshake import handshake
from channels.telegram.listen import listen
from channels.telegram.media import fetch
from channels.telegram.parse import Line, parse_update
from channels.telegram.send import send
from channels.telegram.session import open_bot
from core.channel import Account, Arrival, Event, File, Haul, Outbound
from core.errors import IntakeError, NotFromThem, Rejected, RetryLater, Unreadable

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the header's name, not a secret


class Telegram:
    """A bot. Implements Channel, ReceivesWebhooks, Listens, HoldsMedia, Handshakes and Acknowledges.

    Settings: `mode` (polling or webhook), `api_url` (a self-hosted Bot API server), `username` (as `handshake` tells
    it; sharpens who is spoken to in groups), `answer_seconds` (how long to wait for a yes). Secrets: `token`,
    `webhook_secret`.
    """

    name = "telegram"
    capabilities = CAPABILITIES

    def __init__(self, account: Account) -> None:
        self._account = account
        bot_id = account.secrets.get("token", "").partition(":")[0]
        self._line = Line(
            account=account.name,
            bot_id=int(bot_id) if bot_id.isascii() and bot_id.isdigit() and len(bot_id) < 19 else 0,
            username=str(account.settings.get("username") or ""),
        )
        self._opened: Bot | None = None

    def _bot(self) -> Bot:
        """Opened when first needed. Rejected when the settings cannot work."""
        if self._opened is None:
            self._opened = open_bot(self._account)
        return self._opened

    async def close(self) -> None:
        """Let go of connections."""
        if self._opened is not None:
            await self._opened.session.close()

    # ------------------------------------------------------------------------------------------------- coming in

    def verify(self, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
        """Raises NotFromThem unless the secret given to setWebhook comes back; with no secret, nobody is let in."""
        secret = self._account.secrets.get("webhook_secret", "").encode("utf-8", "surrogatepass")
        given = headers.get(SECRET_HEADER, "").encode("utf-8", "surrogatepass")
        if not secret or not hmac.compare_digest(secret, given):
            raise NotFromThem("The secret token is missing or wrong.")

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        """The events in one Update. Raises NotThisFormat or Unreadable, and nothing else."""
        try:
            return parse_update(body, self._line)
        except IntakeError:
            raise
        except Exception as error:  # whatever it is, the update is kept and can be replayed after a fix
            raise Unreadable(f"The Telegram adapter stumbled over this update: {type(error).__name__}.") from error

    async def listen(self, cursor: Mapping[str, Any] | None) -> AsyncIterator[Haul]:
        """Yield updates for ever. In webhook mode there is nothing to fetch: it waits until it is cancelled."""
        if self._account.settings.get("mode") == "webhook":
            await asyncio.Event().wait()
        async with aclosing(listen(self._bot(), cursor)) as hauls:
            async for haul in hauls:
                yield haul

    async def fetch(self, file: File) -> bytes:
        """The bytes behind `file.source`, at most 20 MB. Raises RetryLater or Rejected."""
        return await fetch(self._bot(), self._account, file)

    async def acknowledge(self, arrival: Arrival) -> None:
        """Stop the spinner on the button a customer pressed. Never raises: a late answer changes nothing."""
        query = arrival.data.get("callback_query_id")
        if isinstance(query, str):
            with suppress(AiogramError, Rejected):
                await self._bot()(AnswerCallbackQuery(callback_query_id=query), request_timeout=5)

    # ------------------------------------------------------------------------------------------------- going out

    async def send(self, message: Outbound) -> str:
        """Send one message; the id of the last Telegram message it became. Raises a DeliveryError."""
        try:
            bot = self._bot()
        except Rejected as error:  # the settings are wrong, the message is not: it waits until they are mended
            raise RetryLater(error.sentence, account_wide=True, code=error.code) from error
        return await send(bot, self._account, message)

    async def handshake(self, public_url: str | None) -> Mapping[str, Any]:
        """Who the bot is; in webhook mode also registers our door. Raises a DeliveryError."""
        return await handshake(self._bot(), self._account, public_url)
