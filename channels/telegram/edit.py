"""Changing what was sent, and taking it back. Both may be repeated.

https://core.telegram.org/bots/api#updating-messages and https://core.telegram.org/bots/api#deletemessages
"""

from __future__ import annotations

from typing import Any

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramBadRequest
from aiogram.methods import (
    DeleteBusinessMessages,
    DeleteMessage,
    DeleteMessages,
    EditMessageCaption,
    EditMessageText,
    TelegramMethod,
)
from aiogram.types import InlineKeyboardMarkup

from channels.telegram.answers import as_delivery_error
from channels.telegram.compose import MAX_CAPTION, MAX_TEXT, markup_of, trimmed, whereto
from channels.telegram.looks import entities
from channels.telegram.session import ANSWER_SECONDS
from core.channel import Address, Outbound
from core.errors import Rejected
from core.fit import size

# What a 400 says (in lower case) when there is nothing left to do.
SAME = ("message is not modified",)
NOT_THERE = ("message to delete not found", "message_id_invalid", "message to be deleted not found")
ELSEWHERE = ("there is no caption", "there is no text")
NOT_ANY_MORE = {
    "message to edit not found": "The message is not there any more: the customer may have deleted it.",
    "message_id_invalid": "The message is not there any more: the customer may have deleted it.",
    "message can't be edited": "Telegram lets this message be changed no longer.",
    "message can't be deleted": "Telegram lets a message be taken back within two days only.",
}


async def edit(bot: Bot, message: Outbound, ids: tuple[str, ...]) -> None:
    """Make the words of a sent message what `message` says. Raises a DeliveryError.

    With files the words are the caption of the first; where they went out as a message of their own, that one.
    """
    text, marks = trimmed(message.content)
    looks, chat = entities(text, marks), whereto(message.address)
    markup = markup_of(message.content, text)
    inline = markup if isinstance(markup, InlineKeyboardMarkup) else None
    numbers = [int(id_) for id_ in ids if id_.isascii() and id_.isdigit()]
    if not numbers:
        raise Rejected("It is not known which message this was.", code="no_id")
    where: dict[str, Any] = {
        "chat_id": chat.id,
        "business_connection_id": chat.connection,
        "message_id": numbers[0],
        "parse_mode": None,
        "reply_markup": inline,
    }
    as_text = EditMessageText(text=text, entities=looks, **where)
    as_caption = EditMessageCaption(caption=text, caption_entities=looks, **where)
    calls: list[TelegramMethod[Any]] = [as_text]
    if message.content.files and len(numbers) > 1 and inline is not None:
        # Below an album the buttons have a message of their own, with the words.
        calls = [as_text.model_copy(update={"message_id": numbers[-1]})]
    elif message.content.files:
        calls = [as_caption, as_text]  # the words of a sticker, or of several albums, go before it
    if size(text, utf16=True) > (MAX_CAPTION if calls[0] is as_caption else MAX_TEXT):
        raise Rejected("This is too long for one message.", code="too_long")
    for call in calls[:-1]:
        if await _done(bot, call, SAME, elsewhere=True):
            return
    await _done(bot, calls[-1], SAME)


async def delete(bot: Bot, address: Address, ids: tuple[str, ...]) -> None:
    """Take a sent message back, all of it. Raises a DeliveryError; fine when it is gone already."""
    chat = whereto(address)
    numbers = [int(id_) for id_ in ids if id_.isascii() and id_.isdigit()]
    for start in range(0, len(numbers), 100):
        some = numbers[start : start + 100]
        call: TelegramMethod[Any] = DeleteMessages(chat_id=chat.id, message_ids=some)
        if chat.connection:
            call = DeleteBusinessMessages(business_connection_id=chat.connection, message_ids=some)
        elif len(some) == 1:  # of several, Telegram leaves out in silence what it cannot take back
            call = DeleteMessage(chat_id=chat.id, message_id=some[0])
        await _done(bot, call, NOT_THERE)


async def _done(bot: Bot, call: TelegramMethod[Any], fine: tuple[str, ...], *, elsewhere: bool = False) -> bool:
    """Make the call; False when the words are in another message, which only counts where that was expected."""
    try:
        await bot(call, request_timeout=int(ANSWER_SECONDS))
    except TelegramBadRequest as error:
        said = error.message.lower()
        if any(sign in said for sign in fine):
            return True
        if elsewhere and any(sign in said for sign in ELSEWHERE):
            return False
        for sign, sentence in NOT_ANY_MORE.items():
            if sign in said:
                raise Rejected(sentence, code="not_any_more") from error
        raise as_delivery_error(error) from error
    except AiogramError as error:
        raise as_delivery_error(error) from error
    return True
