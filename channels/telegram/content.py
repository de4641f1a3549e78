"""What one Telegram message says: text, files, a place, a contact. Pure.

https://core.telegram.org/bots/api#message
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from aiogram.types import Contact, Message, User

from channels.telegram.marks import marks_of
from channels.telegram.plain import LANGUAGE
from core.channel import Identity, Ignored
from core.content import Content, File, Location

# The fields of a Message that hold one file, with our kind, type and name where Telegram gives none. The order
# matters: an animation is also there as a document, for old clients.
MEDIA = (
    ("animation", "video", "video/mp4", "animation.mp4"),
    ("video", "video", "video/mp4", "video.mp4"),
    ("video_note", "video", "video/mp4", "video-message.mp4"),
    ("live_photo", "video", "video/mp4", "live-photo.mp4"),
    ("voice", "voice", "audio/ogg", "voice.ogg"),
    ("audio", "audio", "audio/mpeg", "audio.mp3"),
    ("document", "document", "application/octet-stream", "document"),
)

SHOWN_AS_IMAGE = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})

_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,80}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}")
_NOT_IN_A_NAME = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]+")

# Fields that are about the message; everything else that is set names its kind.
_ABOUT = frozenset(
    {
        "message_id",
        "date",
        "chat",
        "from_user",
        "sender_chat",
        "message_thread_id",
        "is_topic_message",
        "reply_to_message",
        "external_reply",
        "quote",
        "reply_to_story",
        "via_bot",
        "has_protected_content",
        "reply_markup",
        "effect_id",
        "forward_origin",
        "forward_date",
        "forward_from",
        "forward_from_chat",
        "forward_from_message_id",
        "forward_sender_name",
        "forward_signature",
        "edit_date",
        "entities",
        "caption_entities",
        "link_preview_options",
        "media_group_id",
        "is_from_offline",
        "sender_boost_count",
        "author_signature",
        "business_connection_id",
        "sender_business_bot",
    }
)


# What can only be looked at in Telegram itself: the log says that it was sent.
ONLY_THERE = ("story", "game", "invoice", "paid_media", "giveaway", "giveaway_winners", "gift", "unique_gift")

QUOTED = 300  # characters kept of what a message answers


@dataclass(frozen=True, slots=True)
class Said:
    """What a message says, who it tells about, and what else is worth keeping."""

    content: Content
    data: dict[str, Any]
    identities: tuple[Identity, ...] = ()


def said_in(message: Message) -> Said | Ignored:
    """What `message` says, or why it says nothing to us."""
    data = beside(message)
    text, identities = _text(message, data)
    location = location_of(message)
    files = files_of(message)
    if not text and not files and location is None:
        return Ignored("location that is nowhere on earth" if message.location is not None else _kind(message))
    # Only what stands there as it was written has its formatting.
    given = message.entities if message.text is not None else message.caption_entities
    marks = marks_of(text, given) if text == (message.text or message.caption) else ()
    return Said(Content(text=text, files=files, location=location, marks=marks), data, identities)


def _text(message: Message, data: dict[str, Any]) -> tuple[str, tuple[Identity, ...]]:
    text = message.text or message.caption or ""
    if message.text is not None:
        command, _, payload = text.partition(" ")
        if command == "/start" or command.startswith("/start@"):
            # https://core.telegram.org/bots/features#deep-linking
            if payload.strip():
                data["start_payload"] = payload.strip()[:512]
            return "/start", ()
    if text:
        return text, ()
    if message.contact is not None:
        return _contact(message.contact, message.from_user.id if message.from_user is not None else None, data)
    if message.venue is not None:
        return "\n".join(part for part in (message.venue.title, message.venue.address) if part), ()
    if message.sticker is not None:
        return message.sticker.emoji or "", ()
    if message.dice is not None:
        return f"{message.dice.emoji} {message.dice.value}", ()
    if message.poll is not None:
        options = [option.text for option in message.poll.options]
        data["poll"] = {"question": message.poll.question, "options": options}
        return "\n".join([message.poll.question, *(f"• {option}" for option in options)]), ()
    if message.checklist is not None:
        tasks = (f"{'☑' if task.completion_date else '☐'} {task.text}" for task in message.checklist.tasks)
        return "\n".join([message.checklist.title, *tasks]), ()
    if message.web_app_data is not None:
        data["web_app_data"] = message.web_app_data.data
        return message.web_app_data.button_text, ()
    if message.rich_message is not None:
        return "\n".join(_words(message.rich_message.model_dump(mode="json")["blocks"])), ()
    for name in ONLY_THERE:
        if getattr(message, name) is not None:
            data["only_there"] = name
            return f"[{name.replace('_', ' ')}]", ()
    return "", ()


def _words(value: Any) -> list[str]:
    """The readable strings of a rich message, in order."""
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, list):
        parts = [_words(inner) for inner in value]
        if any(isinstance(inner, str) for inner in value):  # pieces of one line
            return ["".join(word for part in parts for word in part)]
        return [word for part in parts for word in part]
    if isinstance(value, dict):
        readable = ("title", "summary", "text", "blocks", "items", "rows", "cells", "caption")
        return [word for name in readable for word in _words(value.get(name))]
    return []


def _contact(contact: Contact, sender: int | None, data: dict[str, Any]) -> tuple[str, tuple[Identity, ...]]:
    """A card to read; the sender's own number, which Telegram vouches for, is also an identity."""
    digits = re.sub(r"[^0-9]", "", contact.phone_number)
    number = f"+{digits}" if 7 <= len(digits) <= 15 and not digits.startswith("0") else contact.phone_number
    name = " ".join(f"{contact.first_name} {contact.last_name or ''}".split())
    card = "\n".join(part for part in (name, number) if part)
    own = contact.user_id is not None and contact.user_id == sender
    data["contact"] = {"name": name, "phone": number, "own": own}
    if contact.user_id is not None:
        data["contact"]["user_id"] = contact.user_id
    vouched = own and number.startswith("+") and number[1:] == digits
    return card, (Identity("phone", number, verified=True),) if vouched else ()


def location_of(message: Message) -> Location | None:
    """The place in a message; None where there is none, or none on earth."""
    place = message.venue.location if message.venue is not None else message.location
    if place is None or not (-90 <= place.latitude <= 90 and -180 <= place.longitude <= 180):
        return None
    return Location(place.latitude, place.longitude, message.venue.title if message.venue is not None else "")


def files_of(message: Message) -> tuple[File, ...]:
    """The file in a message, if there is one."""
    if message.photo:
        largest = max(message.photo, key=lambda size: (size.width * size.height, size.file_size or 0))
        return _file(largest, "image", "image/jpeg", "photo.jpg")
    if message.sticker is not None:
        sticker = message.sticker
        type_, ending = ("video/webm", "webm") if sticker.is_video else ("image/webp", "webp")
        if sticker.is_animated:
            type_, ending = "application/x-tgsticker", "tgs"
        return _file(sticker, "sticker", type_, f"sticker.{ending}")
    for field, kind, type_, name in MEDIA:
        media = getattr(message, field)
        if media is not None:
            return _file(media, kind, type_, name)
    return ()


def _file(media: Any, kind: str, type_: str, name: str) -> tuple[File, ...]:
    """`media` as a File whose bytes are fetched later; nothing when it cannot be fetched."""
    if not media.file_id:
        return ()
    given = (getattr(media, "mime_type", None) or "").lower()
    type_ = given if _TYPE.fullmatch(given) else type_
    if kind == "document" and type_ in SHOWN_AS_IMAGE:
        kind = "image"
    return (
        File(
            name=_file_name(getattr(media, "file_name", None) or "") or name,
            type=type_,
            size=max(media.file_size or 0, 0),
            kind=kind,
            source=media.file_id,
        ),
    )


def _file_name(name: str) -> str:
    """`name` without folders, control and direction characters, at most 150 characters with its ending kept."""
    name = _NOT_IN_A_NAME.sub("_", name).strip(" .")
    if len(name) <= 150:
        return name
    stem, dot, ending = name.rpartition(".")
    return f"{stem[:130]}.{ending}" if dot and len(ending) <= 12 else name[:150]


def beside(message: Message) -> dict[str, Any]:
    """What is worth keeping beside the words, in JSON types."""
    data: dict[str, Any] = {}
    answered = _answered(message)
    if answered:
        data["answered"] = answered
    if message.quote is not None:
        data["quote"] = message.quote.text
    if message.forward_origin is not None:
        data["forwarded_from"] = origin_of(message.forward_origin)
    if message.location is not None and message.location.live_period:
        data["live_seconds"] = message.location.live_period
    if message.via_bot is not None and message.via_bot.username:
        data["via_bot"] = message.via_bot.username
    if message.from_user is not None and message.from_user.username:
        data["username"] = message.from_user.username
    if message.message_thread_id is not None and message.is_topic_message:
        data["topic"] = message.message_thread_id
    return data


def _answered(message: Message) -> dict[str, Any]:
    """What a reply answers, as far as the update tells: whose words, and how they begin."""
    there = message.reply_to_message
    if there is not None:
        said = there.text or there.caption or ", ".join(file.name for file in files_of(there))
        ours = there.from_user is not None and there.from_user.is_bot
        return {"name": "" if ours else name_of(there.from_user), "text": said[:QUOTED], "ours": ours}
    if message.external_reply is not None:
        return {"name": origin_of(message.external_reply.origin), "text": "", "elsewhere": True}
    if message.reply_to_story is not None:
        return {"name": name_of(message.reply_to_story.chat), "text": "[story]", "elsewhere": True}
    return {}


def name_of(whose: Any) -> str:
    """First and last name of a User or a Chat, or its title."""
    names = (getattr(whose, part, None) or "" for part in ("first_name", "last_name", "title"))
    return " ".join(" ".join(names).split())[:200]


def language_of(speaker: User | None) -> str | None:
    """The language of the person's app, in lower case."""
    code = (speaker.language_code or "").lower() if speaker is not None else ""
    return code if LANGUAGE.fullmatch(code) else None


def origin_of(origin: Any) -> str:
    """The name of whom a forwarded message is from. https://core.telegram.org/bots/api#messageorigin"""
    for field in ("sender_user", "sender_chat", "chat"):
        whose = getattr(origin, field, None)
        if whose is not None:
            return name_of(whose)
    return str(getattr(origin, "sender_user_name", ""))[:200]


def _kind(message: Message) -> str:
    """A bounded reason: the name of the field that says what kind of message this is."""
    kinds = [name for name in Message.model_fields if name not in _ABOUT and getattr(message, name) is not None]
    return f"message: {kinds[0]}" if kinds else "message of an unknown kind"
