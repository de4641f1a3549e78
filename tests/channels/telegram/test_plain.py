"""The quick way to read a plain message gives just what the models give, and leaves everything else to them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from aiogram.types import Update
from hypothesis import given
from hypothesis import strategies as st

from channels.telegram.chats import Line
from channels.telegram.parse import _message, parse_update
from channels.telegram.plain import plain
from core.channel import Arrival

LINE = Line("bot")
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def update(**changes: Any) -> dict[str, Any]:
    message: dict[str, Any] = {
        "message_id": 7,
        "from": {"id": 4711, "is_bot": False, "first_name": "Ann", "language_code": "en"},
        "chat": {"id": 4711, "type": "private", "first_name": "Ann"},
        "date": 1_700_000_000,
        "text": "hi",
    }
    return {"update_id": 1, "message": message | changes}


def slowly(raw: dict[str, Any]) -> Any:
    read = Update.model_validate(raw).message
    assert read is not None
    return _message(read, LINE)


@given(
    text=WORDS,
    first=WORDS,
    last=st.none() | WORDS,
    username=st.none() | WORDS,
    language=st.none() | WORDS | st.sampled_from(["uk", "pt-BR", "zh_hans"]),
    date=st.integers(-5, 2**40),
    number=st.integers(-5, 2**60),
)
def test_both_ways_read_the_same(
    text: str, first: str, last: str | None, username: str | None, language: str | None, date: int, number: int
) -> None:
    writer = {"id": 5, "is_bot": False, "first_name": first}
    more = {"last_name": last, "username": username, "language_code": language}
    writer |= {key: value for key, value in more.items() if value is not None}
    raw = update(text=text, date=date, message_id=number) | {}
    raw["message"]["from"] = writer
    quick = plain(raw, LINE.account)
    if quick is not None:
        assert quick == slowly(raw)


def test_a_plain_message_is_read_quickly() -> None:
    assert plain(update(), "bot") == slowly(update())
    assert parse_update(orjson.dumps(update()), LINE) == [slowly(update())]


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "/start abc"},
        {"text": ""},
        {"text": 5},
        {"text": "a\0b"},
        {"date": 0},
        {"date": True},
        {"message_id": "7"},
        {"entities": []},
        {"reply_to_message": {}},
        {"chat": {"id": -100, "type": "group", "title": "Us"}},
        {"chat": {"id": 4711, "type": "private", "first_name": "Ann", "is_forum": True}},
        {"from": {"id": 4711, "is_bot": True, "first_name": "Bot"}},
        {"from": {"id": 4711, "is_bot": 0, "first_name": "Ann"}},
        {"from": {"id": 4711, "is_bot": False}},
        {"from": None},
        {"from": {"id": 4711, "is_bot": False, "first_name": "\r"}},
    ],
)
def test_everything_else_is_left_to_the_models(changes: dict[str, Any]) -> None:
    assert plain(update(**changes), "bot") is None
    assert plain(update() | {"more": 1}, "bot") is None


def test_what_is_no_strict_json_is_left_to_the_models() -> None:
    body = orjson.dumps(update()).replace(b'"hi"', b'"hi \\ud800"')
    event = parse_update(body, LINE)[0]
    assert isinstance(event, Arrival)
    assert event.content.text == "hi \ufffd"
