"""What the Telegram adapter makes of updates."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.telegram.adapter import SECRET_HEADER, Telegram
from channels.telegram.chats import Line
from channels.telegram.parse import ALLOWED_UPDATES, parse_update
from core.abilities import Handshakes, HoldsMedia, Listens
from core.channel import Account, Arrival, Channel, Ignored, ReceivesWebhooks
from core.errors import IntakeError, NotFromThem
from tests.channel_contract import NOW, ChannelContract, Signed, assert_storable
from tests.channels.telegram.cases import (
    ACCOUNT,
    ANN,
    COMMAND,
    DATE,
    NOT_THEIRS,
    PRIVATE,
    in_group,
    message,
)
from tests.channels.telegram.cases import CASES as WORDS
from tests.channels.telegram.cases_around import AROUND

CASES = (*WORDS, *AROUND)
LINE = Line("support_bot", 4200, "tests_bot")


class TestContract(ChannelContract):
    cases = CASES
    not_theirs = NOT_THEIRS

    def adapter(self) -> Telegram:
        return Telegram(ACCOUNT)

    def signed(self) -> list[Signed]:
        return [Signed(message(text="hi"), {SECRET_HEADER: "s3cret-Token_1"})]

    def forged(self) -> list[Signed]:
        wrong: list[dict[str, str]] = [
            {},
            {SECRET_HEADER: ""},
            {SECRET_HEADER: "s3cret-Token_"},
            {SECRET_HEADER: "s3cret-Token_1 "},
            {SECRET_HEADER: "S3CRET-TOKEN_1"},
            {SECRET_HEADER: "сєкрет\udcff"},
            {"authorization": "s3cret-Token_1"},
        ]
        return [Signed(message(text="hi"), headers) for headers in wrong]


def test_the_table_is_large_enough_and_its_names_are_unique() -> None:
    assert len(CASES) >= 130
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("headers", [{}, {SECRET_HEADER: ""}, {SECRET_HEADER: "anything"}])
def test_a_door_without_a_secret_lets_nobody_in(headers: dict[str, str]) -> None:
    adapter = Telegram(Account("telegram", "support_bot", secrets={"token": "1:a"}))
    with pytest.raises(NotFromThem):
        adapter.verify(b"{}", headers, NOW)


def test_it_has_every_ability_of_the_port() -> None:
    adapter: Channel = Telegram(ACCOUNT)
    for ability in (ReceivesWebhooks, Listens, HoldsMedia, Handshakes):
        assert isinstance(adapter, ability)


def _keys(*bodies: bytes) -> list[str]:
    events = [event for body in bodies for event in parse_update(body, LINE)]
    assert all(isinstance(event, Arrival) for event in events)
    return [event.key for event in events if isinstance(event, Arrival)]


def test_each_edit_has_a_key_of_its_own_also_within_one_second() -> None:
    original = message(text="a")
    edits = [message("edited_message", text=text, edit_date=DATE + 1) for text in ("b", "c")]
    later = message("edited_message", text="b", edit_date=DATE + 2)
    keys = _keys(original, *edits, later)
    assert len(set(keys)) == 4
    assert _keys(*edits) == keys[1:3]


def test_a_redelivery_under_another_update_id_has_the_same_key() -> None:
    again = json.loads(message(text="a")) | {"update_id": 5}
    assert _keys(message(text="a")) == _keys(json.dumps(again).encode())


def test_unreadable_updates_do_not_repeat_what_a_person_wrote() -> None:
    with pytest.raises(IntakeError) as caught:
        parse_update(message(text="my password is hunter2", message_id="x"), LINE)
    assert "hunter2" not in caught.value.sentence
    assert "message_id" in caught.value.sentence


@pytest.mark.parametrize("username", ["", "tests_bot"])
def test_a_bot_that_does_not_know_its_name_still_answers_commands(username: str) -> None:
    [event] = parse_update(
        in_group(text="/start@tests_bot", entities=[COMMAND | {"length": 16}]), Line("support_bot", 4200, username)
    )
    assert isinstance(event, Ignored)
    assert event.answer is not None


def test_importing_the_channel_does_not_import_aiogram() -> None:
    code = "import sys, channels.telegram; sys.exit('aiogram' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --------------------------------------------------------------------------------------------------- anything at all

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    [
        "text",
        "caption",
        "photo",
        "document",
        "sticker",
        "voice",
        "contact",
        "location",
        "venue",
        "entities",
        "reply_to_message",
        "from",
        "chat",
        "date",
        "message_id",
        "forward_origin",
        "quote",
        "media_group_id",
        "poll",
        "dice",
        "rich_message",
        "web_app_data",
        "via_bot",
        "checklist",
        "edit_date",
        "external_reply",
        "reply_to_story",
        "business_connection_id",
        "sender_business_bot",
        "is_from_offline",
        "new_reaction",
        "old_reaction",
        "user",
        "message_ids",
        "is_enabled",
        "rights",
        "story",
        "paid_media",
    ]
)


def _only_intake_errors(body: bytes) -> None:
    """On purpose below the adapter's own safety net."""
    try:
        events = parse_update(body, LINE)
    except IntakeError:
        return
    for event in events:
        assert_storable(event, "telegram")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_nothing_but_intake_errors(body: bytes) -> None:
    _only_intake_errors(body)


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_arbitrary_json_raises_nothing_but_intake_errors(value: Any) -> None:
    _only_intake_errors(json.dumps(value).encode())


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([*ALLOWED_UPDATES, "channel_post", "poll_answer"]),
    st.dictionaries(FIELDS, JSON, max_size=4),
)
def test_arbitrary_fields_in_a_message_raise_nothing_but_intake_errors(kind: str, fields: dict[str, Any]) -> None:
    whole = {"message_id": 1, "from": ANN, "chat": PRIVATE, "date": DATE} | fields
    _only_intake_errors(json.dumps({"update_id": 1, kind: whole}).encode())


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(), max_size=300))
def test_any_text_arrives_as_it_was_written(text: str) -> None:
    [event] = parse_update(message(text="." + text), LINE)
    assert isinstance(event, Arrival)
    assert event.content.text == "." + "".join(
        "\ufffd" if mark == "\x00" or "\ud800" <= mark <= "\udfff" else mark for mark in text
    )
