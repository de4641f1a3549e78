"""What a template may say: the variables, already written as the reader's language writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from core.templates.template import status_words

_LOCALES = {"en": "en_GB", "ru": "ru", "uk": "uk"}
MAX_LINES = 30
_SAMPLES = {
    "en": ("Ann Example", "Oak table", "Chair"),
    "ru": ("Анна Иванова", "Стол из дуба", "Стул"),
    "uk": ("Анна Коваль", "Стіл із дуба", "Стілець"),
}


@dataclass(frozen=True, slots=True)
class LineWords:
    """`order.lines`: one line of the order. `quantity` and `price` may be empty."""

    name: str
    quantity: str = ""
    price: str = ""


@dataclass(frozen=True, slots=True)
class OrderWords:
    """`order`: `total` and `promised` may be empty, `lines` too."""

    number: str
    status: str
    lines: tuple[LineWords, ...] = ()
    total: str = ""
    promised: str = ""


@dataclass(frozen=True, slots=True)
class CustomerWords:
    """`customer`: the name may be empty."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class Variables:
    """All that a template may name. `tracking_url` is the carrier's page and may be empty, `track_url` is ours."""

    customer: CustomerWords
    order: OrderWords
    tracking_url: str = ""
    track_url: str = ""


def money(amount: str, currency: str, language: str) -> str:
    """`1234.50` EUR as the language writes it; empty for no amount."""
    if not amount:
        return ""
    locale = _LOCALES.get(language, "en_GB")
    try:
        value = Decimal(amount)
        return format_currency(value, currency, locale=locale) if currency else format_decimal(value, locale=locale)
    except (InvalidOperation, ValueError):
        return f"{amount} {currency}".strip()


def day(at: datetime | None, language: str, zone: tzinfo = UTC) -> str:
    """`12 May 2026`, `12 мая 2026 г.`; empty for no date."""
    if at is None:
        return ""
    try:
        return format_date(at.astimezone(zone), format="long", locale=_LOCALES.get(language, "en_GB"))
    except (OverflowError, ValueError):
        return ""


def lines(named: Sequence[tuple[str, str, str]], currency: str, language: str) -> tuple[LineWords, ...]:
    """Order lines as (name, quantity, price), in words, at most 30."""
    return tuple(
        LineWords(name, _quantity(quantity, language), money(price, currency, language))
        for name, quantity, price in named[:MAX_LINES]
    )


def _quantity(quantity: str, language: str) -> str:
    try:
        return format_decimal(Decimal(quantity), locale=_LOCALES.get(language, "en_GB")) if quantity else ""
    except (InvalidOperation, ValueError):
        return quantity


def sample(status: str, language: str, *, full: bool = True) -> Variables:
    """An order to try a template on; `full` False leaves out everything that may be missing."""
    if not full:
        bare = OrderWords("1", status_words(status, language))
        return Variables(CustomerWords(), bare, track_url="https://hub.example/track/sample")
    person, table, chair = _SAMPLES.get(language, _SAMPLES["en"])
    return Variables(
        CustomerWords(person),
        OrderWords(
            number="A-1042",
            status=status_words(status, language),
            lines=lines([(table, "1", "540.00"), (chair, "4", "85.50")], "EUR", language),
            total=money("882.00", "EUR", language),
            promised=day(datetime(2026, 12, 18, 12, tzinfo=UTC), language),
        ),
        tracking_url="https://carrier.example/parcel/77",
        track_url="https://hub.example/track/sample",
    )
