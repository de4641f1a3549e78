"""Updates in the shapes the Bot API documents, and what the adapter makes of each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.telegram.groups import ONLY_PRIVATE
from core.channel import Account, Address, Arrival, Identity, Ignored, Reachability, Remark
from core.content import Content, File, Location, Mark
from core.errors import NotThisFormat, Unreadable
from tests.channel_contract import Case, like

TOKEN = "4200:AAtest-token_of-the_tests"
ACCOUNT = Account(
    channel="telegram",
    name="support_bot",
    secrets={"token": TOKEN, "webhook_secret": "s3cret-Token_1"},
    settings={"username": "tests_bot"},
)
SENT_AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
DATE = int(SENT_AT.timestamp())
HERE = Address("telegram", "support_bot", "4711")
GROUP = Address("telegram", "support_bot", "-1001234567890")

ANN = {
    "id": 4711,
    "is_bot": False,
    "first_name": "Ann",
    "last_name": "Lee",
    "username": "ann_lee",
    "language_code": "en",
}
BOT = {"id": 4200, "is_bot": True, "first_name": "Tests", "username": "tests_bot"}
PRIVATE = {"id": 4711, "first_name": "Ann", "last_name": "Lee", "username": "ann_lee", "type": "private"}
SUPERGROUP = {"id": -1001234567890, "title": "Neighbours", "type": "supergroup"}
CHANNEL = {"id": -1009876543210, "title": "News", "type": "channel"}


def update(kind: str, payload: Mapping[str, Any], update_id: int = 880_000_001) -> bytes:
    return json.dumps({"update_id": update_id, kind: payload}).encode()


def message(kind: str = "message", by: Mapping[str, Any] = ANN, **fields: Any) -> bytes:
    return update(kind, {"message_id": 15, "from": by, "chat": PRIVATE, "date": DATE} | fields)


def in_group(**fields: Any) -> bytes:
    return message(chat=SUPERGROUP, **fields)


def member(status: str, **fields: Any) -> dict[str, Any]:
    return {"user": BOT, "status": status} | ({"until_date": 0} if status == "kicked" else {}) | fields


def membership(chat: Mapping[str, Any], old: str, new: str, **fields: Any) -> bytes:
    change = {"chat": chat, "from": ANN, "date": DATE, "old_chat_member": member(old), "new_chat_member": member(new)}
    return update("my_chat_member", change | fields)


def press(**fields: Any) -> bytes:
    rows = [
        [{"text": "Where is my order?", "callback_data": "orders"}],
        [{"text": "A person", "callback_data": "human"}],
    ]
    asked = {"message_id": 14, "from": BOT, "chat": PRIVATE, "date": DATE, "text": "Hello!"}
    asked["reply_markup"] = {"inline_keyboard": rows}
    query = {"id": "20231234567890123", "from": ANN, "message": asked, "chat_instance": "-77", "data": "human"}
    return update("callback_query", {name: value for name, value in (query | fields).items() if value is not None})


def file(file_id: str, **fields: Any) -> dict[str, Any]:
    return {"file_id": file_id, "file_unique_id": f"u{file_id}"} | fields


MEMBER_LEFT = {"user": BOT, "status": "left"}
PHOTO = [
    file("small", width=90, height=67, file_size=1200),
    file("large", width=1280, height=960, file_size=140_000),
    file("middle", width=320, height=240, file_size=20_000),
]
ENTITY_BOLD = {"type": "bold", "offset": 0, "length": 2}
ABOUT_ANN = {"username": "ann_lee"}
COMMAND = {"type": "bot_command", "offset": 0, "length": 6}


def arrival(**wanted: Any) -> Any:
    return like(Arrival, address=HERE, **wanted)


def one_file(**wanted: Any) -> tuple[Any]:
    return (like(File, **wanted),)


def answer(language: str) -> Any:
    return Content(text=ONLY_PRIVATE[language])


CASES: tuple[Case, ...] = (
    # ---------------------------------------------------------------------------------------------------- words
    Case(
        "text",
        message(text="hi"),
        [
            Arrival(
                address=HERE,
                key="m:4711:15",
                content=Content(text="hi"),
                at=SENT_AT,
                name="Ann Lee",
                language="en",
                external_id="15",
                data={"username": "ann_lee"},
            )
        ],
    ),
    Case("text-emoji-escaped", message(text="🙂 привіт"), [arrival(text="🙂 привіт")]),
    Case(
        "text-entities",
        message(
            text="hi there",
            entities=[ENTITY_BOLD, {"type": "text_link", "offset": 3, "length": 5, "url": "https://e.org/"}],
        ),
        [arrival(text="hi there", marks=(Mark("bold", 0, 2), Mark("link", 3, 5, "https://e.org/")), data=ABOUT_ANN)],
    ),
    Case("text-nul-and-surrogate", message(text="a\x00b\ud800c"), [arrival(text="a\ufffdb\ufffdc")]),
    Case("start", message(text="/start", entities=[COMMAND]), [arrival(text="/start")]),
    Case(
        "start-with-payload",
        message(text="/start order-1042"),
        [arrival(text="/start", data={"start_payload": "order-1042", "username": "ann_lee"})],
    ),
    Case("start-something-else", message(text="/started"), [arrival(text="/started")]),
    Case(
        "reply",
        message(
            text="yes", reply_to_message={"message_id": 12, "from": BOT, "chat": PRIVATE, "date": DATE, "text": "ok?"}
        ),
        [arrival(text="yes", reply_to=("12",))],
    ),
    Case(
        "quote",
        message(text="this", quote={"text": "part", "position": 3}),
        [arrival(text="this", data={"quote": "part", "username": "ann_lee"})],
    ),
    Case(
        "forwarded-from-a-user",
        message(text="look", forward_origin={"type": "user", "date": DATE, "sender_user": ANN}),
        [arrival(text="look", data={"forwarded_from": "Ann Lee", "username": "ann_lee"})],
    ),
    Case(
        "forwarded-from-somebody-hidden",
        message(text="look", forward_origin={"type": "hidden_user", "date": DATE, "sender_user_name": "Bob"}),
        [arrival(data={"forwarded_from": "Bob", "username": "ann_lee"})],
    ),
    Case(
        "forwarded-from-a-channel",
        message(text="look", forward_origin={"type": "channel", "date": DATE, "chat": CHANNEL, "message_id": 5}),
        [arrival(data={"forwarded_from": "News", "username": "ann_lee"})],
    ),
    Case(
        "no-last-name-no-language",
        message(text="hi", by={"id": 4711, "is_bot": False, "first_name": "Ann"}),
        [arrival(name="Ann", language=None, data={})],
    ),
    Case(
        "regional-language",
        message(text="oi", by=ANN | {"language_code": "pt-BR"}),
        [arrival(language="pt-br")],
    ),
    Case(
        "language-that-is-none",
        message(text="oi", by=ANN | {"language_code": "$(rm)"}),
        [arrival(language=None)],
    ),
    # ---------------------------------------------------------------------------------------------------- files
    Case(
        "photo-largest-with-caption",
        message(photo=PHOTO, caption="my door", caption_entities=[ENTITY_BOLD]),
        [
            arrival(
                text="my door",
                files=(File("photo.jpg", "image/jpeg", 140_000, "image", source="large"),),
                marks=(Mark("bold", 0, 2),),
                data=ABOUT_ANN,
            )
        ],
    ),
    Case(
        "album-item",
        message(photo=PHOTO, media_group_id="13579"),
        [arrival(text="", files=one_file(source="large"), key="g:4711:13579", part=15, external_id="15")],
    ),
    Case(
        "document",
        message(document=file("d", file_name="bill.pdf", mime_type="application/pdf", file_size=5)),
        [arrival(files=(File("bill.pdf", "application/pdf", 5, "document", source="d"),))],
    ),
    Case(
        "document-that-is-a-picture",
        message(document=file("d", file_name="a.PNG", mime_type="image/png")),
        [arrival(files=one_file(name="a.PNG", kind="image", size=0))],
    ),
    Case(
        "document-svg-stays-a-document",
        message(document=file("d", file_name="a.svg", mime_type="image/svg+xml")),
        [arrival(files=one_file(kind="document"))],
    ),
    Case(
        "document-hostile-name-and-type",
        message(
            document=file(
                "d", file_name="../../etc/pa\x00ss\u202egpj.exe", mime_type="text/html; <script>", file_size=-4
            )
        ),
        [arrival(files=one_file(name="_.._etc_pa\ufffdss_gpj.exe", type="application/octet-stream", size=0))],
    ),
    Case(
        "document-endless-name",
        message(document=file("d", file_name="x" * 900 + ".pdf")),
        [arrival(files=one_file(name="x" * 130 + ".pdf"))],
    ),
    Case("document-without-name", message(document=file("d")), [arrival(files=one_file(name="document"))]),
    Case(
        "voice",
        message(voice=file("v", duration=3, mime_type="audio/ogg", file_size=900)),
        [arrival(files=(File("voice.ogg", "audio/ogg", 900, "voice", source="v"),))],
    ),
    Case(
        "audio",
        message(audio=file("a", duration=3, file_name="song.mp3", mime_type="audio/mpeg", title="Song")),
        [arrival(files=one_file(name="song.mp3", kind="audio", source="a"))],
    ),
    Case(
        "video",
        message(video=file("w", width=1, height=1, duration=3, mime_type="video/mp4"), caption="see"),
        [arrival(text="see", files=one_file(name="video.mp4", kind="video", type="video/mp4"))],
    ),
    Case(
        "video-note",
        message(video_note=file("n", length=240, duration=3)),
        [arrival(files=one_file(kind="video", source="n"))],
    ),
    Case(
        "animation-is-not-also-a-document",
        message(
            animation=file("g", width=1, height=1, duration=1, mime_type="video/mp4"),
            document=file("g2", mime_type="video/mp4"),
        ),
        [arrival(files=one_file(kind="video", source="g"))],
    ),
    Case(
        "sticker",
        message(
            sticker=file("s", type="regular", width=512, height=512, is_animated=False, is_video=False, emoji="👍")
        ),
        [arrival(text="👍", files=one_file(kind="sticker", type="image/webp", name="sticker.webp"))],
    ),
    Case(
        "sticker-animated",
        message(sticker=file("s", type="regular", width=512, height=512, is_animated=True, is_video=False)),
        [arrival(text="", files=one_file(type="application/x-tgsticker", name="sticker.tgs"))],
    ),
    Case(
        "sticker-video",
        message(sticker=file("s", type="regular", width=512, height=512, is_animated=False, is_video=True)),
        [arrival(files=one_file(type="video/webm"))],
    ),
    # --------------------------------------------------------------------------------------- places and contacts
    Case(
        "location",
        message(location={"latitude": 50.45, "longitude": 30.52}),
        [arrival(text="", location=Location(50.45, 30.52))],
    ),
    Case("location-at-zero", message(location={"latitude": 0, "longitude": 0}), [arrival(location=Location(0, 0))]),
    Case(
        "location-nowhere",
        message(location={"latitude": 500, "longitude": 30.52}),
        [like(Ignored, reason="location that is nowhere on earth")],
    ),
    Case(
        "venue",
        message(
            location={"latitude": 1, "longitude": 2},
            venue={"location": {"latitude": 1, "longitude": 2}, "title": "Shop", "address": "Main St 1"},
        ),
        [arrival(text="Shop\nMain St 1", location=Location(1, 2, "Shop"))],
    ),
    Case(
        "live-location-moved",
        message("edited_message", location={"latitude": 1, "longitude": 2, "live_period": 900}, edit_date=DATE + 5),
        [Remark(HERE, ("15",), location=Location(1, 2), at=SENT_AT + timedelta(seconds=5))],
    ),
    Case(
        "contact-own",
        message(contact={"phone_number": "380501112233", "first_name": "Ann", "last_name": "Lee", "user_id": 4711}),
        [arrival(text="Ann Lee\n+380501112233", identities=(Identity("phone", "+380501112233", verified=True),))],
    ),
    Case(
        "contact-own-with-plus-and-spaces",
        message(contact={"phone_number": "+380 50 111-22-33", "first_name": "Ann", "user_id": 4711}),
        [arrival(identities=(Identity("phone", "+380501112233", verified=True),))],
    ),
    Case(
        "contact-of-somebody-else",
        message(contact={"phone_number": "380501112233", "first_name": "Bob", "user_id": 815}),
        [arrival(text="Bob\n+380501112233", identities=())],
    ),
    Case(
        "contact-of-nobody-known",
        message(contact={"phone_number": "380501112233", "first_name": "Bob"}),
        [arrival(identities=())],
    ),
    Case(
        "contact-own-that-is-no-number",
        message(contact={"phone_number": "call me", "first_name": "Ann", "user_id": 4711}),
        [arrival(text="Ann\ncall me", identities=())],
    ),
    # ----------------------------------------------------------------------------------------- other things said
    Case("dice", message(dice={"emoji": "🎲", "value": 4}), [arrival(text="🎲 4")]),
    Case(
        "poll",
        message(
            poll={
                "id": "1",
                "question": "Tea?",
                "options": [{"persistent_id": "0", "text": "yes", "voter_count": 0}],
                "total_voter_count": 0,
                "is_closed": False,
                "is_anonymous": True,
                "type": "regular",
                "allows_multiple_answers": False,
                "allows_revoting": False,
                "members_only": False,
            }
        ),
        [arrival(text="Tea?\n• yes")],
    ),
    Case(
        "checklist",
        message(
            checklist={
                "title": "Buy",
                "tasks": [{"id": 1, "text": "milk"}, {"id": 2, "text": "tea", "completion_date": DATE}],
            }
        ),
        [arrival(text="Buy\n☐ milk\n☑ tea")],
    ),
    Case(
        "web-app-data",
        message(web_app_data={"button_text": "Order", "data": '{"n":1}'}),
        [arrival(text="Order", data={"web_app_data": '{"n":1}', "username": "ann_lee"})],
    ),
    Case(
        "story",
        message(story={"chat": PRIVATE, "id": 3}),
        [arrival(text="[story]", data={"only_there": "story", "username": "ann_lee"})],
    ),
    Case(
        "pinned",
        message(pinned_message={"message_id": 3, "chat": PRIVATE, "date": DATE, "text": "x"}),
        [like(Ignored, reason="message: pinned_message")],
    ),
    Case("unknown-content", message(hologram={"file_id": "h"}), [like(Ignored, reason="message of an unknown kind")]),
    Case("by-a-bot", message(text="hi", by=BOT), [like(Ignored, reason="written by a bot")]),
    # ---------------------------------------------------------------------------------------------------- edits
    Case(
        "edited",
        message("edited_message", text="hi!", edit_date=DATE + 60),
        [arrival(text="hi!", edits="15", external_id=None, at=datetime(2026, 11, 23, 10, 1, tzinfo=UTC))],
    ),
    Case(
        "edited-caption",
        message("edited_message", photo=PHOTO, caption="new", edit_date=DATE + 60),
        [arrival(text="new", edits="15", files=one_file(source="large"))],
    ),
    Case(
        "edited-in-a-group",
        message("edited_message", chat=SUPERGROUP, text="/start", entities=[COMMAND], edit_date=DATE),
        [like(Ignored, reason="edited in a supergroup", answer=None)],
    ),
    # -------------------------------------------------------------------------------------------------- buttons
    Case(
        "press",
        press(),
        [
            Arrival(
                address=HERE,
                key="c:20231234567890123",
                content=Content(text="A person"),
                name="Ann Lee",
                language="en",
                reply_to=("14",),
                choice="human",
                data={"callback_query_id": "20231234567890123"},
            )
        ],
    ),
    Case(
        "press-below-a-message-too-old-to-show",
        press(message={"chat": PRIVATE, "message_id": 14, "date": 0}),
        [arrival(text="human", choice="human", reply_to=("14",))],
    ),
    Case("press-of-a-button-that-is-gone", press(data="other"), [arrival(text="other", choice="other")]),
    Case(
        "press-in-a-group",
        press(message={"chat": SUPERGROUP, "message_id": 14, "date": 0}),
        [like(Ignored, answer=None)],
    ),
    Case("press-of-an-inline-message", press(message=None, inline_message_id="AA"), [like(Ignored)]),
    Case("press-of-a-game", press(data=None, game_short_name="chess"), [like(Ignored)]),
    # --------------------------------------------------------------------------------------------- reachability
    Case("blocked", membership(PRIVATE, "member", "kicked"), [Reachability(HERE, False, SENT_AT)]),
    Case("unblocked", membership(PRIVATE, "kicked", "member"), [Reachability(HERE, True, SENT_AT)]),
    # --------------------------------------------------------------------------------------- groups and channels
    Case(
        "group-small-talk", in_group(text="hello all"), [like(Ignored, reason="message in a supergroup", answer=None)]
    ),
    Case(
        "group-command",
        in_group(text="/start", entities=[COMMAND]),
        [Ignored("message in a supergroup", GROUP, answer("en"))],
    ),
    Case(
        "group-command-to-us",
        in_group(text="/help@Tests_Bot", entities=[COMMAND | {"length": 15}]),
        [like(Ignored, answer=answer("en"))],
    ),
    Case(
        "group-command-to-another-bot",
        in_group(text="/help@other_bot", entities=[COMMAND | {"length": 15}]),
        [like(Ignored, answer=None)],
    ),
    Case(
        "group-mention-after-emoji",
        in_group(
            text="🙂 @tests_bot help",
            entities=[{"type": "mention", "offset": 3, "length": 10}],
            by=ANN | {"language_code": "uk"},
        ),
        [like(Ignored, answer=answer("uk"))],
    ),
    Case(
        "group-mention-of-somebody",
        in_group(text="@bob help", entities=[{"type": "mention", "offset": 0, "length": 4}]),
        [like(Ignored, answer=None)],
    ),
    Case(
        "group-reply-to-us",
        in_group(
            text="why?",
            reply_to_message={"message_id": 3, "from": BOT, "chat": SUPERGROUP, "date": DATE},
            by=ANN | {"language_code": "ru-RU"},
        ),
        [like(Ignored, answer=answer("ru"))],
    ),
    Case("group-service", in_group(new_chat_title="New"), [like(Ignored, answer=None)]),
    Case(
        "added-to-a-group",
        membership(SUPERGROUP, "left", "member"),
        [Ignored("membership in a supergroup", GROUP, answer("en"))],
    ),
    Case(
        "promoted-in-a-group",
        membership(SUPERGROUP, "member", "left"),
        [like(Ignored, reason="membership in a supergroup", answer=None)],
    ),
    Case(
        "added-to-a-channel",
        membership(CHANNEL, "left", "member"),
        [like(Ignored, reason="membership in a channel", answer=None)],
    ),
    Case(
        "channel-post",
        update("channel_post", {"message_id": 3, "chat": CHANNEL, "date": DATE, "text": "news"}),
        [like(Ignored, reason="update: channel_post")],
    ),
    Case(
        "chat-of-a-kind-to-come",
        message(text="hi", chat=PRIVATE | {"type": "village"}),
        [like(Ignored, reason="message in a chat of an unknown kind")],
    ),
    Case(
        "inline-query",
        update("inline_query", {"id": "1", "from": ANN, "query": "x", "offset": ""}),
        [like(Ignored, reason="update: inline_query")],
    ),
    Case(
        "update-of-a-kind-to-come",
        update("telepathy", {"thought": "x"}),
        [like(Ignored, reason="update of an unknown kind")],
    ),
    # ---------------------------------------------------------------------------------------------------- dates
    Case("date-zero", message(text="hi", date=0), [arrival(text="hi", at=None)]),
    Case("date-negative", message(text="hi", date=-62135596800000), [arrival(at=None)]),
    Case("date-far-away", message(text="hi", date=10**18), [arrival(at=None)]),
    Case("date-beyond-64-bits", message(text="hi", date=10**30), [arrival(at=None)]),
    Case("date-not-a-date", message(text="hi", date="yesterday"), Unreadable),
    Case("date-naive", message(text="hi", date="2026-11-23T10:00:00"), [arrival(at=None)]),
    Case("edit-date-absurd", message("edited_message", text="hi", edit_date=10**30), [arrival(edits="15", at=None)]),
    # --------------------------------------------------------------------------------------------- cannot be read
    Case("message-without-chat", update("message", {"message_id": 1, "date": DATE, "text": "hi"}), Unreadable),
    Case("message-id-is-text", message(message_id="fifteen"), Unreadable),
    Case("number-beyond-64-bits", message(message_id=10**30), Unreadable),
    Case("text-is-a-number", message(text=5), Unreadable),
    Case("nested-endlessly", b'{"update_id":1,"message":' + b"[" * 900 + b"]" * 900 + b"}", Unreadable),
    Case("no-update-id", b'{"message":{}}', NotThisFormat),
    Case("update-id-is-true", b'{"update_id":true}', NotThisFormat),
)

NOT_THEIRS = (
    b"",
    b"{",
    b"null",
    b"[]",
    b"5",
    b'"hi"',
    b"\xff\xfe",
    b"{}",
    b'{"update_id":NaN}',
    b'{"update_id":"1"}',
    b"<html>",
    b"[" * 100_000,
    b'{"update_id":' + b"9" * 5000 + b"}",
    b"a=1&b=2",
)
