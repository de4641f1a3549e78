"""The words by which entries are found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.interactions.words import stem, words


@pytest.mark.parametrize(
    "forms",
    [
        ("order", "orders", "ordered", "ordering"),
        ("delivery", "deliveries", "delivery"),
        ("замовлення", "замовленню", "замовленням"),
        ("доставка", "доставки", "доставку", "доставкой"),
        ("посилка", "посилки", "посилку", "посилкою"),
        ("возврат", "возвраты", "возврата", "возвратов"),
    ],
)
def test_forms_of_a_word_share_a_stem(forms: tuple[str, ...]) -> None:
    assert len({stem(form) for form in forms}) == 1, [stem(form) for form in forms]


@pytest.mark.parametrize("word", ["a", "yes", "дом", "a1042s", "2026", "bass"])
def test_short_words_and_numbers_stay_whole(word: str) -> None:
    assert stem(word) == word


def test_case_accents_of_width_and_yo_do_not_matter() -> None:
    assert words("ЁЛКА Ｆｕｌｌ straße") == words("елка full STRASSE")


@given(st.text(), st.integers(1, 50))
def test_words_are_few_short_distinct_and_the_same_when_asked_again(text: str, most: int) -> None:
    found = words(text, most=most)
    assert len(found) <= most
    assert len(set(found)) == len(found)
    assert all(0 < len(word) <= 40 and not word.isspace() for word in found)
    assert words(text, most=most) == found


def test_an_endless_text_costs_little() -> None:
    assert len(words("word " * 1_000_000)) == 1
    assert len(words(" ".join(map(str, range(100_000))))) == 400
