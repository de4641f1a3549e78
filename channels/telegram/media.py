"""Attachments, fetched from where Telegram keeps them. https://core.telegram.org/bots/api#getfile"""

from __future__ import annotations

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramBadRequest
from aiogram.methods import GetFile

from channels.telegram.answers import as_reading_error
from channels.telegram.session import OFFICIAL, NotSent, Session, TooBig, api_url
from core.channel import Account, File
from core.errors import Rejected, RetryLater

MAX_DOWNLOAD = 20 << 20
MAX_DOWNLOAD_OWN = 100 << 20  # a self-hosted server has no limit; ours keeps memory bounded


async def fetch(bot: Bot, account: Account, file: File) -> bytes:
    """The bytes behind `file.source`. Raises RetryLater, or Rejected when they can never be had."""
    if not file.source:
        raise Rejected("This file is not kept at Telegram.", code="no_source")
    limit = MAX_DOWNLOAD if api_url(account) == OFFICIAL else MAX_DOWNLOAD_OWN
    too_large = Rejected(f"The file is larger than the {limit >> 20} MB a bot may fetch.", code="too_large")
    if file.size > limit:
        raise too_large
    try:
        found = await bot(GetFile(file_id=file.source))
    except TelegramBadRequest as error:
        if "too big" in error.message.lower():
            raise too_large from error
        raise Rejected("Telegram does not have this file any more.", code="no_file") from error
    except AiogramError as error:
        raise as_reading_error(error) from error
    if not found.file_path:
        raise Rejected("Telegram does not have this file any more.", code="no_file")
    if found.file_path.startswith("/"):
        raise Rejected(
            "The Bot API server keeps files on its own disk (--local). Start it without --local.", code="local_server"
        )
    if (found.file_size or 0) > limit:
        raise too_large
    session = bot.session
    assert isinstance(session, Session)  # noqa: S101 - open_bot made it
    try:
        return await session.download(bot, found.file_path, limit)
    except TooBig:
        raise too_large from None
    except NotSent:
        raise RetryLater("Telegram did not hand over the file. It will be tried again.", code="unreachable") from None
