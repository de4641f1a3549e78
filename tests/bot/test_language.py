"""Which language somebody writes, and which one they are answered in."""

import pytest

from bot.language import ours, pick, writes
from bot.words import words


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Де моє замовлення?", "uk"),
        ("привіт", "uk"),
        ("де", "uk"),
        ("дякую", "uk"),
        ("Где мой заказ", "ru"),
        ("вы тут", "ru"),
        ("спасибо", "ru"),
        ("это не то", "ru"),
        ("Where is my order", "en"),
        ("hello", "en"),
        ("1042", None),
        ("👍", None),
        ("", None),
        ("ааа", None),
        ("Wo ist meine Bestellung", None),
    ],
)
def test_written(text: str, language: str | None) -> None:
    assert writes(text, words(text)) == language


def test_order_of_sources() -> None:
    def say(text: str, **more: str | None) -> str | None:
        sources = {"chosen": None, "stored": None, "device": None} | more
        return pick(**sources, text=text, written=writes(text, words(text)))

    assert say("де замовлення", chosen="en", stored="ru", device="ru") == "en"
    assert say("Где мой заказ, ы", stored="uk-UA", device="en") == "uk"
    assert say("Де моє замовлення", device="en-US") == "uk"
    assert say("ааа", device="uk_UA") == "uk"
    assert say("1042", device="de") is None
    assert say("Где мой заказ", stored="en") == "ru"
    assert say("where is my order", stored="uk") == "en"
    assert say("1042", stored="uk", device="en") == "uk"


def test_tags() -> None:
    assert [ours(tag) for tag in ("uk", "RU-ru", "en_GB", "de", "", None, "ukr")] == [
        "uk",
        "ru",
        "en",
        None,
        None,
        None,
        None,
    ]
