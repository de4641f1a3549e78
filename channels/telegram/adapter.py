"""The Telegram adapter: one bot, by webhook or long polling, in private chats."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import datetime
from time import monotonic
from typing import Any

from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.methods import AnswerCallbackQuery, SendChatAction

from channels.telegram import CAPABILITIES
from channels.telegram.chats import Line
from channels.telegram.compose import whereto
from channels.telegram.describe import described, updates_in
from channels.telegram.edit import delete, edit
from channels.telegram.floods import Floods
from channels.telegram.handshake import NO_ADDRESS, Door, handshake, tend
from channels.telegram.listen import listen
from channels.telegram.media import fetch
from channels.telegram.parse import parse_update
from channels.telegram.send import send
from channels.telegram.session import api_url, open_bot
from channels.telegram.update import loaded
from core.abilities import Described
from core.channel import Account, Address, Arrival, Capabilities, Event, Haul, Outbound
from core.content import File
from core.errors import DeliveryError, IntakeError, NotFromThem, Rejected, RetryLater, Unreadable
from core.network import ANYWHERE, Network

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the header's name, not a secret


class Telegram:
    """A bot. Implements Channel, ReceivesWebhooks and Listens, and of `core.abilities` all there are.

    Settings: `mode` (auto, polling or webhook), `api_url` (a self-hosted Bot API server), `local_files` (where its
    files are found, if it runs with --local), `per_second` (how many messages Telegram lets this bot send), `username`
    (as `handshake` tells it; sharpens who is spoken to in groups), `answer_seconds` (how long to wait for a yes).
    Secrets: `token`, `webhook_secret`.
    """

    name = "telegram"
    capabilities: Capabilities

    def __init__(self, account: Account) -> None:
        self._account = account
        bot_id = account.secrets.get("token", "").partition(":")[0]
        self._line = Line(
            account=account.name,
            bot_id=int(bot_id) if bot_id.isascii() and bot_id.isdigit() and len(bot_id) < 19 else 0,
            username=str(account.settings.get("username") or ""),
        )
        self._network = ANYWHERE
        self._opened: Bot | None = None
        self._door: Door | None = None  # the webhook that handshake registered
        self._floods = Floods()
        self.capabilities = replace(CAPABILITIES, per_second=_whole(account.settings.get("per_second"), 28))

    def _bot(self) -> Bot:
        """Opened when first needed. Rejected when the settings cannot work."""
        if self._opened is None:
            self._opened = open_bot(self._account, network=self._network)
        return self._opened

    def within(self, network: Network) -> None:
        """Where the Bot API server may be."""
        self._network = network

    async def close(self) -> None:
        """Let go of connections."""
        if self._opened is not None:
            await self._opened.session.close()

    # ------------------------------------------------------------------------------------------------- coming in

    def verify(self, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
        """Raises NotFromThem unless the secret given to setWebhook comes back; with no secret, nobody is let in.

        One that was changed is let in for another day: Telegram may not have been told yet.
        """
        given = headers.get(SECRET_HEADER, "").encode("utf-8", "surrogatepass")
        for secrets in (self._account.secrets, self._account.earlier):
            secret = secrets.get("webhook_secret", "").encode("utf-8", "surrogatepass")
            if secret and hmac.compare_digest(secret, given):
                return
        raise NotFromThem("The secret token is missing or wrong.")

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        """The events in one Update. Raises NotThisFormat or Unreadable, and nothing else."""
        try:
            return parse_update(body, self._line)
        except IntakeError:
            raise
        except Exception as error:  # whatever it is, the update is kept and can be replayed after a fix
            raise Unreadable(f"The Telegram adapter stumbled over this update: {type(error).__name__}.") from error

    def describe(self, body: bytes, headers: Mapping[str, str]) -> Described:
        """What is in one Update, field by field. Raises NotThisFormat or Unreadable."""
        return Described(described(loaded(body)[0], self.parse(body, headers)[0]))

    def payloads(self, body: bytes) -> list[bytes]:
        """The Updates in a saved file."""
        return updates_in(body)

    async def listen(self, cursor: Mapping[str, Any] | None) -> AsyncIterator[Haul]:
        """Yield updates for ever. With a webhook there is nothing to fetch: it is looked after until cancelled."""
        if self._door is not None:
            await tend(self._bot(), self._door)
        if self._account.settings.get("mode") == "webhook":
            raise Rejected(NO_ADDRESS, code="no_public_url")
        async with aclosing(listen(self._bot(), cursor, api_url(self._account))) as hauls:
            async for haul in hauls:
                yield haul

    async def fetch(self, file: File) -> bytes:
        """The bytes behind `file.source`, at most 20 MB (a server of one's own: 100). Raises RetryLater or Rejected."""
        return await fetch(self._bot(), self._account, file)

    async def acknowledge(self, arrival: Arrival) -> None:
        """Stop the spinner on the button a customer pressed. Never raises: a late answer changes nothing."""
        query = arrival.data.get("callback_query_id")
        if isinstance(query, str):
            with suppress(AiogramError, Rejected):
                await self._bot()(AnswerCallbackQuery(callback_query_id=query), request_timeout=5)

    # ------------------------------------------------------------------------------------------------- going out

    async def send(self, message: Outbound) -> tuple[str, ...]:
        """Send one message; the ids of the Telegram messages it became, in order. Raises a DeliveryError."""
        bot = self._sending()
        try:
            return await send(bot, self._account, message)
        except RetryLater as error:
            raise self._floods.told(message.address, error, monotonic()) from error

    async def edit(self, message: Outbound, ids: tuple[str, ...]) -> None:
        """Change the words of a sent message. Raises a DeliveryError."""
        await edit(self._sending(), message, ids)

    async def delete(self, address: Address, ids: tuple[str, ...]) -> None:
        """Take a sent message back. Raises a DeliveryError."""
        await delete(self._sending(), address, ids)

    async def typing(self, address: Address) -> None:
        """Show "typing…" for five seconds, or until the next message. Never raises."""
        with suppress(AiogramError, DeliveryError):
            chat = whereto(address)
            shown = SendChatAction(chat_id=chat.id, business_connection_id=chat.connection, action="typing")
            await self._bot()(shown, request_timeout=5)

    def _sending(self) -> Bot:
        try:
            return self._bot()
        except Rejected as error:  # the settings are wrong, the message is not: it waits until they are mended
            raise RetryLater(error.sentence, account_wide=True, code=error.code) from error

    async def handshake(self, public_url: str | None) -> Mapping[str, Any]:
        """Who the bot is; registers our door where updates are to come through it. Raises a DeliveryError."""
        facts, self._door = await handshake(self._bot(), self._account, public_url)
        return facts


def _whole(value: Any, usual: int) -> int:
    """A setting that is a number above 0, else what is usual."""
    return value if isinstance(value, int) and value > 0 else usual
