"""One Update of the Bot API becomes events. Pure.

Private chats only: what happens in groups and channels is `Ignored`, with a polite answer where the bot was spoken to.
https://core.telegram.org/bots/api#update
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from aiogram.types import CallbackQuery, ChatMemberUpdated, InlineKeyboardMarkup, Message, Update, User

from channels.telegram.content import Said, said_in
from channels.telegram.plain import LANGUAGE, LATEST, plain
from core.channel import Address, Arrival, Content, Event, Ignored, Reachability, clean
from core.errors import NotThisFormat, Unreadable

# What we ask Telegram for; everything else would be ignored here anyway.
ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")

PRESENT = frozenset(
    {"creator", "administrator", "member", "restricted"}
)  # https://core.telegram.org/bots/api#chatmember

ONLY_PRIVATE = {
    "en": "I only answer in private chats. Please open my profile and write to me there.",
    "ru": "Я отвечаю только в личных сообщениях. Откройте мой профиль и напишите мне там.",
    "uk": "Я відповідаю лише в особистих повідомленнях. Відкрийте мій профіль і напишіть мені там.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """The bot an update came to: the account's name, and the bot's own id and user name as far as they are known."""

    account: str
    bot_id: int = 0
    username: str = ""

    def address(self, chat_id: int) -> Address:
        """Where the chat is reached on this line."""
        return Address("telegram", self.account, str(chat_id))


def parse_update(body: bytes, line: Line) -> list[Event]:
    """The events in one Update. Raises NotThisFormat when it is none, Unreadable when it contradicts the Bot API."""
    raw, strict = _loaded(body)
    if strict and (arrival := plain(raw, line.account)) is not None:
        return [arrival]
    edit_date = _edit_date(raw)
    try:
        update = Update.model_validate(_tidied(raw))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"This update is not as the Bot API describes it: {_place(error)}") from error
    if update.message is not None:
        return [_message(update.message, line)]
    if update.edited_message is not None:
        return [_edit(update.edited_message, edit_date, line)]
    if update.callback_query is not None:
        return [_press(update.callback_query, line)]
    if update.my_chat_member is not None:
        return [_membership(update.my_chat_member, line)]
    known = [name for name in Update.model_fields if name != "update_id" and getattr(update, name) is not None]
    return [Ignored(f"update: {known[0]}" if known else "update of an unknown kind")]


# ---------------------------------------------------------------------------------------- from bytes to an Update


def _loaded(body: bytes) -> tuple[dict[str, Any], bool]:
    """The update, and whether a strict reader read it."""
    strict = True
    try:
        raw = orjson.loads(body)
    except ValueError:
        strict = False
        # Stricter than need be (lone surrogates, large numbers): what it refuses is read the patient way.
        raw = _patiently(body)
    update_id = raw.get("update_id") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not isinstance(update_id, int) or isinstance(update_id, bool):
        raise NotThisFormat("The body is not an Update of the Telegram Bot API: it has no update_id.")
    return raw, strict


def _patiently(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotThisFormat("The body is not JSON.") from error


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _edit_date(raw: dict[str, Any]) -> str:
    """The edit date as it came, because an absurd one still tells one edit from the next."""
    edited = raw.get("edited_message")
    return clean(str(edited.get("edit_date")))[:24] if isinstance(edited, dict) else ""


def _tidied(value: Any, key: str = "") -> Any:
    """`value` with writable text, dates that exist, and no number that neither MongoDB nor JSON can hold."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        if (key == "date" or key.endswith("_date")) and not 0 <= value <= LATEST:
            return 0
        if not -(2**63) <= value < 2**63 or not math.isfinite(value):
            raise ValueError(f"the number in {clean(key)[:40]} is too large")
        return value
    if isinstance(value, list):
        return [_tidied(inner, key) for inner in value]
    return {clean(name): _tidied(inner, name) for name, inner in value.items()}


def _place(error: Exception) -> str:
    """Where in the update the trouble is, without its content (a person's words do not belong in a log)."""
    describe = getattr(error, "errors", None)
    if describe is None:
        return str(error)[:200] if isinstance(error, ValueError) else "it is nested too deeply"
    first = describe(include_url=False, include_context=False, include_input=False)[0]
    return clean(".".join(str(step) for step in first["loc"]) + ": " + str(first["msg"]))[:200]


# ------------------------------------------------------------------------------------------------------- messages


def _message(message: Message, line: Line) -> Event:
    refusal = _not_for_us(message, line)
    if refusal is not None:
        return refusal
    said = said_in(message)
    if isinstance(said, Ignored):
        return said
    return _arrival(message, said, line, key=f"m:{message.chat.id}:{message.message_id}", at=message.date)


def _edit(message: Message, edit_date: str, line: Line) -> Event:
    if message.chat.type != "private":
        return Ignored(f"edited in a {_chat_type(message.chat.type)}")
    refusal = _not_for_us(message, line)
    if refusal is not None:
        return refusal
    if message.location is not None and message.venue is None:
        return Ignored("live location moved")  # many a minute; the first one is in the log
    said = said_in(message)
    if isinstance(said, Ignored):
        return said
    # Two edits within a second share their date, hence the fingerprint of what is said now.
    print_ = hashlib.sha256(repr((said.content, said.data)).encode()).hexdigest()[:12]
    key = f"m:{message.chat.id}:{message.message_id}:e{edit_date}:{print_}"
    at = datetime.fromtimestamp(message.edit_date, UTC) if message.edit_date else None
    return _arrival(message, said, line, key=key, at=at, edits=str(message.message_id))


def _not_for_us(message: Message, line: Line) -> Ignored | None:
    if message.chat.type != "private":
        return _in_a_group(message, line)
    if message.from_user is not None and message.from_user.is_bot:
        return Ignored("written by a bot")
    return None


def _arrival(
    message: Message, said: Said, line: Line, *, key: str, at: datetime | None, edits: str | None = None
) -> Arrival:
    """An edit has no `external_id` of its own, so that only the message itself is found under its id."""
    answered = message.reply_to_message
    return Arrival(
        address=line.address(message.chat.id),
        key=key,
        content=said.content,
        at=_at(at),
        name=_name(message.from_user) or _name(message.chat),
        language=_language(message.from_user),
        external_id=str(message.message_id) if edits is None else None,
        reply_to=(str(answered.message_id),) if answered is not None else (),
        edits=edits,
        identities=said.identities,
        data=said.data,
    )


# -------------------------------------------------------------------------------------------------- everything else


def _press(query: CallbackQuery, line: Line) -> Event:
    """A pressed button: its value is the choice, its label what the person said."""
    if query.message is None:
        return Ignored("button pressed outside a chat")
    if query.message.chat.type != "private":
        return Ignored(f"button pressed in a {_chat_type(query.message.chat.type)}")
    if query.data is None:
        return Ignored("button of a game")
    keyboard = query.message.reply_markup if isinstance(query.message, Message) else None
    return Arrival(
        address=line.address(query.message.chat.id),
        key=f"c:{query.id[:100]}",
        content=Content(text=_label(keyboard, query.data)),
        name=_name(query.from_user),
        language=_language(query.from_user),
        reply_to=(str(query.message.message_id),),
        choice=query.data,
        data={"callback_query_id": query.id},
    )


def _label(keyboard: InlineKeyboardMarkup | None, value: str) -> str:
    """What was written on the button; its value when the message is too old to be shown."""
    rows = keyboard.inline_keyboard if keyboard is not None else []
    return next((button.text for row in rows for button in row if button.callback_data == value), value)


def _membership(change: ChatMemberUpdated, line: Line) -> Event:
    """In a private chat this tells that the person blocked or unblocked the bot."""
    before, after = (str(member.status) for member in (change.old_chat_member, change.new_chat_member))
    address = line.address(change.chat.id)
    if change.chat.type == "private":
        return Reachability(address, reachable=after in PRESENT, at=_at(change.date))
    reason = f"membership in a {_chat_type(change.chat.type)}"
    added = after in PRESENT and before not in PRESENT
    if added and change.chat.type in ("group", "supergroup"):
        return Ignored(reason, address, _only_private(change.from_user))
    return Ignored(reason)


def _in_a_group(message: Message, line: Line) -> Ignored:
    reason = f"message in a {_chat_type(message.chat.type)}"
    if message.chat.type in ("group", "supergroup") and _spoken_to(message, line):
        return Ignored(reason, line.address(message.chat.id), _only_private(message.from_user))
    return Ignored(reason)


def _spoken_to(message: Message, line: Line) -> bool:
    """Whether the bot is commanded, mentioned or answered in a group."""
    answered = message.reply_to_message
    if answered is not None and answered.from_user is not None and answered.from_user.id == line.bot_id:
        return True
    text = message.text or message.caption or ""
    units = text.encode("utf-16-le")  # offsets and lengths of entities are in UTF-16 code units
    for entity in message.entities or message.caption_entities or ():
        word = units[2 * max(entity.offset, 0) : 2 * max(entity.offset + entity.length, 0)].decode(
            "utf-16-le", "ignore"
        )
        if entity.type == "text_mention" and entity.user is not None and entity.user.id == line.bot_id:
            return True
        if entity.type in ("mention", "bot_command"):
            named = word.partition("@")[2].lower()
            if named == line.username.lower() if named and line.username else named.endswith("bot") or not named:
                return True
    return False


def _only_private(speaker: User | None) -> Content:
    language = (_language(speaker) or "en")[:2]
    return Content(text=ONLY_PRIVATE.get(language, ONLY_PRIVATE["en"]))


def _chat_type(type_: str) -> str:
    """A bounded word, because reasons are counted."""
    return type_ if type_ in ("group", "supergroup", "channel") else "chat of an unknown kind"


def _name(whose: Any) -> str:
    """First and last name of a User or a Chat."""
    names = (getattr(whose, part, None) or "" for part in ("first_name", "last_name"))
    return " ".join(" ".join(names).split())[:200]


def _language(speaker: User | None) -> str | None:
    code = (speaker.language_code or "").lower() if speaker is not None else ""
    return code if LANGUAGE.fullmatch(code) else None


def _at(value: datetime | None) -> datetime | None:
    """None where Telegram gives no date, which it writes as 0, or where it makes no sense."""
    return value if value is not None and value.tzinfo is not None and value.timestamp() > 0 else None
