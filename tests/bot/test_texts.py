"""The texts: the same keys and placeholders in every language, and every status worded."""

import tomllib
from datetime import date
from pathlib import Path

import pytest

import bot.texts
from bot.planning import day_in_words
from bot.talk import Settings
from bot.texts import Texts, places

FOLDER = Path(bot.texts.__file__).parent
STATUSES = ("created", "paid", "in_production", "shipped", "delivered", "delayed", "cancelled", "refunded")


def flat(language: str) -> dict[str, str]:
    sections = tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8"))
    return {f"{section}.{key}": text for section, texts in sections.items() for key, text in texts.items()}


@pytest.mark.parametrize("language", ["ru", "uk"])
def test_same_keys_and_placeholders(language: str) -> None:
    english, other = flat("en"), flat(language)
    assert english.keys() == other.keys()
    assert {key: places(text) for key, text in other.items()} == {key: places(text) for key, text in english.items()}
    assert all(text.strip() for text in other.values())


@pytest.mark.parametrize("language", ["en", "ru", "uk"])
def test_what_the_code_asks_for_is_there(language: str) -> None:
    keys = Texts.load().keys(language)
    assert {f"status.{status}" for status in STATUSES} <= keys
    assert {f"menu.{intent}" for intent in Settings().menu} <= keys


def test_letters_of_the_right_language() -> None:
    assert not [text for text in flat("ru").values() if set(text) & set("іїєґ") and "Мова" not in text]
    assert not [text for text in flat("uk").values() if set(text) & set("ыэъё") and "Язык" not in text]


def test_missing_key_is_english_and_unknown_key_is_an_error() -> None:
    texts = Texts({"en": {"a": "one {x}"}, "uk": {}})
    assert texts.say("uk", "a", x="{x}") == "one {x}"
    assert texts.say("de", "a") == "one {x}"
    with pytest.raises(KeyError):
        texts.say("en", "b")


def test_changes_leave_the_original_alone() -> None:
    texts = Texts.load()
    changed = texts.changed({"uk": {"small_talk.thanks": "Прошу!"}})
    assert changed.say("uk", "small_talk.thanks") == "Прошу!"
    assert texts.say("uk", "small_talk.thanks") == "Будь ласка!"


def test_dates_as_readers_write_them() -> None:
    today, day, later = date(2026, 5, 4), date(2026, 5, 12), date(2027, 1, 9)
    assert [day_in_words(day, today, of) for of in ("en", "ru", "uk")] == ["12 May", "12 мая", "12 травня"]
    assert day_in_words(later, today, "en") == "9 January 2027"
    assert day_in_words(later, today, "uk").startswith("9 січня 2027")
