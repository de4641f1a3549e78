"""Everything core and the adapters say to agents is said in their language, with what stands in its holes."""

from __future__ import annotations

import json
from pathlib import Path

import bson
import pytest
from babel.messages.pofile import read_po

from core.interactions.interaction import Problem
from core.said import HOLE, Said, in_words, sentence_document, sentence_of
from switchboard.design.environment import environment
from tests.inbox.said import in_file, sentences

ROOT = Path(__file__).parents[2]


def known(language: str) -> dict[str, str]:
    words: dict[str, str] = {}
    for room in ("inbox", "switchboard/design"):
        with (ROOT / room / "translations" / f"{language}.po").open("rb") as file:
            words |= {m.id: str(m.string) for m in read_po(file, locale=language) if isinstance(m.id, str) and m.id}
    return words


@pytest.mark.parametrize("language", ["ru", "uk"])
@pytest.mark.parametrize("folder", ["core", "channels", "inbox"])
def test_every_sentence_for_agents_has_words_in_every_language(folder: str, language: str) -> None:
    words = known(language)
    found = list(sentences(folder))
    assert len(found) > 20
    for where, sentence in found:
        assert sentence is not None, f"{where}: this is put together, so nobody can translate it; use core.said"
        assert words.get(sentence), f"{where}: {sentence!r} has no words in {language}"
        assert sorted(HOLE.findall(words[sentence])) == sorted(HOLE.findall(sentence)), where


def test_a_sentence_without_words_would_be_found() -> None:
    source = (
        'GONE = "It went."\nraise Rejected("No.", code="x")\nRetryLater(f"No {x}")\nraise Invalid(GONE)\nprint("no")\n'
    )
    assert dict(in_file("a.py", source)) == {
        "a.py:2": "No.",
        "a.py:3": None,
        "a.py:4": "It went.",
        "a.py GONE": "It went.",
    }


def test_a_sentence_keeps_its_pattern_through_the_database_and_is_worded_anew() -> None:
    said = Said("The mailbox at {host} cannot be reached:", "550 {host} says no", host="imap.{x}.example")
    assert said == "The mailbox at imap.{x}.example cannot be reached: 550 {host} says no"
    stored = bson.decode(bson.encode(Problem("connection", said).document()))
    again = sentence_of(json.loads(json.dumps(stored)))
    assert again == said
    assert in_words(again, known("ru").__getitem__) == "Ящик на imap.{x}.example недоступен: 550 {host} says no"
    assert in_words("Resolved", known("ru").__getitem__) == "Закрыто"


@pytest.mark.parametrize(
    "stored",
    [
        {"code": "x", "sentence": "Old words."},
        {"sentence": "Old words.", "pattern": None},
        {**sentence_document("Old words.")},
    ],
)
def test_what_was_stored_as_plain_text_stays_readable(stored: dict[str, object]) -> None:
    assert sentence_of(stored) == "Old words."
    assert sentence_of({}) == ""


@pytest.mark.parametrize(
    ("pattern", "values", "words"),
    [
        ("Assigned to {name}", {"name": "<i>Ann</i> {name}"}, "Назначено: &lt;i&gt;Ann&lt;/i&gt; {name}"),
        ("Assigned to {name}", {}, "Назначено: {name}"),
        ("What somebody once wrote, 5 % {of} it", {}, "What somebody once wrote, 5 % {of} it"),
        (
            "The copy to {address} came back. {reason}",
            {"address": "a@b.example", "reason": sentence_document(Said("The mailbox is full.", "552"))},
            "Копия на a@b.example вернулась. Ящик переполнен. 552",
        ),
        (
            "The copy to {address} came back. {reason}",
            {"address": "a@b.example", "reason": "552 full"},
            "Копия на a@b.example вернулась. 552 full",
        ),
    ],
)
def test_a_line_of_the_log_is_worded_with_what_stands_in_it(pattern: str, values: object, words: str) -> None:
    made = environment().from_string("{{ pattern | worded(values) }}")
    assert made.render(language="ru", pattern=pattern, values=values) == words
