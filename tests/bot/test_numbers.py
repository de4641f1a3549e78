"""Order numbers out of what people write."""

import pytest

from bot.identities import read_identities
from bot.numbers import read_numbers, spellings


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("where is my order 1042?", "1042"),
        ("#1042", "1042"),
        ("№ 1042", "1042"),
        ("№1042", "1042"),
        ("A-1042", "A-1042"),
        ("order A-1042.", "A-1042"),
        ("Order no. A 1042", "A1042"),
        ("my order number is: 1042, thanks", "1042"),
        ("заказ 1042", "1042"),
        ("где заказ номер 1042?", "1042"),
        ("Замовлення №А-1042", "А-1042"),
        ("order #so1042 please", "so1042"),
        ("order 2024-0042/A", "2024-0042/A"),
        ("I ordered 2 cakes 3 weeks ago, order 1042", "1042"),
        ("I ordered on 12.05.2026 at 10:30, number 7", "7"),
        ("1042", "1042"),
        ("где 10425 ?", "10425"),
        ("order 1042 +380671234567", "1042"),
        ("order 1042 0671234567", "1042"),
        ("order 2839485012", None),
        ("order № 283948", "283948"),
    ],
)
def test_best_number(text: str, number: str | None) -> None:
    assert read_numbers(read_identities(text).rest).best() == ((number,) if number else ())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "where is my order",
        "a cake for 10 people",
        "12.05.2026",
        "at 10:30",
        "it cost $1500",
        "1500 грн",
        "in 2024",
        "2 торта",
        "ann1042@example.org",
        "https://example.org/1042",
        "order two cakes",
    ],
)
def test_no_number(text: str) -> None:
    assert read_numbers(read_identities(text).rest).best() == ()


def test_when_asked_any_number_will_do() -> None:
    assert read_numbers("it is 7 I think").best() == ()
    assert read_numbers("it is 7 I think").best(asked=True) == ("7",)


def test_letters_that_look_alike_are_tried_in_both_alphabets() -> None:
    assert "A-1042" in spellings("А-1042")
    assert "А-1042" in spellings("a-1042")
    assert spellings("1042") == ("1042",)


def test_the_hyphen_may_be_left_out_or_put_in() -> None:
    assert "A-1042" in spellings("а1042")
    assert "A1042" in spellings("A-1042")


def test_few_and_short() -> None:
    text = " ".join(f"#{n}" for n in range(1000, 1100))
    assert len(read_numbers(text).marked) == 3
    assert read_numbers("#" + "9" * 500).best(asked=True) == ()
