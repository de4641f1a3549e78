"""An Outbound becomes the calls of the Bot API that say it, in order. Pure.

One message is one call wherever the Bot API allows; several files of one kind go as one album, mixed files as one album
of documents, because one call either happens or does not. https://core.telegram.org/bots/api#sendmessage
"""

from __future__ import annotations

from typing import Any, NamedTuple

from aiogram.methods import (
    SendAnimation,
    SendAudio,
    SendDocument,
    SendLocation,
    SendMediaGroup,
    SendMessage,
    SendPhoto,
    SendSticker,
    SendVenue,
    SendVideo,
    SendVoice,
    TelegramMethod,
)
from aiogram.types import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaAudio,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
    KeyboardButton,
    ReplyKeyboardMarkup,
    ReplyParameters,
)

from channels.telegram.chats import Chat, chat_of
from channels.telegram.looks import entities
from channels.telegram.session import Upload
from core.channel import Address, Outbound
from core.content import Button, Content, File, Mark, clean
from core.errors import Rejected
from core.fit import cuts, size, within
from core.said import Said

MAX_TEXT = 4096  # in UTF-16 code units, the strictest way to count
MAX_CAPTION = 1024
MAX_ALBUM = 10
MAX_PHOTO_BYTES = 10 << 20
MAX_CALLBACK_BYTES = 64
SIDE_BY_SIDE = 16  # the longest label, in characters, that may share a row
NOTHING_TO_SAY = "⬇️"  # Telegram shows buttons only below a text

# What a document keeps of the call it takes the place of.
KEPT = ("chat_id", "business_connection_id", "caption", "caption_entities", "reply_markup", "reply_parameters")

Call = TelegramMethod[Any]
Markup = InlineKeyboardMarkup | ReplyKeyboardMarkup


class Way(NamedTuple):
    """How files of a kind and type go out: the call, its field for the file, and the album they may share."""

    call: type[Call]
    field: str
    album: str


DOCUMENT = Way(SendDocument, "document", "document")

# (our kind, the file's type) to the way Telegram shows it best; everything else goes as a document.
# https://core.telegram.org/bots/api#sending-files
WAYS = {
    ("image", "image/jpeg"): Way(SendPhoto, "photo", "visual"),
    ("image", "image/png"): Way(SendPhoto, "photo", "visual"),
    ("image", "image/webp"): Way(SendPhoto, "photo", "visual"),
    ("image", "image/gif"): Way(SendAnimation, "animation", ""),
    ("video", "video/mp4"): Way(SendVideo, "video", "visual"),
    ("audio", "audio/mpeg"): Way(SendAudio, "audio", "audio"),
    ("audio", "audio/mp4"): Way(SendAudio, "audio", "audio"),
    ("audio", "audio/x-m4a"): Way(SendAudio, "audio", "audio"),
    ("voice", "audio/ogg"): Way(SendVoice, "voice", ""),
    ("voice", "audio/mpeg"): Way(SendVoice, "voice", ""),
    ("voice", "audio/mp4"): Way(SendVoice, "voice", ""),
    ("sticker", "image/webp"): Way(SendSticker, "sticker", ""),
    ("sticker", "video/webm"): Way(SendSticker, "sticker", ""),
    ("sticker", "application/x-tgsticker"): Way(SendSticker, "sticker", ""),
}

ALBUM_ITEMS: dict[str, type[InputMediaPhoto | InputMediaVideo | InputMediaAudio | InputMediaDocument]] = {
    "photo": InputMediaPhoto,
    "video": InputMediaVideo,
    "audio": InputMediaAudio,
    "document": InputMediaDocument,
}

ASK = {
    "phone": {"": "📱 Share my phone number", "ru": "📱 Поделиться номером", "uk": "📱 Поділитися номером"},
    "location": {"": "📍 Share my location", "ru": "📍 Отправить геопозицию", "uk": "📍 Надіслати геопозицію"},
}


def compose(message: Outbound) -> list[Call]:
    """The calls that say `message`, at least one. Rejected when Telegram cannot carry it."""
    content = message.content
    place = whereto(message.address)
    chat = place.id
    text, marks = trimmed(content)
    markup = markup_of(content, text)
    groups = _grouped(content.files)
    captioned = _captioned(groups, text, markup)
    words = [] if captioned or not text else _texts(chat, text, marks)
    uploads = [_files(chat, group, *((text, marks) if captioned else ("", ()))) for group in groups]
    # Words come before their files, but below an album they carry the buttons, which an album cannot.
    calls = uploads + words if markup is not None and SendMediaGroup in map(type, uploads[-1:]) else words + uploads
    if content.location is not None:
        calls.append(_place(chat, content))
    if markup is not None:
        if not calls or isinstance(calls[-1], SendMediaGroup):
            calls.append(SendMessage(chat_id=chat, text=NOTHING_TO_SAY))
        calls[-1] = calls[-1].model_copy(update={"reply_markup": markup})
    if not calls:
        raise Rejected("There is nothing in this message to send.", code="empty")
    if message.reply_to is not None and message.reply_to.isascii() and message.reply_to.isdigit():
        answered = ReplyParameters(message_id=int(message.reply_to), allow_sending_without_reply=True)
        calls[0] = calls[0].model_copy(update={"reply_parameters": answered})
    if place.connection:
        calls = [call.model_copy(update={"business_connection_id": place.connection}) for call in calls]
    return calls


def whereto(address: Address) -> Chat:
    """The chat at `address`. Raises Rejected when it is none."""
    try:
        return chat_of(address.person)
    except ValueError:
        raise Rejected("This is not the address of a Telegram chat.", code="address") from None


def as_document(call: Call) -> SendDocument | None:
    """The same file as a plain document, for when Telegram does not like it as a photo or a voice message."""
    for way in WAYS.values():
        if type(call) is way.call:
            fields: dict[str, Any] = {name: getattr(call, name, None) for name in KEPT}
            return SendDocument(document=getattr(call, way.field), **fields)
    return None


# ------------------------------------------------------------------------------------------------------------ text


def _texts(chat: int, text: str, marks: tuple[Mark, ...]) -> list[Call]:
    # No parse_mode: nothing in the words can be malformed markup.
    return [
        SendMessage(
            chat_id=chat,
            text=text[start:end],
            entities=entities(text[start:end], within(marks, start, end)),
            parse_mode=None,
        )
        for start, end in cuts(text, MAX_TEXT, utf16=True)
    ]


def trimmed(content: Content) -> tuple[str, tuple[Mark, ...]]:
    """The text without the white space around it, which Telegram would cut off, and its marks as it counts then."""
    text = clean(content.text)
    start = len(text) - len(text.lstrip())
    return text.strip(), within(content.marks, start, len(text.rstrip()))


def _units(text: str) -> int:
    return size(text, utf16=True)


# ----------------------------------------------------------------------------------------------------------- files


def _way(file: File) -> Way:
    way = WAYS.get((file.kind, file.type.partition(";")[0].strip().lower()), DOCUMENT)
    if way.call is SendPhoto and len(file.data or b"") > MAX_PHOTO_BYTES:
        return DOCUMENT
    return way


def _grouped(files: tuple[File, ...]) -> list[tuple[list[File], Way]]:
    """The files as calls: alone, as an album of their kind, or as an album of documents when they are mixed."""
    for file in files:
        if not file.data:
            raise Rejected(
                Said("The file {name} is empty and cannot be sent.", name=clean(file.name)[:80]), code="empty_file"
            )
    if not files:
        return []
    ways = [_way(file) for file in files]
    if len(files) == 1:
        return [(list(files), ways[0])]
    albums = {way.album for way in ways}
    shared = albums.pop() if len(albums) == 1 else ""
    way = ways[0]._replace(album=shared) if shared else DOCUMENT
    return [(list(files[i : i + MAX_ALBUM]), way) for i in range(0, len(files), MAX_ALBUM)]


def _captioned(groups: list[tuple[list[File], Way]], text: str, markup: Markup | None) -> bool:
    """Whether `text` can be the caption of the only call. An album with buttons has no place for them, so not there."""
    if len(groups) != 1 or not text or _units(text) > MAX_CAPTION:
        return False
    files, way = groups[0]
    return way.call is not SendSticker and not (len(files) > 1 and markup is not None)


def _files(chat: int, group: tuple[list[File], Way], caption: str, marks: tuple[Mark, ...]) -> Call:
    files, way = group
    uploads = [Upload(file.data or b"", clean(file.name)[:200] or "file") for file in files]
    looks = entities(caption, marks)
    if len(files) == 1:
        said = {"caption": caption, "caption_entities": looks, "parse_mode": None} if caption else {}
        return way.call(chat_id=chat, **{way.field: uploads[0]}, **said)
    items: list[Any] = []
    for i, (file, upload) in enumerate(zip(files, uploads, strict=True)):
        item = ALBUM_ITEMS[_way(file).field if way.album != "document" else "document"]
        words: dict[str, Any] = {"caption": caption, "caption_entities": looks} if caption and i == 0 else {}
        items.append(item(media=upload, parse_mode=None, **words))
    return SendMediaGroup(chat_id=chat, media=items)


def _place(chat: int, content: Content) -> Call:
    place = content.location
    assert place is not None  # noqa: S101 - the only caller has just looked
    if not (-90 <= place.latitude <= 90 and -180 <= place.longitude <= 180):
        raise Rejected("This location is nowhere on earth.", code="location")
    title, _, rest = clean(place.title).strip().partition("\n")
    if title:
        address = rest.strip() or f"{place.latitude:.5f}, {place.longitude:.5f}"
        return SendVenue(
            chat_id=chat, latitude=place.latitude, longitude=place.longitude, title=title[:200], address=address[:200]
        )
    return SendLocation(chat_id=chat, latitude=place.latitude, longitude=place.longitude)


# --------------------------------------------------------------------------------------------------------- buttons


def markup_of(content: Content, text: str) -> Markup | None:
    """The buttons below a message. Raises Rejected for what Telegram cannot carry."""
    if content.ask is not None:
        return _asking(content, text)
    if not content.buttons:
        return None
    if content.keyboard:
        return _keyboard(content)
    rows: list[list[InlineKeyboardButton]] = []
    for button in content.buttons:
        label = _label(button)
        if not 1 <= len(button.value.encode("utf-8", "surrogatepass")) <= MAX_CALLBACK_BYTES:
            raise Rejected(
                Said("The button {name} has a value Telegram cannot carry (1 to 64 bytes).", name=label[:40]),
                code="button",
            )
        made = InlineKeyboardButton(text=label, callback_data=clean(button.value))
        beside = rows and len(rows[-1]) == 1 and max(len(label), len(rows[-1][0].text)) <= SIDE_BY_SIDE
        if beside:
            rows[-1].append(made)
        else:
            rows.append([made])
    return InlineKeyboardMarkup(inline_keyboard=rows)


def _asking(content: Content, text: str) -> ReplyKeyboardMarkup:
    """A keyboard that shares the own number or place; other choices come below it and arrive as typed words."""
    phone = content.ask == "phone"
    label = ASK["phone" if phone else "location"][_tongue(text)]
    first = KeyboardButton(text=label, request_contact=phone or None, request_location=None if phone else True)
    rows = [[first], *([KeyboardButton(text=_label(button))] for button in content.buttons)]
    return ReplyKeyboardMarkup(keyboard=rows, resize_keyboard=True, one_time_keyboard=True)


def _keyboard(content: Content) -> ReplyKeyboardMarkup:
    """A menu below the writing line, which stays: what is pressed arrives as typed words."""
    rows: list[list[KeyboardButton]] = []
    for button in content.buttons:
        label = _label(button)
        if rows and len(rows[-1]) == 1 and max(len(label), len(rows[-1][0].text)) <= SIDE_BY_SIDE:
            rows[-1].append(KeyboardButton(text=label))
        else:
            rows.append([KeyboardButton(text=label)])
    return ReplyKeyboardMarkup(keyboard=rows, resize_keyboard=True, is_persistent=True)


def _label(button: Button) -> str:
    return clean(button.label).strip() or clean(button.value).strip() or "…"


def _tongue(text: str) -> str:
    """The language of the words beside the button, by its letters: an Outbound names none."""
    lowered = text.lower()
    if any(letter in lowered for letter in "іїєґ"):
        return "uk"
    return "ru" if any("а" <= letter <= "я" for letter in lowered) else ""
