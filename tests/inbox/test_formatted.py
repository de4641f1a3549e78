"""Formatted text on an agent's page: as it was meant, and never more than that."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.content import Content, Mark
from switchboard.design.environment import paragraphs
from switchboard.design.marked import formatted


def html(text: str, *marks: Mark) -> str:
    return str(formatted(Content(text, marks=marks), paragraphs))


@pytest.mark.parametrize(
    ("text", "marks", "shown"),
    [
        ("a <b> c", (), "a &lt;b&gt; c"),
        ("a <b> c", (Mark("bold", 2, 3),), "a <strong>&lt;b&gt;</strong> c"),
        ("abcd", (Mark("bold", 0, 4), Mark("italic", 1, 2)), "<strong>a<em>bc</em>d</strong>"),
        ("abcd", (Mark("bold", 0, 3), Mark("italic", 2, 2)), "<strong>ab<em>c</em></strong><em>d</em>"),
        ("abcd", (Mark("bold", 0, 9), Mark("glitter", 1, 1), Mark("bold", 9, 1)), "<strong>abcd</strong>"),
        ("x\n\ny\nz", (Mark("quote", 0, 1), Mark("pre", 3, 1, "python")), None),
    ],
)
def test_marks_become_tags_that_lie_within_each_other(text: str, marks: tuple[Mark, ...], shown: str | None) -> None:
    wanted = shown or '<blockquote>x</blockquote><code class="block">y</code>z'
    assert html(text, *marks) == wanted


def test_links_lead_only_where_links_may() -> None:
    assert 'href="https://e.org/?a=1&amp;b=2"' in html("here", Mark("link", 0, 4, "https://e.org/?a=1&b=2"))
    for unsafe in ("javascript:alert(1)", "data:text/html,x", 'https://e.org/" onclick="x', "//e.org", ""):
        assert html("here", Mark("link", 0, 4, unsafe)) == "here"


def test_an_address_within_a_link_or_code_is_no_second_link() -> None:
    text = "https://e.org/page"
    assert html(text, Mark("link", 0, len(text), "https://e.org/page")).count("<a ") == 1
    assert "<a " not in html(text, Mark("code", 0, len(text)))


def test_what_was_trimmed_is_shown_without_marks() -> None:
    content = Content("yes\n> no", marks=(Mark("bold", 0, 3),), visible="yes")
    assert str(formatted(content, paragraphs)) == "yes"


KINDS = ["bold", "italic", "underline", "strikethrough", "spoiler", "code", "pre", "quote", "link", "<b>"]
MARKS = st.lists(
    st.builds(Mark, st.sampled_from(KINDS), st.integers(-3, 40), st.integers(-3, 40), st.text(max_size=20)), max_size=12
)


@given(st.text(max_size=40), MARKS)
def test_any_marks_keep_every_word_and_let_nothing_through(text: str, marks: list[Mark]) -> None:
    made = html(text, *marks)
    bare = re.sub(r"</?(strong|em|u|s|code|blockquote|span|a)( [^<>]*)?>", "", made)
    assert "<" not in bare
    assert ">" not in bare
    assert re.sub(r"\n", "", bare) == re.sub(r"\n", "", str(paragraphs(text)))
