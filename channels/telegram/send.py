"""Sending one message: the calls in order, and an honest word about what happened."""

from __future__ import annotations

from typing import Any

from aiogram import Bot
from aiogram.exceptions import AiogramError, ClientDecodeError, TelegramBadRequest
from aiogram.methods import SendMediaGroup

from channels.telegram.answers import as_delivery_error
from channels.telegram.compose import Call, as_document, compose
from channels.telegram.session import ANSWER_SECONDS, OFFICIAL, api_url
from core.channel import Account, Outbound
from core.errors import DeliveryError, RecipientGone, Rejected, RetryLater, Uncertain

MAX_UPLOAD = 50 << 20  # https://core.telegram.org/bots/api#sending-files
MAX_UPLOAD_OWN = 2000 << 20  # https://core.telegram.org/bots/api#using-a-local-bot-api-server
SLOWEST_UPLOAD = 64 << 10  # bytes a second


async def send(bot: Bot, account: Account, message: Outbound) -> str:
    """Send `message` and return the id of the last message Telegram made of it (of an album, of its last item).

    Raises a DeliveryError. When some parts of a longer message are out and the next one fails for now, that is
    Uncertain: sending all of it again would double the first parts.
    """
    size = sum(len(file.data or b"") for file in message.content.files)
    most = MAX_UPLOAD if api_url(account) == OFFICIAL else MAX_UPLOAD_OWN
    for file in message.content.files:
        if len(file.data or b"") > most:
            raise Rejected(f"A file is larger than the {most >> 20} MB Telegram accepts.", code="too_large")
    patience = account.settings.get("answer_seconds")
    seconds = int((patience if isinstance(patience, int) else ANSWER_SECONDS) + size / SLOWEST_UPLOAD)
    calls = compose(message)
    last = ""
    for done, call in enumerate(calls):
        try:
            last = await _one(bot, call, seconds)
        except (AiogramError, DeliveryError) as error:
            raise _after(done, len(calls), as_delivery_error(error)) from error
    return last


async def _one(bot: Bot, call: Call, seconds: int) -> str:
    try:
        return await _id_of(bot, call, seconds)
    except TelegramBadRequest as error:
        # Refused, so nothing went out: a picture too long, a person who takes no voice messages. As a file it may go.
        plain = as_document(call)
        if plain is None or isinstance(as_delivery_error(error), RecipientGone):
            raise
    return await _id_of(bot, plain, seconds)


async def _id_of(bot: Bot, call: Call, seconds: int) -> str:
    try:
        answer: Any = await bot(call, request_timeout=seconds)
    except ClientDecodeError as error:
        # Sent, but answered in a way this aiogram does not know: all we need of it is the id.
        data = error.data if isinstance(error.data, dict) else {}
        answer = data.get("result") if data.get("ok") is True else None
        if isinstance(call, SendMediaGroup):
            answer = answer[-1] if isinstance(answer, list) and answer else None
        id_ = answer.get("message_id") if isinstance(answer, dict) else None
        if not isinstance(id_, int):
            raise
        return str(id_)
    return str((answer[-1] if isinstance(answer, list) else answer).message_id)


def _after(done: int, parts: int, error: DeliveryError) -> DeliveryError:
    """`error` as it is when `done` of `parts` are out already."""
    if not done or isinstance(error, RecipientGone):
        return error
    sentence = f"Only {done} of {parts} parts went out. {error.sentence}"
    if isinstance(error, RetryLater | Uncertain):
        return Uncertain(sentence, code="partly")
    return Rejected(sentence, code="partly")
