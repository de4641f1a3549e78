"""Groups and channels: nothing said there is kept, and who speaks to the bot is once told where to write. Pure."""

from __future__ import annotations

from aiogram.types import Message, User

from channels.telegram.chats import Line
from channels.telegram.content import language_of
from channels.telegram.marks import stretch
from core.channel import Ignored
from core.content import Content

ONLY_PRIVATE = {
    "en": "I only answer in private chats. Please open my profile and write to me there.",
    "ru": "Я отвечаю только в личных сообщениях. Откройте мой профиль и напишите мне там.",
    "uk": "Я відповідаю лише в особистих повідомленнях. Відкрийте мій профіль і напишіть мені там.",
}


def in_a_group(message: Message, line: Line) -> Ignored:
    """What a message in a group comes to."""
    reason = f"message in a {chat_type(message.chat.type)}"
    if message.chat.type in ("group", "supergroup") and _spoken_to(message, line):
        return Ignored(reason, line.address(message.chat.id), only_private(message.from_user))
    return Ignored(reason)


def _spoken_to(message: Message, line: Line) -> bool:
    """Whether the bot is commanded, mentioned or answered in a group."""
    answered = message.reply_to_message
    if answered is not None and answered.from_user is not None and answered.from_user.id == line.bot_id:
        return True
    text = message.text or message.caption or ""
    for entity in message.entities or message.caption_entities or ():
        word = stretch(text, entity)
        if entity.type == "text_mention" and entity.user is not None and entity.user.id == line.bot_id:
            return True
        if entity.type in ("mention", "bot_command"):
            named = word.partition("@")[2].lower()
            if named == line.username.lower() if named and line.username else named.endswith("bot") or not named:
                return True
    return False


def only_private(speaker: User | None) -> Content:
    """The polite answer, in the language of who speaks."""
    language = (language_of(speaker) or "en")[:2]
    return Content(text=ONLY_PRIVATE.get(language, ONLY_PRIVATE["en"]))


def chat_type(type_: str) -> str:
    """A bounded word, because reasons are counted."""
    return type_ if type_ in ("group", "supergroup", "channel") else "chat of an unknown kind"
