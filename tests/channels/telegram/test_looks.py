"""How messages look to customers: formatting, long texts, keyboards, typing; and what is changed or taken back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.telegram import CAPABILITIES
from channels.telegram.adapter import Telegram
from channels.telegram.looks import entities
from channels.telegram.marks import marks_of
from core.channel import Address, Outbound
from core.content import Button, Content, File, Mark
from core.errors import RecipientGone, Rejected, RetryLater, Uncertain
from core.fit import fit, size, within
from tests.channels.telegram.conftest import Opens
from tests.servers.botapi import Bot, BotApi, Fault
from tests.servers.botapi_people import Person

JPEG = File("a.jpg", "image/jpeg", 3, "image", data=b"\xff\xd8\xff")
STICKER = File("s.webp", "image/webp", 1, "sticker", data=b"w")
PDF = File("a.pdf", "application/pdf", 4, "document", data=b"%PDF")


@pytest.fixture
def ann(bot: Bot) -> Person:
    return bot.person("Ann")


def to(person: Person, text: str = "", **content: Any) -> Outbound:
    return Outbound("o1", Address("telegram", "support_bot", str(person.id)), Content(text=text, **content))


def shown(bot: Bot, person: Person) -> list[str]:
    """What the person sees of the bot: words or captions, without what was taken back."""
    mine = [m for (chat, _), m in bot.messages.items() if chat == person.id and not m.get("deleted")]
    return [m.get("text") or m.get("caption") or "" for m in mine if m["from"]["is_bot"]]


# ------------------------------------------------------------------------------------------------------- formatting


async def test_formatting_is_counted_as_telegram_counts(adapter: Telegram, bot: Bot, ann: Person) -> None:
    text = " 🙂🙂 bold and https & <b>"
    at = text.index("bold")
    marks = (Mark("bold", at, 4), Mark("link", text.index("https"), 5, "https://example.org/?a=1&b=2"))
    await adapter.send(to(ann, text, marks=marks))
    call: Any = bot.sent[0].call
    assert bot.sent[0].text == text.strip()
    assert [(e.type, e.offset, e.length, e.url) for e in call.entities] == [
        ("bold", 5, 4, None),
        ("text_link", 14, 5, "https://example.org/?a=1&b=2"),
    ]


async def test_a_caption_is_formatted_too(adapter: Telegram, bot: Bot, ann: Person) -> None:
    marks = (Mark("italic", 0, 4),)
    await adapter.send(to(ann, "look here", marks=marks, files=(JPEG,)))
    await adapter.send(to(ann, "look here", marks=marks, files=(JPEG, JPEG)))
    first, second = (sent.call.model_dump() for sent in bot.sent)
    assert [e["type"] for e in first["caption_entities"]] == ["italic"]
    assert [e["type"] for e in second["media"][0]["caption_entities"]] == ["italic"]


@pytest.mark.parametrize(
    "mark",
    [
        Mark("sparkling", 0, 2),
        Mark("bold", 50, 2),
        Mark("bold", 0, 0),
        Mark("bold", -5, 3),
        Mark("link", 0, 2, "javascript:alert(1)"),
        Mark("link", 0, 2),
    ],
)
async def test_formatting_nobody_can_show_is_left_out(adapter: Telegram, bot: Bot, ann: Person, mark: Mark) -> None:
    await adapter.send(to(ann, "hi there", marks=(mark,)))
    call: Any = bot.sent[0].call
    assert call.entities is None


LOOKS = st.lists(
    st.builds(Mark, st.sampled_from(["bold", "italic", "code", "spoiler"]), st.integers(0, 300), st.integers(1, 200)),
    max_size=6,
    unique=True,
)
PIECES = st.sampled_from(["word ", "слово. ", "🙂", "👩‍👩‍👧", "🇺🇦", "é", "\n", "x" * 30])
WORDS = st.lists(PIECES, max_size=90).map("".join)


def marked(text: str, marks: tuple[Mark, ...], kind: str) -> str:
    """The letters that look like `kind`, without white space."""
    there = {n for mark in marks if mark.kind == kind for n in range(mark.start, mark.start + mark.length)}
    return "".join(letter for n, letter in enumerate(text) if n in there and not letter.isspace())


@settings(max_examples=150, deadline=None)
@given(WORDS, LOOKS)
def test_a_long_text_is_cut_for_telegram_and_keeps_its_looks(text: str, looks: list[Mark]) -> None:
    able = type(CAPABILITIES)(max_text=60, utf16=True, marks=True)
    marks = within(tuple(looks), 0, len(text))
    parts = fit(Content(text=text, marks=marks), able)
    assert all(size(part.text, utf16=True) <= 60 for part in parts)
    assert "".join("".join(part.text for part in parts).split()) == "".join(text.split())
    for part in parts[:-1]:
        following = parts[parts.index(part) + 1].text
        assert not following.startswith(("\u200d", "\ufe0f", "\u0301"))
    for kind in ("bold", "italic", "code", "spoiler"):
        assert "".join(marked(part.text, part.marks, kind) for part in parts) == marked(text, marks, kind)
    # What Telegram is told of a piece is read back as the same formatting.
    for part in parts:
        back = marks_of(part.text, entities(part.text, part.marks))
        visible = {m for m in part.marks if part.text[m.start : m.start + m.length].strip()}
        assert set(back) == visible


async def test_an_emoji_of_several_signs_is_never_torn(adapter: Telegram, bot: Bot, ann: Person) -> None:
    family = "👨‍👩‍👧‍👦"
    text = "x" * 4090 + family
    parts = fit(Content(text=text), CAPABILITIES)
    assert [part.text for part in parts] == ["x" * 4090, family]
    for part in parts:
        await adapter.send(to(ann, part.text))
    assert [sent.text for sent in bot.sent] == ["x" * 4090, family]


def test_what_a_channel_cannot_show_becomes_words() -> None:
    text = "see our page or example.org, bold"
    marks = (
        Mark("link", 4, 8, "https://example.org/p"),
        Mark("link", 16, 11, "https://example.org"),
        Mark("bold", 29, 4),
    )
    (only,) = fit(Content(text=text, marks=marks), type(CAPABILITIES)())
    assert only.text == "see our page (https://example.org/p) or https://example.org, bold"
    assert only.marks == ()


# --------------------------------------------------------------------------------------------------------- keyboards


async def test_a_menu_stays_below_the_writing_line(adapter: Telegram, bot: Bot, ann: Person) -> None:
    choices = (Button("My orders", "orders"), Button("Help", "help"), Button("Talk to a person, please", "person"))
    await adapter.send(to(ann, "What now?", buttons=choices, keyboard=True))
    call: Any = bot.sent[0].call
    assert [[key["text"] for key in row] for row in bot.sent[0].keyboard] == [
        ["My orders", "Help"],
        ["Talk to a person, please"],
    ]
    assert call.reply_markup.is_persistent
    assert bot.sent[0].buttons == []


def test_a_request_for_the_place_is_left_out_where_it_cannot_be_made() -> None:
    asked = Content("Where to?", ask="location")
    assert fit(asked, CAPABILITIES)[0].ask == "location"
    assert fit(asked, type(CAPABILITIES)(ask_phone=True))[0].ask is None


# ------------------------------------------------------------------------------------------------------------ typing


async def test_typing_is_shown_and_its_failure_is_nobodys_business(
    api: BotApi, adapter: Telegram, opens: Opens, bot: Bot, ann: Person
) -> None:
    address = Address("telegram", "support_bot", str(ann.id))
    await adapter.typing(address)
    assert bot.typing == [ann.id]
    for fault in (Fault(status=429, description="Too Many Requests"), Fault(then="drop"), Fault(status=500)):
        api.faults.append(fault)
        await adapter.typing(address)
    await adapter.typing(Address("telegram", "support_bot", "nobody"))
    await opens(token="nonsense").typing(address)
    assert bot.typing == [ann.id]


# ------------------------------------------------------------------------------------------------- changed afterwards


async def test_the_words_of_a_sent_message_change(adapter: Telegram, bot: Bot, ann: Person) -> None:
    ids = await adapter.send(to(ann, "The price is 10", buttons=(Button("Ok", "ok"),)))
    changed = to(ann, "The price is 🙂 12", marks=(Mark("bold", 15, 2),), buttons=(Button("Ok", "ok"),))
    await adapter.edit(changed, ids)
    await adapter.edit(changed, ids)  # told again after a crash: nothing more happens
    assert shown(bot, ann) == ["The price is 🙂 12"]
    assert bot.messages[ann.id, int(ids[0])]["reply_markup"]["inline_keyboard"][0][0]["text"] == "Ok"


@pytest.mark.parametrize(
    "files", [(JPEG,), (PDF,), (JPEG, JPEG), (File("s.webp", "image/webp", 1, "sticker", data=b"w"),)]
)
async def test_the_words_beside_files_change(adapter: Telegram, bot: Bot, ann: Person, files: tuple[File, ...]) -> None:
    ids = await adapter.send(to(ann, "before", files=files))
    kept = tuple(File(f.name, f.type, f.size, f.kind, sha256="0" * 64) for f in files)
    await adapter.edit(to(ann, "after", files=kept), ids)
    assert [words for words in shown(bot, ann) if words] == ["after"]


async def test_words_below_an_album_with_buttons_change(adapter: Telegram, bot: Bot, ann: Person) -> None:
    message = to(ann, "which?", files=(JPEG, JPEG), buttons=(Button("First", "1"),))
    ids = await adapter.send(message)
    await adapter.edit(to(ann, "which one?", files=(JPEG, JPEG), buttons=(Button("First", "1"),)), ids)
    assert shown(bot, ann) == ["", "", "which one?"]


async def test_all_of_a_message_is_taken_back(adapter: Telegram, bot: Bot, ann: Person) -> None:
    address = Address("telegram", "support_bot", str(ann.id))
    one = await adapter.send(to(ann, "one"))
    album = await adapter.send(to(ann, "album", files=(JPEG, JPEG)))
    await adapter.send(to(ann, "stays"))
    for ids in (one, album):
        await adapter.delete(address, ids)
        await adapter.delete(address, ids)
    assert shown(bot, ann) == ["stays"]


async def test_what_can_be_changed_no_longer_says_why(adapter: Telegram, bot: Bot, ann: Person) -> None:
    address = Address("telegram", "support_bot", str(ann.id))
    ids = await adapter.send(to(ann, "old"))
    bot.messages[ann.id, int(ids[0])]["date"] -= 3 * 86400
    with pytest.raises(Rejected, match="two days"):
        await adapter.delete(address, ids)
    gone = await adapter.send(to(ann, "gone"))
    bot.messages[ann.id, int(gone[0])]["deleted"] = True
    with pytest.raises(Rejected, match="not there any more"):
        await adapter.edit(to(ann, "new words"), gone)
    with pytest.raises(Rejected):
        await adapter.edit(to(ann, "x" * 4097), ids)
    with pytest.raises(Rejected):
        await adapter.edit(to(ann, "new"), ())


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(status=429, description="Too Many Requests", parameters={"retry_after": 3}), RetryLater),
        (Fault(status=500), RetryLater),
        (Fault(then="drop"), Uncertain),
        (Fault(status=403, description="Forbidden: bot was blocked by the user"), RecipientGone),
    ],
    ids=["flood", "broken", "dropped", "blocked"],
)
async def test_a_change_that_fails_says_what_to_do_next(
    api: BotApi, adapter: Telegram, bot: Bot, ann: Person, fault: Fault, error: type[Exception]
) -> None:
    ids = await adapter.send(to(ann, "before"))
    for change in (adapter.edit(to(ann, "after"), ids), adapter.delete(to(ann).address, ids)):
        api.faults.append(Fault(**vars(fault)))
        with pytest.raises(error):
            await change
    assert shown(bot, ann) == ["before"]
