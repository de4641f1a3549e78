"""The HTTP side of the Bot API: which failures left a request unsent, and which leave its outcome unknown.

aiogram's own session calls every failure a network error; whether a message may be sent again
depends on the difference.
No URL is ever part of an error here, because Bot API URLs hold the token.
https://core.telegram.org/bots/api#making-requests
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator
from time import monotonic
from typing import Any, cast
from urllib.parse import quote, urlsplit

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import AiogramError
from aiogram.methods import TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import BufferedInputFile
from aiogram.utils.token import TokenValidationError
from aiohttp import ClientConnectorError, ClientError, ClientTimeout, ConnectionTimeoutError, InvalidURL
from pydantic import BaseModel

from core.channel import Account
from core.errors import Rejected
from core.network import ANYWHERE, FORBIDDEN, Forbidden, Network

OFFICIAL = "https://api.telegram.org"
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 30.0
GATEWAY_SECONDS = 5.0
# Methods whose result is handed on as the JSON it is.
UNREAD = ("send", "edit", "delete", "answer")


class NotSent(AiogramError):
    """The server was not reached, so nothing has happened."""


class OutcomeUnknown(AiogramError):
    """The request went out and no answer came back."""


class TooBig(AiogramError):
    """The file is larger than we take."""


class Upload(BufferedInputFile):
    """A file on its way; `gone` is whether all of it was handed to the connection at the last try."""

    gone = True

    async def read(self, bot: Bot) -> AsyncGenerator[bytes, None]:
        """The bytes, in chunks."""
        self.gone = False
        async for chunk in super().read(bot):
            yield chunk
        self.gone = True


def uploads_in(value: Any) -> Iterator[Upload]:
    """The files that a call carries."""
    if isinstance(value, Upload):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from uploads_in(getattr(value, name))
    elif isinstance(value, list):
        for item in value:
            yield from uploads_in(item)


class Session(AiohttpSession):
    """aiogram's session with outcomes told apart, and without its fixed pause on closing."""

    def __init__(self, network: Network, **options: Any) -> None:
        super().__init__(**options)
        self.network = network
        self._connector_init["socket_factory"] = network.socket

    async def make_request(
        self, bot: Bot, method: TelegramMethod[TelegramType], timeout: int | None = None
    ) -> TelegramType:
        """Call one method. Raises NotSent, OutcomeUnknown, or what aiogram makes of a refusal."""
        form = self.build_form_data(bot=bot, method=method)
        http = await self.create_session()
        limits = ClientTimeout(total=self.timeout if timeout is None else timeout, connect=CONNECT_SECONDS)
        url = self.api.api_url(token=bot.token, method=method.__api_method__)
        began = monotonic()
        try:
            async with http.post(url, data=form, timeout=limits, allow_redirects=False) as response:
                status = response.status
                text = (await response.read()).decode("utf-8", "replace")
        except (ClientConnectorError, ConnectionTimeoutError, InvalidURL) as error:
            if isinstance(error, ClientConnectorError) and isinstance(error.os_error, Forbidden):
                raise Rejected(FORBIDDEN, code="private") from None
            raise NotSent(type(error).__name__) from None
        except (TimeoutError, ClientError, OSError) as error:
            if not all(upload.gone for upload in uploads_in(method)):
                raise NotSent("broke off before all of the file was sent") from None
            raise OutcomeUnknown(type(error).__name__) from None
        found = _answer_in(text)
        if found is None:  # a gateway's page
            if status < 300:
                raise OutcomeUnknown("no answer of the Bot API")
            if status < 400:
                raise NotSent("redirected")
            text = json.dumps({"ok": False, "error_code": status, "description": f"HTTP {status}"})
        # A gateway that gives up at once reached nobody; one that waited had handed the request on.
        if status == 504 or (status == 502 and monotonic() - began > GATEWAY_SECONDS):
            raise OutcomeUnknown("gateway gave up")
        if found is not None and found["ok"] and status < 300 and method.__api_method__.startswith(UNREAD):
            # Reading a Message through aiogram's models takes longer than sending it, and its numbers are all we need.
            return cast("TelegramType", found.get("result"))
        refused = found is not None and not (found["ok"] and status < 300)
        if found is not None and refused and not isinstance(found.get("description"), str):
            # A refusal says why, as the Bot API has it; whoever stands in between may not, and aiogram counts on it.
            text = json.dumps(found | {"ok": False, "description": f"HTTP {status}"})
        answer = self.check_response(bot=bot, method=method, status_code=status, content=text)
        return cast("TelegramType", answer.result)

    async def download(self, bot: Bot, path: str, limit: int, size: int | None = None) -> bytes:
        """The file at `path` of the file server. Raises NotSent when it cannot be had now, TooBig above `limit`.

        `size` is how long it is, where that is known: what is shorter broke off on the way.
        """
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
        if size is not None and len(data) < size:
            raise NotSent("broke off")
        return bytes(data)

    async def close(self) -> None:
        """Close the connections; aiohttp waits for TLS by itself these days."""
        if self._session is not None and not self._session.closed:
            await self._session.close()


def _answer_in(text: str) -> dict[str, Any] | None:
    """An answer of the Bot API, None when `text` is something else."""
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and isinstance(value.get("ok"), bool) else None


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


def open_bot(account: Account, token: str | None = None, network: Network = ANYWHERE) -> Bot:
    """aiogram's Bot for `account`, or for another `token` on its server. Connects to nothing yet.

    Raises Rejected when the settings cannot work.
    """
    url = api_url(account)
    try:
        return Bot(
            token=account.secrets.get("token", "") if token is None else token,
            session=Session(network, api=TelegramAPIServer.from_base(url), timeout=ANSWER_SECONDS),
        )
    except TokenValidationError:
        raise Rejected(
            "The bot token is not one: @BotFather gives tokens such as 123456:ABC-DEF. Paste it again.", code="token"
        ) from None
