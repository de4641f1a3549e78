"""The HTTP side of the Bot API: which failures left a request unsent, and which leave its outcome unknown.

aiogram's own session calls every failure a network error; whether a message may be sent again
depends on the difference.
No URL is ever part of an error here, because Bot API URLs hold the token.
https://core.telegram.org/bots/api#making-requests
"""

from __future__ import annotations

import json
from typing import Any, cast
from urllib.parse import quote, urlsplit

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import AiogramError
from aiogram.methods import TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.utils.token import TokenValidationError
from aiohttp import ClientConnectorError, ClientError, ClientTimeout, ConnectionTimeoutError, InvalidURL

from core.channel import Account
from core.errors import Rejected

OFFICIAL = "https://api.telegram.org"
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 30.0


class NotSent(AiogramError):
    """The server was not reached, so nothing has happened."""


class OutcomeUnknown(AiogramError):
    """The request went out and no answer came back."""


class TooBig(AiogramError):
    """The file is larger than we take."""


class Session(AiohttpSession):
    """aiogram's session with outcomes told apart, and without its fixed pause on closing."""

    async def make_request(
        self, bot: Bot, method: TelegramMethod[TelegramType], timeout: int | None = None
    ) -> TelegramType:
        """Call one method. Raises NotSent, OutcomeUnknown, or what aiogram makes of a refusal."""
        form = self.build_form_data(bot=bot, method=method)
        http = await self.create_session()
        limits = ClientTimeout(total=self.timeout if timeout is None else timeout, connect=CONNECT_SECONDS)
        url = self.api.api_url(token=bot.token, method=method.__api_method__)
        try:
            async with http.post(url, data=form, timeout=limits, allow_redirects=False) as response:
                status = response.status
                text = (await response.read()).decode("utf-8", "replace")
        except (ClientConnectorError, ConnectionTimeoutError, InvalidURL) as error:
            raise NotSent(type(error).__name__) from None
        except (TimeoutError, ClientError, OSError) as error:
            raise OutcomeUnknown(type(error).__name__) from None
        if not _is_answer(text):  # a gateway's page
            if status < 300:
                raise OutcomeUnknown("no answer of the Bot API")
            if status < 400:
                raise NotSent("redirected")
            text = json.dumps({"ok": False, "error_code": status, "description": f"HTTP {status}"})
        if status == 504:
            raise OutcomeUnknown("gateway timed out")
        answer = self.check_response(bot=bot, method=method, status_code=status, content=text)
        return cast("TelegramType", answer.result)

    async def download(self, bot: Bot, path: str, limit: int) -> bytes:
        """The file at `path` of the file server. Raises NotSent when it cannot be had now, TooBig above `limit`."""
        http = await self.create_session()
        url = self.api.file_url(token=bot.token, path=quote(path, safe="/"))
        limits = ClientTimeout(total=600, connect=CONNECT_SECONDS, sock_read=ANSWER_SECONDS)
        data = bytearray()
        try:
            async with http.get(url, timeout=limits, allow_redirects=False) as response:
                if response.status != 200:
                    raise NotSent(f"HTTP {response.status}")
                async for chunk in response.content.iter_chunked(1 << 16):
                    data += chunk
                    if len(data) > limit:
                        raise TooBig(f"more than {limit} bytes")
        except (TimeoutError, ClientError, OSError) as error:
            raise NotSent(type(error).__name__) from None
        return bytes(data)

    async def close(self) -> None:
        """Close the connections; aiohttp waits for TLS by itself these days."""
        if self._session is not None and not self._session.closed:
            await self._session.close()


def _is_answer(text: str) -> bool:
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and isinstance(value.get("ok"), bool)


def api_url(account: Account) -> str:
    """The Bot API server of `account`; Rejected when the setting is no address."""
    url = str(account.settings.get("api_url") or OFFICIAL).strip().rstrip("/")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or "{" in url or "}" in url:
        raise Rejected("The Bot API server must be an address such as https://api.telegram.org.", code="api_url")
    return url


def open_bot(account: Account) -> Bot:
    """aiogram's Bot for `account`; Rejected when the settings cannot work. Connects to nothing yet."""
    url = api_url(account)
    try:
        return Bot(
            token=account.secrets.get("token", ""),
            session=Session(api=TelegramAPIServer.from_base(url), timeout=ANSWER_SECONDS),
        )
    except TokenValidationError:
        raise Rejected(
            "The bot token is not one: @BotFather gives tokens such as 123456:ABC-DEF. Paste it again.", code="token"
        ) from None
