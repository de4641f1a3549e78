"""Attachments, fetched from where Telegram keeps them. https://core.telegram.org/bots/api#getfile"""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramBadRequest
from aiogram.methods import GetFile

from channels.telegram.answers import as_reading_error
from channels.telegram.session import OFFICIAL, NotSent, Session, TooBig, api_url
from core.channel import Account
from core.content import File
from core.errors import Rejected, RetryLater
from core.said import Said

MAX_DOWNLOAD = 20 << 20
MAX_DOWNLOAD_OWN = 100 << 20  # a self-hosted server has no limit; ours keeps memory bounded


async def fetch(bot: Bot, account: Account, file: File) -> bytes:
    """The bytes behind `file.source`. Raises RetryLater, or Rejected when they can never be had."""
    if not file.source:
        raise Rejected("This file is not kept at Telegram.", code="no_source")
    limit = MAX_DOWNLOAD if api_url(account) == OFFICIAL else MAX_DOWNLOAD_OWN
    too_large = Rejected(
        Said("The file is larger than the {limit} MB a bot may fetch.", limit=limit >> 20), code="too_large"
    )
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
    if (found.file_size or 0) > limit:
        raise too_large
    if found.file_path.startswith("/"):
        return await asyncio.to_thread(_from_disk, found.file_path, bot.token, account, limit)
    session = bot.session
    assert isinstance(session, Session)  # noqa: S101 - open_bot made it
    try:
        return await session.download(bot, found.file_path, limit, found.file_size)
    except TooBig:
        raise too_large from None
    except NotSent:
        raise RetryLater("Telegram did not hand over the file. It will be tried again.", code="unreachable") from None


def _from_disk(path: str, token: str, account: Account, limit: int) -> bytes:
    """A file of a server that runs with --local and names it by its own path, `…/TOKEN/documents/file_1.pdf`.

    The setting `local_files` says where the folder that holds the tokens' folders is found from here; nothing outside
    of it is ever read. https://core.telegram.org/bots/api#using-a-local-bot-api-server
    """
    folder = str(account.settings.get("local_files") or "").strip()
    if not folder:
        raise Rejected(NO_FOLDER, code="local_server")
    _, found, rest = path.partition(f"/{token}/")
    within = Path(folder).resolve()
    file = (within / token / rest if found else Path(path)).resolve()
    if not file.is_relative_to(within):
        raise Rejected(NO_FOLDER, code="local_server")
    try:
        with file.open("rb") as opened:
            data = opened.read(limit + 1)
    except FileNotFoundError:
        raise Rejected("The Bot API server does not have this file any more.", code="no_file") from None
    except OSError as error:
        raise RetryLater(
            Said("The hub cannot read the Bot API server's file ({reason}).", reason=type(error).__name__),
            code="local_files",
        ) from None
    if len(data) > limit:
        raise Rejected(
            Said("The file is larger than the {limit} MB a bot may fetch.", limit=limit >> 20), code="too_large"
        )
    return data


NO_FOLDER = (
    "The Bot API server keeps files on its own disk (--local). Set the folder where the hub finds them, or start it "
    "without --local."
)
