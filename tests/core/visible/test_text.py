"""What was written now, in plain text: the corpus, and what holds for any text.

`held_out.toml` was written after the code was done for the rest: on its first run 42 of its 47 mails were right, and
the other five showed a line too much; nothing said was folded. `held_out_later.toml`, mostly traps, was written after
those were mended: 16 of 18, one of the other two folded a mail that its writer had copied in. Both are part of the
corpus since.
"""

# ruff: noqa: E501 - what programs write is easier to compare on few long lines than on many short ones

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.visible.text import fold, visible_text
from tests.core.visible.letters import letters
from tests.core.visible.programs import LANGUAGES, Case, texts

PROGRAMS = list(texts())
WRITTEN = [*letters("letters"), *letters("held_out"), *letters("held_out_later")]


@pytest.mark.parametrize("case", PROGRAMS, ids=lambda case: case.name)
def test_what_programs_write_is_folded_in_every_language(case: Case) -> None:
    assert visible_text(case.mail, case.subject) == case.expected


@pytest.mark.parametrize("case", WRITTEN, ids=lambda case: case.name)
def test_letters_show_what_their_writers_said(case: Case) -> None:
    assert visible_text(case.mail, case.subject) == case.expected.strip()


@pytest.mark.parametrize("case", [*PROGRAMS, *WRITTEN], ids=lambda case: case.name)
def test_the_pieces_together_are_the_mail(case: Case) -> None:
    assert "".join(piece.text for piece in fold(case.mail, case.subject)) == case.mail


@pytest.mark.parametrize("case", PROGRAMS, ids=lambda case: case.name)
def test_windows_line_ends_change_nothing(case: Case) -> None:
    wired = visible_text(case.mail.replace("\n", "\r\n"), case.subject)
    assert wired.replace("\r\n", "\n") == case.expected


def test_the_corpus_is_as_large_and_has_as_many_languages_as_is_asked() -> None:
    assert len({*PROGRAMS, *WRITTEN}) >= 150
    assert {"en", "ru", "uk", "de", "fr", "es", "it", "pl", "nl", "pt", "cs", "sv"} <= LANGUAGES.keys()


def test_pieces_say_what_they_are() -> None:
    mail = "Yes.\n-- \nAnn\n\nOn 3/12/24 10:11, Shop wrote:\n> Blue?\nNo, green."
    assert [(piece.kind, piece.text) for piece in fold(mail)] == [
        ("said", "Yes.\n"),
        ("signature", "-- \nAnn\n\n"),
        ("quote", "On 3/12/24 10:11, Shop wrote:\n> Blue?\n"),
        ("said", "No, green."),
    ]


def test_a_long_answer_above_a_copied_header_of_a_forwarded_subject_is_an_answer() -> None:
    head = "From: Shop <help@shop.test>\nSent: 12.03.2024 10:11\nTo: Ann\nSubject: Order\n\nold"
    said = "\n".join(["I have thought about this for a long time and want to say the following."] * 20)
    assert visible_text(f"{said}\n\n{head}", "Fwd: Order") == said
    assert visible_text(f"Please look.\n\n{head}", "Fwd: Order") == f"Please look.\n\n{head}"
    assert visible_text(f"Please look.\n\n{head}", "Re: Fwd: Order") == "Please look."


# What mails are made of, in any order.
_BITS = st.sampled_from(
    [
        "> ", ">", "\n", "\n\n", "\r\n", "-- \n", "--\n", "On 12.03.2024 10:11, Ann <a@b.test> wrote:\n", "From: a@b.test\n", "Sent: 1.1.2024\n",
        "To: b\n", "Subject: c\n", "-----Original Message-----\n", "---------- Forwarded message ---------\n", "Sent from my iPhone\n",
        "Best regards,\n", "Ann\n", "+49 170 1234567\n", "word ", "?", ":", "_" * 20 + "\n", "\u00a0", "\u2063", "Отправлено с iPhone\n",
        "This message is confidential and intended only for the recipient it is addressed to.\n", "- item\n", "\ufffc", "\ud800", "\x00",
    ]
)  # fmt: skip


@given(
    st.lists(st.one_of(_BITS, st.text(max_size=12)), max_size=40).map("".join), st.sampled_from(["", "Re: a", "Fwd: a"])
)
def test_any_text_keeps_every_character_and_shows_something(mail: str, subject: str) -> None:
    pieces = fold(mail, subject)
    assert "".join(piece.text for piece in pieces) == mail
    shown = visible_text(mail, subject)
    assert bool(shown) == bool(mail.strip())
    said = "".join(piece.text for piece in pieces if piece.kind == "said")
    assert "".join(shown.split()) == "".join(said.split())


@given(
    st.lists(
        st.sampled_from(["I would like a chair", "and a table", "when do you send it", "thank you"]),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_plainly_said_is_never_folded(sentences: list[str]) -> None:
    said = "\n".join(sentences)
    mail = f"{said}\n\nOn Mon, Mar 12, 2024 at 10:11 AM Shop <help@shop.test> wrote:\n> old\n\n{said}"
    assert visible_text(mail, "Re: a") == f"{said}\n\n{said}"


HOSTILE = [
    "On ", "On On On\n", "> > > ", "> > >\n", "From: a\n", "From: a@b.c\nDate: 1\n", "On 1.1.2020 10:11 a@b.c wrote:\n", "-", "--\n", "-- \n",
    "_" * 90 + "\n", " ", "\n", "a:\n", "a@", "best regards\n", "sent from my ", "----- original message ", "---------- forwarded message ",
    "> a\nb\n", "a\n\n", "________\n\n", "1.1.1." * 40 + ":\n", "On 1\nx\ny\nz:\n", "1:" * 140 + "\n", "(" * 290 + ":\n", "best, " * 8 + "\n",
    "this message is confidential and meant for the intended recipient only, and so on\n",
]  # fmt: skip


@pytest.mark.parametrize("bit", HOSTILE, ids=lambda bit: repr(bit[:20]))
def test_time_grows_with_the_length_and_no_faster(bit: str) -> None:
    def seconds(length: int) -> float:
        mail = "hi\n" + (bit * (length // len(bit) + 1))[:length]
        best = 60.0
        for _ in range(2):
            begun = time.thread_time()
            visible_text(mail)
            best = min(best, time.thread_time() - begun)
        return best

    # A megabyte would be four seconds at worst; squared growth would be sixteen times the time for four times the text.
    # Measured again when it seems so: a machine that others use too is now slower and now faster.
    assert any(seconds(120_000) < 10 * seconds(30_000) + 0.5 for _ in range(6))


def test_a_megabyte_is_read_in_seconds() -> None:
    for bit in ("On On On ", "> > > ", "From: a\n"):
        begun = time.thread_time()
        visible_text("hi\n" + bit * (1_000_000 // len(bit)))
        assert time.thread_time() - begun < 20
