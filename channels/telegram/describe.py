"""An update in JSON types, as `switchboard normalise telegram` prints it. docs/telegram.md tells the fields."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import orjson
from aiogram.types import Message, MessageEntity, Update, User

from channels.telegram.chats import chat_of
from channels.telegram.content import name_of, origin_of
from channels.telegram.plain import LANGUAGE
from channels.telegram.update import read_update
from core.channel import Arrival, Event, Ignored, Reachability, Remark
from core.content import File

_ENTITY = ("type", "offset", "length", "url", "user", "language", "custom_emoji_id")


def described(raw: dict[str, Any], event: Event) -> dict[str, Any]:
    """What `event`, read from the update `raw`, tells: every field, None or an empty list where there is nothing.

    For what is ignored it is `{"ignored": why}` alone.
    """
    if isinstance(event, Ignored):
        return {"ignored": event.reason}
    update = read_update(raw)
    message = _message(update)
    arrival = event if isinstance(event, Arrival) else None
    data = arrival.data if arrival is not None else {}
    content = arrival.content if arrival is not None else None
    place = content.location if content is not None else event.location if isinstance(event, Remark) else None
    return {
        "kind": _kind(update, event),
        "chat_id": chat_of(event.address.person).id,
        "message_id": _message_id(update, event),
        "sender": _sender(update, message),
        "text": content.text if content is not None else "",
        "entities": _entities(message.entities or message.caption_entities or ()) if message is not None else [],
        "media": [_media(file) for file in content.files] if content is not None else [],
        "location": {"latitude": place.latitude, "longitude": place.longitude, "title": place.title or None}
        if place is not None
        else None,
        "contact": _contact(data),
        "reply_to": message.reply_to_message.message_id
        if message is not None and message.reply_to_message is not None
        else None,
        "forward_from": origin_of(message.forward_origin)
        if message is not None and message.forward_origin is not None
        else None,
        "edited": message is not None and message in (update.edited_message, update.edited_business_message),
        "choice": arrival.choice if arrival is not None else None,
        "start_payload": data.get("start_payload"),
    }


def updates_in(body: bytes) -> list[bytes]:
    """The updates in a file somebody saved: one, a list, an answer of getUpdates, or one on each line."""
    try:
        found = orjson.loads(body)
    except ValueError:
        lines = [line for line in body.splitlines() if line.strip()]
        whole = len(lines) > 1 and all(
            line.lstrip().startswith(b"{") and line.rstrip().endswith(b"}") for line in lines
        )
        return lines if whole else [body]
    if isinstance(found, dict) and isinstance(found.get("result"), list) and "update_id" not in found:
        found = found["result"]
    return [json.dumps(one).encode() for one in found] if isinstance(found, list) and found else [body]


def _message(update: Update) -> Message | None:
    """The message an update brings."""
    return update.message or update.business_message or update.edited_message or update.edited_business_message


def _kind(update: Update, event: Event) -> str:
    if isinstance(event, Reachability):
        return "unblocked" if event.reachable else "blocked"
    if update.callback_query is not None:
        return "choice"
    if isinstance(event, Remark) and event.deleted:
        return "deleted"
    return "reaction" if isinstance(event, Remark) and event.reactions is not None else "message"


def _message_id(update: Update, event: Event) -> int | None:
    if update.callback_query is not None and update.callback_query.message is not None:
        return update.callback_query.message.message_id
    message = _message(update)
    if message is not None:
        return message.message_id
    return int(event.external_ids[0]) if isinstance(event, Remark) and event.external_ids else None


def _sender(update: Update, message: Message | None) -> dict[str, Any] | None:
    who: User | None = message.from_user if message is not None else None
    for other in (update.callback_query, update.my_chat_member):
        who = who or (other.from_user if other is not None else None)
    who = who or (update.message_reaction.user if update.message_reaction is not None else None)
    if who is None:
        return None
    language = (who.language_code or "").lower()
    return {
        "id": who.id,
        "name": name_of(who) or None,
        "username": who.username or None,
        "language": language if LANGUAGE.fullmatch(language) else None,
    }


def _entities(entities: Sequence[MessageEntity]) -> list[dict[str, Any]]:
    """As Telegram has them: offsets and lengths are in UTF-16 code units."""
    return [
        {
            name: value
            for name, value in entity.model_dump(mode="json", include=set(_ENTITY)).items()
            if value is not None
        }
        for entity in entities
    ]


def _media(file: File) -> dict[str, Any]:
    return {
        "kind": file.kind,
        "file_id": file.source,
        "name": file.name,
        "type": file.type,
        "size": file.size or None,
    }


def _contact(data: Any) -> dict[str, Any] | None:
    card = data.get("contact")
    if card is None:
        return None
    return {"phone": card["phone"], "name": card["name"], "user_id": card.get("user_id"), "own": card["own"]}
