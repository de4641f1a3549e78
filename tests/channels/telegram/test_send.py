"""What customers receive, and what the hub is told when they do not."""

from __future__ import annotations

import asyncio
import json
import socket
import traceback
from typing import Any

import pytest

from channels.telegram.adapter import Telegram
from core.channel import Address, Arrival, Outbound
from core.content import Button, Content, File, Location
from core.errors import DeliveryError, RecipientGone, Rejected, RetryLater, Uncertain
from tests.channels.telegram.conftest import Opens
from tests.servers.botapi import Bot, BotApi, Fault
from tests.servers.botapi_people import Person

JPEG = b"\xff\xd8\xff\xe0 a picture"


@pytest.fixture
def ann(bot: Bot) -> Person:
    return bot.person("Ann")


def to(person: Person | str, text: str = "", *, reply_to: str | None = None, **content: Any) -> Outbound:
    where = person if isinstance(person, str) else str(person.id)
    return Outbound(
        id="o1",
        address=Address("telegram", "support_bot", where),
        content=Content(text=text, **content),
        reply_to=reply_to,
    )


def picture(name: str = "a.jpg", data: bytes = JPEG) -> File:
    return File(name, "image/jpeg", len(data), "image", data=data)


def paper(name: str = "bill.pdf", data: bytes = b"%PDF-1.7") -> File:
    return File(name, "application/pdf", len(data), "document", data=data)


async def fails(adapter: Telegram, message: Outbound) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await adapter.send(message)
    assert caught.value.sentence
    # What a log would show of it holds no token.
    assert "AAtest" not in "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    return caught.value


# ------------------------------------------------------------------------------------------------------------ words


async def test_text_arrives_as_it_is_with_nothing_read_as_markup(adapter: Telegram, bot: Bot, ann: Person) -> None:
    text = "*not bold* <b>nor this</b> _[x](y) & \\ 🙂"
    id_ = await adapter.send(to(ann, text))
    [sent] = bot.sent
    assert (sent.method, sent.chat_id, sent.text) == ("sendMessage", ann.id, text)
    assert id_ == (str(sent.message_id),)


async def test_text_that_nothing_can_hold_is_mended(adapter: Telegram, bot: Bot, ann: Person) -> None:
    await adapter.send(to(ann, "a\ud800b\x00c"))
    assert bot.sent[0].text == "a\ufffdb\ufffdc"


async def test_too_long_a_text_goes_in_pieces(adapter: Telegram, bot: Bot, ann: Person) -> None:
    words = "word 🙂 " * 1500
    id_ = await adapter.send(to(ann, words))
    assert len(bot.sent) > 1
    assert id_ == tuple(str(sent.message_id) for sent in bot.sent)
    assert " ".join(sent.text for sent in bot.sent).split() == words.split()


async def test_a_reply_quotes_the_message_and_goes_out_even_if_that_is_gone(
    adapter: Telegram, bot: Bot, ann: Person
) -> None:
    question = ann.says("when?")
    await adapter.send(to(ann, "tomorrow", reply_to=str(question["message_id"])))
    await adapter.send(to(ann, "still tomorrow", reply_to="999999"))
    await adapter.send(to(ann, "from a mail", reply_to="<abc@example.org>"))
    quoted: list[Any] = [getattr(sent.call, "reply_parameters", None) for sent in bot.sent]
    assert quoted[0].message_id == question["message_id"]
    assert quoted[1].message_id == 999999
    assert quoted[2] is None


# ---------------------------------------------------------------------------------------------------------- buttons


async def test_short_buttons_share_a_row_and_long_ones_do_not(adapter: Telegram, bot: Bot, ann: Person) -> None:
    buttons = tuple(
        Button(label, value)
        for label, value in (("Yes", "y"), ("No", "n"), ("Where is my order, please?", "orders"), ("Later", "l"))
    )
    await adapter.send(to(ann, "Well?", buttons=buttons))
    rows = [[(button["text"], button["callback_data"]) for button in row] for row in bot.sent[0].buttons]
    assert rows == [[("Yes", "y"), ("No", "n")], [("Where is my order, please?", "orders")], [("Later", "l")]]


async def test_a_press_comes_back_as_the_choice_and_its_spinner_stops(adapter: Telegram, bot: Bot, ann: Person) -> None:
    await adapter.send(to(ann, "Well?", buttons=(Button("Так", "y" * 60),)))
    query = ann.presses(bot.sent[0], "Так")
    [event] = adapter.parse(_body(bot.updates[-1]), {})
    assert isinstance(event, Arrival)
    assert (event.choice, event.content.text) == ("y" * 60, "Так")
    await adapter.acknowledge(event)
    assert bot.answered == [query]


async def test_an_answer_to_a_press_that_comes_too_late_raises_nothing(
    api: BotApi, opens: Opens, adapter: Telegram, bot: Bot, ann: Person
) -> None:
    await adapter.send(to(ann, "Well?", buttons=(Button("Yes", "y"),)))
    ann.presses(bot.sent[0], "Yes")
    bot.queries.clear()
    [event] = adapter.parse(_body(bot.updates[-1]), {})
    assert isinstance(event, Arrival)
    await adapter.acknowledge(event)
    api.faults.append(Fault("answerCallbackQuery", then="drop"))
    await adapter.acknowledge(event)
    await opens(token="nonsense").acknowledge(event)
    assert bot.answered == []


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Your number?", "📱 Share my phone number"),
        ("Ваш номер?", "📱 Поделиться номером"),
        ("Ваш номер, будь ласка: він потрібен", "📱 Поділитися номером"),
        ("", "📱 Share my phone number"),
    ],
)
async def test_asking_for_the_phone_gives_a_button_that_shares_it(
    adapter: Telegram, bot: Bot, ann: Person, text: str, label: str
) -> None:
    await adapter.send(to(ann, text, ask="phone", buttons=(Button("No, thanks", "no"),)))
    [sent] = bot.sent
    [share], [other] = sent.keyboard
    assert (share["text"], share["request_contact"]) == (label, True)
    assert other == {"text": "No, thanks"}
    assert sent.text == (text or "⬇️")


async def test_asking_for_the_place(adapter: Telegram, bot: Bot, ann: Person) -> None:
    await adapter.send(to(ann, "Where to?", ask="location"))
    assert bot.sent[0].keyboard[0][0]["request_location"] is True


@pytest.mark.parametrize("value", ["", "x" * 65, "ї" * 33])
async def test_a_button_value_telegram_cannot_carry_is_rejected_before_sending(
    adapter: Telegram, bot: Bot, ann: Person, value: str
) -> None:
    error = await fails(adapter, to(ann, "Well?", buttons=(Button("Yes", value),)))
    assert isinstance(error, Rejected)
    assert bot.calls == []


# ------------------------------------------------------------------------------------------------- files and places


@pytest.mark.parametrize(
    ("kind", "type_", "method"),
    [
        ("image", "image/jpeg", "sendPhoto"),
        ("image", "image/png", "sendPhoto"),
        ("image", "image/gif", "sendAnimation"),
        ("image", "image/svg+xml", "sendDocument"),
        ("video", "video/mp4", "sendVideo"),
        ("video", "video/x-matroska", "sendDocument"),
        ("audio", "audio/mpeg", "sendAudio"),
        ("audio", "audio/flac", "sendDocument"),
        ("voice", "audio/ogg; codecs=opus", "sendVoice"),
        ("document", "application/pdf", "sendDocument"),
        ("something new", "x/y", "sendDocument"),
    ],
)
async def test_a_file_goes_out_as_its_kind_with_the_text_below_it(
    adapter: Telegram, bot: Bot, ann: Person, kind: str, type_: str, method: str
) -> None:
    file = File("naïve name.bin", type_, 3, kind, data=b"\x00\xffx")
    id_ = await adapter.send(to(ann, "here", files=(file,), buttons=(Button("Thanks", "ok"),)))
    [sent] = bot.sent
    assert (sent.method, sent.text, sent.files) == (method, "here", [b"\x00\xffx"])
    assert sent.buttons[0][0]["text"] == "Thanks"
    assert id_ == (str(sent.message_id),)


async def test_a_sticker_has_its_words_before_it(adapter: Telegram, bot: Bot, ann: Person) -> None:
    await adapter.send(to(ann, "haha", files=(File("s.webp", "image/webp", 1, "sticker", data=b"w"),)))
    assert [(sent.method, sent.text) for sent in bot.sent] == [("sendMessage", "haha"), ("sendSticker", "")]


async def test_a_text_too_long_for_a_caption_goes_before_the_file(adapter: Telegram, bot: Bot, ann: Person) -> None:
    await adapter.send(to(ann, "x" * 1025, files=(paper(),)))
    assert [(sent.method, sent.text) for sent in bot.sent] == [("sendMessage", "x" * 1025), ("sendDocument", "")]


async def test_pictures_go_as_one_album(adapter: Telegram, bot: Bot, ann: Person) -> None:
    film = File("f.mp4", "video/mp4", 1, "video", data=b"film")
    id_ = await adapter.send(to(ann, "see", files=(picture(), film, picture("c.jpg", b"third"))))
    [sent] = bot.sent
    assert (sent.method, sent.text, sent.files) == ("sendMediaGroup", "see", [JPEG, b"film", b"third"])
    assert [kind for m in sent.messages for kind in ("photo", "video") if kind in m] == ["photo", "video", "photo"]
    assert id_ == tuple(str(message["message_id"]) for message in sent.messages)


async def test_mixed_files_go_as_one_album_of_documents(adapter: Telegram, bot: Bot, ann: Person) -> None:
    voice = File("v.ogg", "audio/ogg", 1, "voice", data=b"v")
    await adapter.send(to(ann, "all", files=(picture(), paper(), voice)))
    [sent] = bot.sent
    assert (sent.method, sent.files) == ("sendMediaGroup", [JPEG, b"%PDF-1.7", b"v"])
    assert all("document" in message for message in sent.messages)


async def test_an_album_with_buttons_has_them_below_the_text_after_it(adapter: Telegram, bot: Bot, ann: Person) -> None:
    await adapter.send(to(ann, "which?", files=(picture(), picture("b.jpg")), buttons=(Button("First", "1"),)))
    assert [sent.method for sent in bot.sent] == ["sendMediaGroup", "sendMessage"]
    assert (bot.sent[0].text, bot.sent[1].text) == ("", "which?")
    assert bot.sent[1].buttons[0][0]["text"] == "First"


@pytest.mark.parametrize(("count", "calls"), [(10, [10]), (11, [10, 1]), (23, [10, 10, 3])])
async def test_more_than_ten_files_are_several_albums(
    adapter: Telegram, bot: Bot, ann: Person, count: int, calls: list[int]
) -> None:
    files = tuple(picture(f"{i}.jpg", b"%d" % i) for i in range(count))
    await adapter.send(to(ann, files=files))
    assert [len(sent.files) for sent in bot.sent] == calls
    assert [data for sent in bot.sent for data in sent.files] == [b"%d" % i for i in range(count)]


async def test_a_picture_too_large_for_a_photo_goes_as_a_document(adapter: Telegram, bot: Bot, ann: Person) -> None:
    await adapter.send(to(ann, files=(picture(data=bytes((10 << 20) + 1)),)))
    assert bot.sent[0].method == "sendDocument"


async def test_a_picture_telegram_does_not_like_as_a_photo_goes_as_a_document(
    api: BotApi, adapter: Telegram, bot: Bot, ann: Person
) -> None:
    api.faults.append(Fault("sendPhoto", status=400, description="Bad Request: PHOTO_INVALID_DIMENSIONS"))
    await adapter.send(to(ann, "wide", files=(picture(),), buttons=(Button("Ok", "ok"),)))
    [sent] = bot.sent
    assert (sent.method, sent.text, sent.files) == ("sendDocument", "wide", [JPEG])
    assert sent.buttons


async def test_places(adapter: Telegram, bot: Bot, ann: Person) -> None:
    await adapter.send(to(ann, location=Location(50.45, 30.52)))
    await adapter.send(to(ann, "come", location=Location(0, 0, "Shop")))
    assert [sent.method for sent in bot.sent] == ["sendLocation", "sendMessage", "sendVenue"]
    assert bot.sent[0].messages[0]["location"] == {"latitude": 50.45, "longitude": 30.52}
    assert bot.sent[2].messages[0]["venue"]["title"] == "Shop"


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"text": " \n\t"},
        {"files": (File("a", data=b""),)},
        {"files": (File("a", source="only a handle"),)},
        {"location": Location(91, 0)},
        {"location": Location(float("nan"), 0)},
    ],
)
async def test_what_says_nothing_is_rejected_before_sending(
    adapter: Telegram, bot: Bot, ann: Person, content: dict[str, Any]
) -> None:
    assert isinstance(await fails(adapter, to(ann, **content)), Rejected)
    assert bot.calls == []


# ------------------------------------------------------------------------------------------------ what may go wrong

RETRY = {"retry_after": 7}


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        (Fault(status=429, description="Too Many Requests: retry after 7", parameters=RETRY), RetryLater, "flood"),
        (Fault(status=429, description="Too Many Requests"), RetryLater, "flood"),
        (Fault(status=429, page="<html>slow down"), RetryLater, "flood"),
        (Fault(status=403, description="Forbidden: bot was blocked by the user"), RecipientGone, "blocked"),
        (Fault(status=403, description="Forbidden: user is deactivated"), RecipientGone, "deactivated"),
        (
            Fault(status=403, description="Forbidden: bot can't initiate conversation with a user"),
            RecipientGone,
            "never_started",
        ),
        (Fault(status=403, description="Forbidden: something new"), RecipientGone, "forbidden"),
        (Fault(status=400, description="Bad Request: chat not found"), RecipientGone, "chat_not_found"),
        (Fault(status=400, description="Bad Request: PEER_ID_INVALID"), RecipientGone, "chat_not_found"),
        (
            Fault(status=400, description="Bad Request: upgraded", parameters={"migrate_to_chat_id": -100}),
            RecipientGone,
            "moved",
        ),
        (Fault(status=400, description="Bad Request: message is too long"), Rejected, "bad_request"),
        (Fault(status=413, page="<html>too large"), Rejected, "too_large"),
        (Fault(status=418, description="I'm a teapot"), Rejected, "refused"),
        (Fault(status=401, description="Unauthorized"), RetryLater, "token_refused"),
        (Fault(status=404, description="Not Found"), RetryLater, "token_refused"),
        (Fault(status=500), RetryLater, "server_error"),
        (Fault(status=502, page="<html>Bad Gateway"), RetryLater, "server_error"),
        (Fault(status=302, page="moved"), RetryLater, "unreachable"),
        (Fault(status=504, page="<html>Gateway Timeout"), Uncertain, "no_answer"),
        (Fault(status=200, page="<html>welcome to the hotel's network"), Uncertain, "no_answer"),
        (Fault(then="drop"), Uncertain, "no_answer"),
        (Fault(then="drop", after=True), Uncertain, "no_answer"),
    ],
    ids=lambda value: f"{value.status}-{value.then}-{value.description[:30]}" if isinstance(value, Fault) else None,
)
async def test_each_failure_says_what_to_do_next(
    api: BotApi, adapter: Telegram, ann: Person, fault: Fault, error: type[DeliveryError], code: str
) -> None:
    api.faults.append(Fault(**vars(fault)))
    raised = await fails(adapter, to(ann, "hi"))
    assert (type(raised), raised.code) == (error, code)
    if isinstance(raised, RetryLater):
        assert raised.account_wide == (code == "token_refused")
        assert raised.after == (7 if fault.parameters else None)


async def test_a_dropped_connection_may_have_delivered_and_is_not_sent_again(
    api: BotApi, adapter: Telegram, bot: Bot, ann: Person
) -> None:
    api.faults.append(Fault(then="drop", after=True))
    assert isinstance(await fails(adapter, to(ann, "once")), Uncertain)
    assert [sent.text for sent in bot.sent] == ["once"]
    assert bot.calls == ["sendMessage"]


async def test_no_answer_in_time_is_uncertain(api: BotApi, opens: Opens, bot: Bot, ann: Person) -> None:
    api.faults.append(Fault(then="hang", after=True))
    assert isinstance(await fails(opens(answer_seconds=1), to(ann, "once")), Uncertain)
    assert [sent.text for sent in bot.sent] == ["once"]


async def test_a_server_that_is_not_there_leaves_the_message_unsent(opens: Opens, ann: Person) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        adapter = opens(api_url=f"http://127.0.0.1:{unused.getsockname()[1]}")
        error = await fails(adapter, to(ann, "hi"))
    assert isinstance(error, RetryLater)
    assert error.code == "unreachable"


@pytest.mark.parametrize(
    "api_url", ["ftp://x", "api.telegram.org", "http://", "http://{token}", "http://h:99999", "http://[", "https://a b"]
)
async def test_an_address_that_is_none_keeps_messages_waiting(opens: Opens, ann: Person, api_url: str) -> None:
    error = await fails(opens(api_url=api_url), to(ann, "hi"))
    assert isinstance(error, RetryLater)


@pytest.mark.parametrize("token", ["", "nonsense", "4200:wrong", "4200:w r", "\ud800:x"])
async def test_a_wrong_token_makes_the_whole_line_wait(opens: Opens, ann: Person, token: str) -> None:
    error = await fails(opens(token=token), to(ann, "hi"))
    assert isinstance(error, RetryLater)
    assert error.account_wide
    assert "token" in error.sentence


async def test_a_person_who_blocked_the_bot_is_gone(adapter: Telegram, bot: Bot, ann: Person) -> None:
    ann.blocks()
    assert isinstance(await fails(adapter, to(ann, "hi")), RecipientGone)
    ann.unblocks()
    assert await adapter.send(to(ann, "hi"))


@pytest.mark.parametrize("person", ["999", "-5", str(2**70)])
async def test_an_unknown_chat_is_gone(adapter: Telegram, bot: Bot, person: str) -> None:
    assert isinstance(await fails(adapter, to(person, "hi")), RecipientGone)


@pytest.mark.parametrize("person", ["ann@example.org", "", "9" * 5000])
async def test_an_address_that_is_no_chat_is_rejected(adapter: Telegram, bot: Bot, person: str) -> None:
    assert isinstance(await fails(adapter, to(person, "hi")), Rejected)
    assert bot.calls == []


async def test_a_blocked_line_in_the_middle_is_told_apart(
    api: BotApi, adapter: Telegram, bot: Bot, ann: Person
) -> None:
    api.faults.append(Fault("sendDocument", status=429, description="Too Many Requests", parameters=RETRY))
    error = await fails(adapter, to(ann, "x" * 2000, files=(paper(),)))
    assert isinstance(error, Uncertain)
    assert "1 of 2" in error.sentence
    assert len(bot.sent) == 1


async def test_an_answer_newer_than_aiogram_is_still_a_yes(api: BotApi, adapter: Telegram, ann: Person) -> None:
    strange = '{"ok":true,"result":{"message_id":77,"chat":"somewhere new"}}'
    api.faults.append(Fault(status=200, page=strange))
    assert await adapter.send(to(ann, "hi")) == ("77",)
    api.faults.append(Fault(status=200, page='{"ok":true,"result":[{"message_id":77},{"message_id":78}]}'))
    assert await adapter.send(to(ann, files=(picture(), picture("b.jpg")))) == ("77", "78")
    api.faults.append(Fault(status=200, page='{"ok":true,"result":{}}'))
    assert isinstance(await fails(adapter, to(ann, "hi")), Uncertain)


async def test_many_messages_at_once_share_the_line(adapter: Telegram, bot: Bot, ann: Person) -> None:
    ids = await asyncio.gather(*(adapter.send(to(ann, f"n{i}")) for i in range(50)))
    assert len(set(ids)) == 50
    assert {sent.text for sent in bot.sent} == {f"n{i}" for i in range(50)}


async def test_closing_what_never_sent(opens: Opens) -> None:
    await opens().close()


def _body(update: dict[str, Any]) -> bytes:
    return json.dumps(update).encode()
