"""Fitting content to a channel: limits are kept and nothing disappears."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.channel import Capabilities
from core.content import Button, Content, File, Location
from core.fit import fit, split

# Words and gaps as people type them, with long words, signs of several code points, and no gaps at all.
PIECES = st.sampled_from(
    ["a", "слово", "Ünïcode", " ", "  ", "\n", "\n\n", ". ", "!", "👩‍👩‍👧‍👦", "1️⃣", "x" * 50, "\u200d" * 9]
)
TEXTS = st.one_of(st.lists(PIECES, max_size=120).map("".join), st.text(max_size=300))


def bare(text: str) -> str:
    """`text` without white space, which is all that splitting may leave out."""
    return "".join(text.split())


@given(TEXTS, st.integers(1, 60))
def test_splitting_keeps_the_limit_and_loses_nothing(text: str, most: int) -> None:
    parts = list(split(text, most))
    assert all(len(part) <= most for part in parts)
    assert bare("".join(parts)) == bare(text)
    if len(parts) > 1:
        assert all(part.strip() for part in parts), "nobody sends an empty message"


@given(TEXTS, st.integers(40, 200))
def test_what_fits_is_left_as_it_is(text: str, most: int) -> None:
    if len(text) <= most:
        assert list(split(text, most)) == [text]


@pytest.mark.parametrize(
    ("text", "most", "parts"),
    [
        ("First paragraph.\n\nSecond one.", 20, ["First paragraph.", "Second one."]),
        ("One line\nand another", 12, ["One line", "and another"]),
        ("A sentence. And one more", 15, ["A sentence.", "And one more"]),
        ("several words here", 9, ["several", "words", "here"]),
        ("xxxxx ", 5, ["xxxxx"]),
        ("xxxxxyyyyy", 5, ["xxxxx", "yyyyy"]),
        ("", 5, [""]),
    ],
)
def test_the_cut_is_where_a_reader_pauses(text: str, most: int, parts: list[str]) -> None:
    assert list(split(text, most)) == parts


def test_a_sign_of_several_code_points_stays_whole() -> None:
    assert list(split("aaa1️⃣", 4)) == ["aaa", "1️⃣"] or all("️" not in part[:1] for part in split("aaa1️⃣", 4))


CHOICES = (Button("Yes", "y"), Button("No", "n"))


def test_buttons_become_numbered_lines_where_there_are_none() -> None:
    (only,) = fit(Content("Sure?", buttons=CHOICES), Capabilities())
    assert only.text == "Sure?\n\n1. Yes\n2. No"
    assert only.buttons == ()
    (kept,) = fit(Content("Sure?", buttons=CHOICES), Capabilities(max_buttons=2))
    assert (kept.text, kept.buttons) == ("Sure?", CHOICES)
    (lines,) = fit(Content(buttons=CHOICES), Capabilities(max_buttons=1))
    assert lines.text == "1. Yes\n2. No"


def test_of_a_long_message_files_lead_and_buttons_close() -> None:
    whole = Content("word " * 50, files=(File("a.pdf"),), buttons=CHOICES, location=Location(1, 2), ask="phone")
    parts = fit(whole, Capabilities(max_text=100, max_buttons=3, files=True, ask_phone=True))
    assert len(parts) > 2
    assert [bool(part.files) for part in parts] == [True, *[False] * (len(parts) - 1)]
    assert [bool(part.buttons) for part in parts] == [*[False] * (len(parts) - 1), True]
    assert [part.ask for part in parts][-1] == "phone"
    assert [part.location for part in parts].count(None) == len(parts) - 1


def test_a_text_too_long_for_a_caption_goes_before_its_file() -> None:
    able = Capabilities(max_text=100, max_caption=10, files=True)
    words, file = fit(Content("longer than ten", files=(File("a.pdf"),)), able)
    assert (words.text, words.files) == ("longer than ten", ())
    assert (file.text, file.files) == ("", (File("a.pdf"),))


def test_what_a_channel_cannot_carry_becomes_words_or_is_left_out() -> None:
    content = Content("Here", html="<b>Here</b>", subject="Your order", files=(File("bill.pdf"),), ask="phone")
    (only,) = fit(content, Capabilities())
    assert only == Content("Here\n[bill.pdf]")
    (all_of_it,) = fit(content, Capabilities(subject=True, html=True, files=True, ask_phone=True))
    assert all_of_it == content
