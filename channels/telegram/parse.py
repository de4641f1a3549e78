"""One Update of the Bot API becomes events. Pure.

Private chats only: what happens in groups and channels is `Ignored`, with a polite answer where the bot was spoken to.
https://core.telegram.org/bots/api#update
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from aiogram.types import (
    BusinessConnection,
    BusinessMessagesDeleted,
    CallbackQuery,
    ChatMemberUpdated,
    InlineKeyboardMarkup,
    Message,
    MessageReactionUpdated,
    Update,
    User,
)

from channels.telegram.chats import Line
from channels.telegram.content import Said, language_of, location_of, name_of, said_in
from channels.telegram.groups import chat_type, in_a_group, only_private
from channels.telegram.plain import plain
from channels.telegram.update import edit_date, loaded, read_update
from core.channel import Arrival, Event, Ignored, Reachability, Remark
from core.content import Content, clean

# What we ask Telegram for; everything else would be ignored here anyway.
ALLOWED_UPDATES = (
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "message_reaction",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
)

PRESENT = frozenset(
    {"creator", "administrator", "member", "restricted"}
)  # https://core.telegram.org/bots/api#chatmember

# What stands for a reaction that is no emoji. https://core.telegram.org/bots/api#reactiontype
OTHER_SIGNS = {"paid": "⭐", "custom_emoji": "✨"}
MOST_DELETED = 1000


def parse_update(body: bytes, line: Line) -> list[Event]:
    """The events in one Update. Raises NotThisFormat when it is none, Unreadable when it contradicts the Bot API."""
    raw, strict = loaded(body)
    if strict and (arrival := plain(raw, line.account)) is not None:
        return [arrival]
    return [_event(read_update(raw), edit_date(raw), line)]


def _event(update: Update, edit_date: str, line: Line) -> Event:
    if message := update.message or update.business_message:
        return _message(message, line)
    if edited := update.edited_message or update.edited_business_message:
        return _edit(edited, edit_date, line)
    if update.callback_query is not None:
        return _press(update.callback_query, line)
    if update.message_reaction is not None:
        return _reaction(update.message_reaction, line)
    if update.deleted_business_messages is not None:
        return _deletion(update.deleted_business_messages, line)
    if update.business_connection is not None:
        return _connection(update.business_connection)
    if update.my_chat_member is not None:
        return _membership(update.my_chat_member, line)
    known = [name for name in Update.model_fields if name != "update_id" and getattr(update, name) is not None]
    return Ignored(f"update: {known[0]}" if known else "update of an unknown kind")


# ------------------------------------------------------------------------------------------------------- messages


def _message(message: Message, line: Line) -> Event:
    refusal = _not_for_us(message, line)
    if refusal is not None:
        return refusal
    said = said_in(message)
    if isinstance(said, Ignored):
        return said
    if message.media_group_id and said.content.files:
        # The items of an album are messages of their own, and one entry of ours.
        group = clean(message.media_group_id)[:100]
        key = f"g:{message.chat.id}:{group}"
        return _arrival(message, said, line, key=key, at=message.date, part=message.message_id)
    return _arrival(message, said, line, key=f"m:{message.chat.id}:{message.message_id}", at=message.date)


def _edit(message: Message, edit_date: str, line: Line) -> Event:
    if message.chat.type != "private":
        return Ignored(f"edited in a {chat_type(message.chat.type)}")
    refusal = _not_for_us(message, line)
    if refusal is not None:
        return refusal
    if message.location is not None and message.venue is None:
        return _moved(message, line)
    said = said_in(message)
    if isinstance(said, Ignored):
        return said
    # Two edits within a second share their date, hence the fingerprint of what is said now.
    print_ = hashlib.sha256(repr((said.content, said.data)).encode()).hexdigest()[:12]
    key = f"m:{message.chat.id}:{message.message_id}:e{edit_date}:{print_}"
    return _arrival(message, said, line, key=key, at=_edited_at(message), edits=str(message.message_id))


def _edited_at(message: Message) -> datetime | None:
    return datetime.fromtimestamp(message.edit_date, UTC) if message.edit_date else None


def _moved(message: Message, line: Line) -> Event:
    """A live location goes on, many times a minute: the message that shared it shows where they are now."""
    place = location_of(message)
    if place is None:
        return Ignored("location that is nowhere on earth")
    address = line.address(message.chat.id, message.business_connection_id)
    return Remark(address, (str(message.message_id),), location=place, at=_edited_at(message))


def _not_for_us(message: Message, line: Line) -> Ignored | None:
    if message.chat.type != "private":
        return in_a_group(message, line)
    if message.sender_business_bot is not None:
        return Ignored("sent by a bot for the business account")
    if message.from_user is not None and message.from_user.is_bot:
        return Ignored("written by a bot")
    if message.business_connection_id and message.is_from_offline and _owner(message) is not None:
        return Ignored("sent by itself for the business account")  # a greeting, a note that they are away
    return None


def _owner(message: Message) -> User | None:
    """Whose business account it is, when they wrote this and not their customer."""
    writer = message.from_user
    return writer if message.business_connection_id and writer and writer.id != message.chat.id else None


def _arrival(
    message: Message,
    said: Said,
    line: Line,
    *,
    key: str,
    at: datetime | None,
    edits: str | None = None,
    part: int | None = None,
) -> Arrival:
    """An edit has no `external_id` of its own, so that only the message itself is found under its id."""
    answered, owner = message.reply_to_message, _owner(message)
    customer = message.from_user if owner is None else None
    return Arrival(
        address=line.address(message.chat.id, message.business_connection_id),
        key=key,
        content=said.content,
        at=_at(at),
        name=name_of(customer) or name_of(message.chat),
        language=language_of(customer),
        external_id=str(message.message_id) if edits is None else None,
        reply_to=(str(answered.message_id),) if answered is not None else (),
        edits=edits,
        identities=said.identities if owner is None else (),
        data=said.data,
        part=part,
        echo=None if owner is None else name_of(owner),
    )


# -------------------------------------------------------------------------------------------------- everything else


def _press(query: CallbackQuery, line: Line) -> Event:
    """A pressed button: its value is the choice, its label what the person said."""
    if query.message is None:
        return Ignored("button pressed outside a chat")
    if query.message.chat.type != "private":
        return Ignored(f"button pressed in a {chat_type(query.message.chat.type)}")
    if query.data is None:
        return Ignored("button of a game")
    whole = query.message if isinstance(query.message, Message) else None
    keyboard = whole.reply_markup if whole is not None else None
    return Arrival(
        address=line.address(query.message.chat.id, whole.business_connection_id if whole is not None else None),
        key=f"c:{query.id[:100]}",
        content=Content(text=_label(keyboard, query.data)),
        name=name_of(query.from_user),
        language=language_of(query.from_user),
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
    reason = f"membership in a {chat_type(change.chat.type)}"
    added = after in PRESENT and before not in PRESENT
    if added and change.chat.type in ("group", "supergroup"):
        return Ignored(reason, address, only_private(change.from_user))
    return Ignored(reason)


def _reaction(change: MessageReactionUpdated, line: Line) -> Event:
    """All signs the person now has on a message. https://core.telegram.org/bots/api#messagereactionupdated"""
    if change.chat.type != "private":
        return Ignored(f"reaction in a {chat_type(change.chat.type)}")
    if change.user is None or change.user.is_bot:
        return Ignored("reaction of nobody")
    signs = (
        getattr(reaction, "emoji", None) or OTHER_SIGNS.get(reaction.type, "✨") for reaction in change.new_reaction
    )
    return Remark(
        line.address(change.chat.id),
        (str(change.message_id),),
        reactions=tuple(dict.fromkeys(signs)),
        at=_at(change.date),
    )


def _deletion(deleted: BusinessMessagesDeleted, line: Line) -> Event:
    """Messages of a business chat were deleted, by whoever; Telegram tells no time."""
    if deleted.chat.type != "private":
        return Ignored(f"messages deleted in a {chat_type(deleted.chat.type)}")
    address = line.address(deleted.chat.id, deleted.business_connection_id)
    return Remark(address, tuple(str(id) for id in deleted.message_ids[:MOST_DELETED]), deleted=True)


def _connection(connection: BusinessConnection) -> Ignored:
    """Nothing to keep: every message of a business chat names its connection, and answers go through that."""
    if not connection.is_enabled:
        return Ignored("business account disconnected")
    may_answer = connection.rights.can_reply if connection.rights is not None else connection.can_reply
    return Ignored("business account connected" + ("" if may_answer else " without the right to answer"))


def _at(value: datetime | None) -> datetime | None:
    """None where Telegram gives no date, which it writes as 0, or where it makes no sense."""
    return value if value is not None and value.tzinfo is not None and value.timestamp() > 0 else None
