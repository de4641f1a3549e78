"""Sending one message: the calls in order, and an honest word about what happened."""

from __future__ import annotations

from typing import Any

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramBadRequest

from channels.telegram.answers import as_delivery_error
from channels.telegram.compose import Call, as_document, compose
from channels.telegram.session import ANSWER_SECONDS, OFFICIAL, OutcomeUnknown, api_url
from core.channel import Account, Outbound
from core.errors import DeliveryError, RecipientGone, Rejected, RetryLater, Uncertain
from core.said import Said

MAX_UPLOAD = 50 << 20  # https://core.telegram.org/bots/api#sending-files
MAX_UPLOAD_OWN = 2000 << 20  # https://core.telegram.org/bots/api#using-a-local-bot-api-server
SLOWEST_UPLOAD = 64 << 10  # bytes a second


async def send(bot: Bot, account: Account, message: Outbound) -> tuple[str, ...]:
    """Send `message` and return the ids of the messages Telegram made of it, in order.

    Raises a DeliveryError. When some parts of a longer message are out and the next one fails for now, that is
    Uncertain: sending all of it again would double the first parts.
    """
    size = sum(len(file.data or b"") for file in message.content.files)
    most = MAX_UPLOAD if api_url(account) == OFFICIAL else MAX_UPLOAD_OWN
    for file in message.content.files:
        if len(file.data or b"") > most:
            raise Rejected(
                Said("A file is larger than the {limit} MB Telegram accepts.", limit=most >> 20), code="too_large"
            )
    patience = account.settings.get("answer_seconds")
    seconds = int((patience if isinstance(patience, int) else ANSWER_SECONDS) + size / SLOWEST_UPLOAD)
    calls = compose(message)
    ids: list[str] = []
    for done, call in enumerate(calls):
        try:
            ids += await _one(bot, call, seconds)
        except (AiogramError, DeliveryError) as error:
            raise _after(done, len(calls), as_delivery_error(error)) from error
    return tuple(ids)


async def _one(bot: Bot, call: Call, seconds: int) -> list[str]:
    try:
        return await _ids_of(bot, call, seconds)
    except TelegramBadRequest as error:
        # Refused, so nothing went out: a picture too long, a person who takes no voice messages. As a file it may go.
        plain = as_document(call)
        if plain is None or isinstance(as_delivery_error(error), RecipientGone):
            raise
    return await _ids_of(bot, plain, seconds)


async def _ids_of(bot: Bot, call: Call, seconds: int) -> list[str]:
    answer: Any = await bot(call, request_timeout=seconds)
    made = answer if isinstance(answer, list) else [answer]
    ids = [one.get("message_id") if isinstance(one, dict) else None for one in made]
    if not ids or not all(isinstance(id_, int) for id_ in ids):
        raise OutcomeUnknown("an answer without numbers")
    return [str(id_) for id_ in ids]


def _after(done: int, parts: int, error: DeliveryError) -> DeliveryError:
    """`error` as it is when `done` of `parts` are out already."""
    if not done or isinstance(error, RecipientGone):
        return error
    sentence = Said("Only {done} of {parts} parts went out.", error.sentence, done=done, parts=parts)
    if isinstance(error, RetryLater | Uncertain):
        return Uncertain(sentence, code="partly")
    return Rejected(sentence, code="partly")
