"""Phones and mails as people type them, against those of an order."""

import pytest

from bot.identities import matches, read_identities, same_mail, same_phone
from core.channel import Identity

PHONE = "+380671234567"


@pytest.mark.parametrize(
    "typed",
    [
        "+380671234567",
        "380671234567",
        "00380671234567",
        "0671234567",
        "067 123 45 67",
        "(067) 123-45-67",
        "+38 (067) 123-45-67",
        "067.123.45.67",
        "671234567",
    ],
)
def test_the_whole_phone(typed: str) -> None:
    (found,) = read_identities(f"my phone is {typed}, thanks").all
    assert same_phone(found, PHONE)


@pytest.mark.parametrize(
    "typed",
    [
        "4567",
        "34567",
        "1234567",
        "123 45 67",
        "71234567",
        "+71234567",
        "0671234568",
        "+79671234567",
        "",
        "0",
        "+",
        "9" * 40,
    ],
)
def test_not_the_phone(typed: str) -> None:
    assert not same_phone(typed, PHONE)
    assert matches(read_identities(typed).all, [Identity("phone", PHONE)]) is None


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("8 916 123-45-67", "+79161234567"),
        ("9161234567", "+79161234567"),
        ("+7 916 123 45 67", "+79161234567"),
        ("8 701 123 45 67", "+77011234567"),
        ("020 7946 0018", "+442079460018"),
        ("(415) 555-2671", "+14155552671"),
        ("0151 23456789", "+4915123456789"),
    ],
)
def test_phones_of_other_countries(typed: str, known: str) -> None:
    assert same_phone(typed, known)


def test_a_phone_of_one_country_is_not_the_same_digits_of_another() -> None:
    assert not same_phone("+1 671 234 567", PHONE)
    assert not same_phone("0671234567", "+33612345678")


@pytest.mark.parametrize("known", ["", "junk", "0671234567", "+", "+999123", "4567"])
def test_an_order_with_an_unreadable_phone_matches_nobody(known: str) -> None:
    assert not same_phone("0671234567", known)
    assert not same_phone(known, known)


def test_mails() -> None:
    (found,) = read_identities("it's <Ann@Example.ORG>.").mails
    assert same_mail(found, "ann@example.org")
    assert not same_mail(found, "ann@example.com")
    assert read_identities("ann@example.org.").mails == ("ann@example.org",)
    assert read_identities("@ a@b @c.d").mails == ()


def test_several_and_what_is_left() -> None:
    given = read_identities("order 1042, mail ann@example.org or +380671234567")
    assert given.sure == ("ann@example.org", "+380671234567")
    assert "1042" in given.rest
    assert "ann" not in given.rest
    assert "380" not in given.rest


def test_number_and_phone_in_one_run_of_digits() -> None:
    assert read_identities("1042 0671234567").phones == ("0671234567",)
    assert read_identities("1042 +38 067 123 45 67").phones == ("+38 067 123 45 67",)


def test_a_list_of_guesses_is_cut() -> None:
    text = ", ".join(f"+38067123{n:04}" for n in range(500))
    assert len(read_identities(text).all) == 3
