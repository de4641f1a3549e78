"""What surrounds words: formatting, albums, replies, forwards, reactions, moving places, and business chats."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from core.channel import Address, Arrival, Ignored, Remark
from core.content import Location, Mark
from core.errors import Unreadable
from tests.channel_contract import Case, like
from tests.channels.telegram.cases import (
    ABOUT_ANN,
    ANN,
    BOT,
    CHANNEL,
    COMMAND,
    DATE,
    HERE,
    PHOTO,
    PRIVATE,
    SENT_AT,
    SUPERGROUP,
    arrival,
    file,
    message,
    one_file,
    press,
    update,
)

OWNER = {"id": 99, "is_bot": False, "first_name": "Olena", "last_name": "Shop", "language_code": "uk"}
THERE = Address("telegram", "support_bot", "4711@AbCdEf123")


def entity(kind: str, offset: int, length: int, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "offset": offset, "length": length} | fields


def marked(name: str, text: str, entities: list[Any], *marks: Mark) -> Case:
    return Case(name, message(text=text, entities=entities), [arrival(text=text, marks=marks, data=ABOUT_ANN)])


def answered(**fields: Any) -> bytes:
    """A reply to a message with these fields."""
    before = {"message_id": 12, "from": BOT, "chat": PRIVATE, "date": DATE} | fields
    return message(text="yes", reply_to_message=before)


def business(kind: str = "business_message", **fields: Any) -> bytes:
    return message(kind, business_connection_id="AbCdEf123", **fields)


def reaction(*signs: Mapping[str, Any], **fields: Any) -> bytes:
    change = {"chat": PRIVATE, "message_id": 14, "user": ANN, "date": DATE, "old_reaction": []}
    return update("message_reaction", change | {"new_reaction": list(signs)} | fields)


def connection(**fields: Any) -> bytes:
    known = {"id": "AbCdEf123", "user": OWNER, "user_chat_id": 99, "date": DATE, "is_enabled": True}
    return update("business_connection", known | fields)


def there(**wanted: Any) -> Any:
    return like(Arrival, address=THERE, **wanted)


LIKE = {"type": "emoji", "emoji": "👍"}
HEART = {"type": "emoji", "emoji": "❤"}
PLACE = {"latitude": 50.45, "longitude": 30.52, "live_period": 900, "horizontal_accuracy": 12.5}

AROUND: tuple[Case, ...] = (
    # ----------------------------------------------------------------------------------------------- formatting
    marked(
        "marks-behind-emoji-count-characters",
        "🙂🙂 bold 👨‍👩‍👧 end",
        [entity("bold", 5, 4), entity("italic", 10, 8)],
        Mark("bold", 3, 4),
        Mark("italic", 8, 5),
    ),
    marked("mark-within-an-emoji-takes-no-half", "a🙂b", [entity("bold", 2, 2)], Mark("bold", 2, 1)),
    marked(
        "marks-of-every-kind",
        "abcdefghi",
        [
            entity("bold", 0, 1),
            entity("italic", 1, 1),
            entity("underline", 2, 1),
            entity("strikethrough", 3, 1),
            entity("spoiler", 4, 1),
            entity("code", 5, 1),
            entity("pre", 6, 1, language="python"),
            entity("blockquote", 7, 1),
            entity("expandable_blockquote", 8, 1),
        ],
        *(
            Mark(kind, at, 1, "python" if kind == "pre" else "")
            for at, kind in enumerate(
                ("bold", "italic", "underline", "strikethrough", "spoiler", "code", "pre", "quote", "quote")
            )
        ),
    ),
    marked(
        "marks-that-lead-somewhere",
        "e.org a@e.org @bob Ann",
        [
            entity("url", 0, 5),
            entity("email", 6, 7),
            entity("mention", 14, 4),
            entity("text_mention", 19, 3, user=ANN),
        ],
        Mark("link", 0, 5, "https://e.org"),
        Mark("link", 6, 7, "mailto:a@e.org"),
        Mark("link", 14, 4, "https://t.me/bob"),
        Mark("link", 19, 3, "tg://user?id=4711"),
    ),
    marked("mark-that-leads-to-a-script", "click", [entity("text_link", 0, 5, url="javascript:alert(1)")]),
    marked("mark-that-leads-nowhere", "click", [entity("text_link", 0, 5)]),
    marked(
        "marks-outside-the-text",
        "hi",
        [entity("bold", -1, 2), entity("bold", 5, 1), entity("bold", 0, 0), entity("italic", 1, 10**9)],
        Mark("italic", 1, 1),
    ),
    marked("marks-of-a-kind-to-come", "hi", [entity("glitter", 0, 2), entity("hashtag", 0, 2)]),
    marked("marks-overlapping-and-twice", "hi", [entity("bold", 0, 2), entity("bold", 0, 2)], Mark("bold", 0, 2)),
    Case(
        "marks-of-a-caption-behind-emoji",
        message(photo=PHOTO, caption="👍 yes", caption_entities=[entity("bold", 3, 3)]),
        [arrival(text="👍 yes", marks=(Mark("bold", 2, 3),))],
    ),
    # --------------------------------------------------------------------------------------------------- albums
    Case(
        "album-first-with-caption",
        message(photo=PHOTO, media_group_id="777", caption="two doors", caption_entities=[entity("bold", 0, 3)]),
        [arrival(key="g:4711:777", part=15, text="two doors", marks=(Mark("bold", 0, 3),))],
    ),
    Case(
        "album-video",
        message(video=file("w", width=1, height=1, duration=3), media_group_id="777", message_id=16),
        [arrival(key="g:4711:777", part=16, external_id="16", files=one_file(kind="video"))],
    ),
    Case(
        "album-of-documents",
        message(document=file("d", file_name="a.pdf"), media_group_id="778", message_id=17),
        [arrival(key="g:4711:778", part=17, files=one_file(name="a.pdf"))],
    ),
    Case(
        "album-item-forwarded",
        message(photo=PHOTO, media_group_id="777", forward_origin={"type": "user", "date": DATE, "sender_user": OWNER}),
        [arrival(key="g:4711:777", part=15, data={"forwarded_from": "Olena Shop", "username": "ann_lee"})],
    ),
    Case("group-of-nothing", message(text="hi", media_group_id="777"), [arrival(key="m:4711:15", part=None)]),
    Case(
        "album-item-edited",
        message("edited_message", photo=PHOTO, media_group_id="777", caption="three", edit_date=DATE + 9),
        [arrival(edits="15", text="three", part=None)],
    ),
    # -------------------------------------------------------------------------------------- replies and forwards
    Case(
        "reply-to-us",
        answered(text="Is it the red one?"),
        [
            arrival(
                reply_to=("12",),
                data={"answered": {"name": "", "text": "Is it the red one?", "ours": True}, "username": "ann_lee"},
            )
        ],
    ),
    Case(
        "reply-to-own-picture",
        answered(**{"from": ANN, "photo": PHOTO}),
        [arrival(data={"answered": {"name": "Ann Lee", "text": "photo.jpg", "ours": False}, "username": "ann_lee"})],
    ),
    Case(
        "reply-with-a-quote",
        message(
            text="this one",
            quote={"text": "the red", "position": 6, "is_manual": True},
            reply_to_message={
                "message_id": 12,
                "from": BOT,
                "chat": PRIVATE,
                "date": DATE,
                "text": "Is it the red one?",
            },
        ),
        [
            arrival(
                reply_to=("12",),
                data={
                    "answered": {"name": "", "text": "Is it the red one?", "ours": True},
                    "quote": "the red",
                    "username": "ann_lee",
                },
            )
        ],
    ),
    Case(
        "reply-to-something-elsewhere",
        message(
            text="is it true?",
            external_reply={
                "origin": {"type": "channel", "date": DATE, "chat": CHANNEL, "message_id": 5},
                "chat": CHANNEL,
                "message_id": 5,
            },
            quote={"text": "sale", "position": 0},
        ),
        [
            arrival(
                reply_to=(),
                data={
                    "answered": {"name": "News", "text": "", "elsewhere": True},
                    "quote": "sale",
                    "username": "ann_lee",
                },
            )
        ],
    ),
    Case(
        "reply-to-a-story",
        message(text="nice", reply_to_story={"chat": {**PRIVATE, "first_name": "Shop", "last_name": "X"}, "id": 3}),
        [arrival(data={"answered": {"name": "Shop X", "text": "[story]", "elsewhere": True}, "username": "ann_lee"})],
    ),
    Case(
        "forwarded-from-a-group",
        message(
            text="look",
            forward_origin={"type": "chat", "date": DATE, "sender_chat": SUPERGROUP, "author_signature": "Bob"},
        ),
        [arrival(data={"forwarded_from": "Neighbours", "username": "ann_lee"})],
    ),
    # ------------------------------------------------------------------------------------------ more of the media
    Case(
        "live-location",
        message(location=PLACE),
        [arrival(location=Location(50.45, 30.52), data={"live_seconds": 900, "username": "ann_lee"})],
    ),
    Case(
        "live-location-ended",
        message("edited_message", location={"latitude": 1, "longitude": 2}, edit_date=DATE + 900),
        [Remark(HERE, ("15",), location=Location(1, 2), at=SENT_AT + timedelta(seconds=900))],
    ),
    Case(
        "live-location-moved-off-the-earth",
        message("edited_message", location=PLACE | {"latitude": 91}, edit_date=DATE),
        [like(Ignored, reason="location that is nowhere on earth")],
    ),
    Case(
        "contact-tells-who-it-is",
        message(contact={"phone_number": "380501112233", "first_name": "Bob", "user_id": 815, "vcard": "BEGIN:VCARD"}),
        [
            arrival(
                data={
                    "contact": {"name": "Bob", "phone": "+380501112233", "own": False, "user_id": 815},
                    "username": "ann_lee",
                }
            )
        ],
    ),
    Case(
        "paid-media",
        message(paid_media={"star_count": 5, "paid_media": [{"type": "preview"}]}),
        [arrival(text="[paid media]", data={"only_there": "paid_media", "username": "ann_lee"})],
    ),
    Case(
        "start-campaign",
        message(text="/start spring-sale_2026", entities=[COMMAND]),
        [arrival(text="/start", marks=(), data={"start_payload": "spring-sale_2026", "username": "ann_lee"})],
    ),
    Case(
        "start-endless",
        message(text="/start " + "x" * 4000),
        [arrival(text="/start", data={"start_payload": "x" * 512, "username": "ann_lee"})],
    ),
    # ------------------------------------------------------------------------------------------------ reactions
    Case("reaction", reaction(LIKE, HEART), [Remark(HERE, ("14",), reactions=("👍", "❤"), at=SENT_AT)]),
    Case("reaction-taken-back", reaction(old_reaction=[LIKE]), [Remark(HERE, ("14",), reactions=(), at=SENT_AT)]),
    Case(
        "reaction-of-other-kinds",
        reaction({"type": "custom_emoji", "custom_emoji_id": "5"}, {"type": "paid"}),
        [Remark(HERE, ("14",), reactions=("✨", "⭐"), at=SENT_AT)],
    ),
    Case("reaction-in-a-group", reaction(LIKE, chat=SUPERGROUP), [like(Ignored, reason="reaction in a supergroup")]),
    Case("reaction-by-a-bot", reaction(LIKE, user=BOT), [like(Ignored, reason="reaction of nobody")]),
    Case("reaction-without-a-message", reaction(LIKE, message_id="x"), Unreadable),
    # ------------------------------------------------------------------------------------------- business chats
    Case(
        "business-connected",
        connection(rights={"can_reply": True}),
        [like(Ignored, reason="business account connected", address=None)],
    ),
    Case(
        "business-connected-as-it-was-told-before",
        connection(can_reply=True),
        [like(Ignored, reason="business account connected")],
    ),
    Case(
        "business-connected-to-listen",
        connection(rights={}),
        [like(Ignored, reason="business account connected without the right to answer")],
    ),
    Case(
        "business-disconnected",
        connection(is_enabled=False, can_reply=True),
        [like(Ignored, reason="business account disconnected")],
    ),
    Case(
        "business-message",
        business(text="hi"),
        [there(key="m:4711:15", text="hi", external_id="15", name="Ann Lee", language="en", echo=None)],
    ),
    Case(
        "business-message-of-the-owner",
        business(text="We are here", by=OWNER),
        [there(text="We are here", name="Ann Lee", language=None, echo="Olena Shop", identities=(), data={})],
    ),
    Case(
        "business-message-of-this-bot",
        business(text="Hello", by=OWNER, sender_business_bot=BOT),
        [like(Ignored, reason="sent by a bot for the business account")],
    ),
    Case(
        "business-greeting",
        business(text="We are closed", by=OWNER, is_from_offline=True),
        [like(Ignored, reason="sent by itself for the business account")],
    ),
    Case(
        "business-album",
        business(photo=PHOTO, media_group_id="5"),
        [there(key="g:4711:5", part=15, files=one_file(source="large"))],
    ),
    Case(
        "business-edited",
        business("edited_business_message", text="hi!", edit_date=DATE + 60),
        [there(text="hi!", edits="15", external_id=None, at=SENT_AT + timedelta(seconds=60), echo=None)],
    ),
    Case(
        "business-edited-by-the-owner",
        business("edited_business_message", text="We are open", edit_date=DATE + 60, by=OWNER),
        [there(edits="15", echo="Olena Shop")],
    ),
    Case(
        "business-deleted",
        update(
            "deleted_business_messages",
            {"business_connection_id": "AbCdEf123", "chat": PRIVATE, "message_ids": [15, 16]},
        ),
        [Remark(THERE, ("15", "16"), deleted=True)],
    ),
    Case(
        "business-deleted-nothing",
        update("deleted_business_messages", {"business_connection_id": "A", "chat": PRIVATE, "message_ids": "all"}),
        Unreadable,
    ),
    Case(
        "business-press",
        press(
            message={
                "message_id": 14,
                "from": OWNER,
                "chat": PRIVATE,
                "date": DATE,
                "text": "Hello!",
                "business_connection_id": "AbCdEf123",
            }
        ),
        [there(choice="human", reply_to=("14",))],
    ),
    Case(
        "business-connection-of-strange-letters",
        message("business_message", text="hi", business_connection_id="a:b@c\x00"),
        [like(Arrival, address=Address("telegram", "support_bot", "4711@a:b@c\ufffd"))],
    ),
)
