"""The fields of one order event: what each may be, and what it becomes. Pure; see docs/orders.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

import phonenumbers

from core.content import clean

# What shops call it, letters only and in lower case → what we call it.
STATUSES = {
    "created": "created",
    "placed": "created",
    "new": "created",
    "paid": "paid",
    "inproduction": "in_production",
    "production": "in_production",
    "shipped": "shipped",
    "delivered": "delivered",
    "delayed": "delayed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "refunded": "refunded",
}

MAX_NUMBER = 64
MAX_LINES = 200
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_MAIL = re.compile(r"[^\s<>()\[\],;:\"'@]{1,64}@[^\s<>()\[\],;:\"'@]{1,190}\.[^\s<>()\[\],;:\"'@.]{2,63}")
_MOST_MONEY = Decimal(10) ** 12


class Digits(str):
    """A JSON number with a point or an exponent, as it was written: a float would lose digits of a price."""

    __slots__ = ()


class Broken(Exception):
    """A field is not what it should be."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(f"{field}: {words}")
        self.field = field
        self.words = words


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """One event: `data` in JSON types as it is kept, and what the log wants to know of it."""

    data: Mapping[str, Any]
    at: datetime | None
    name: str = ""
    email: str = ""
    phone: str = ""
    language: str | None = None


def read_event(value: Any, country: str = "") -> ReadEvent:
    """The event in a JSON value. Unknown fields are left out, missing and null ones are fine but for status and number.

    `country` (two letters) reads phone numbers without a country code. Raises Broken, naming the field.
    """
    event = _object(value, "the event")
    order = _object(event.get("order"), "order")
    customer = _object(order.get("customer") or {}, "order.customer")
    number = _number(order.get("number"))
    at = _time(event.get("occurred_at"), "occurred_at")
    promised = _time(order.get("promised_at"), "order.promised_at")
    email = (_text(customer.get("email"), "order.customer.email", 320) or "").lower()
    email = email if _MAIL.fullmatch(email) else ""
    phone = _phone(customer.get("phone"), country)
    name = _text(customer.get("name"), "order.customer.name", 200) or ""
    language = _language(customer.get("language"))
    data = _given(
        id=_text(event.get("id"), "id", 2000, numbers=True),
        status=_status(event),
        occurred_at=at.isoformat() if at else None,
        order=_given(
            number=number,
            customer=_given(name=name, email=email, phone=phone, language=language),
            lines=_lines(order.get("lines")),
            total=_money(order.get("total"), "order.total"),
            currency=_currency(order.get("currency")),
            promised_at=promised.isoformat() if promised else None,
            tracking_url=_url(order.get("tracking_url")),
        ),
    )
    return ReadEvent(data, at, name, email, phone, language)


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", {}, [])}


def _object(value: Any, field: str) -> Mapping[str, Any]:
    if value is None:
        raise Broken(field, "is missing; it should be an object")
    if not isinstance(value, dict):
        raise Broken(field, "should be an object")
    return value


def _text(value: Any, field: str, most: int, *, numbers: bool = False) -> str | None:
    """Text without control characters and outer spaces, cut at `most`."""
    if value is None:
        return None
    if numbers and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        value = str(value)
    if not isinstance(value, str) or isinstance(value, Digits):
        raise Broken(field, "should be text")
    return "".join(c if c.isprintable() else " " for c in clean(str(value))).strip()[:most]


def _number(value: Any) -> str:
    number = _text(value, "order.number", 1000, numbers=True)
    if not number:
        raise Broken("order.number", "is missing")
    if len(number) > MAX_NUMBER:
        raise Broken("order.number", f"is longer than {MAX_NUMBER} characters")
    return number


def _status(event: Mapping[str, Any]) -> str:
    field = "status" if event.get("status") not in (None, "") else "type"
    word = _text(event.get(field), field, 100)
    if not word:
        raise Broken("status", "is missing; send created, paid, in_production, shipped, delivered, delayed, …")
    # "order.shipped", "orders/shipped", "In production" and "inProduction" are all understood.
    letters = re.sub("[^a-z]", "", re.sub(r"^\s*orders?\s*[._/: -]\s*", "", word.lower()))
    if letters not in STATUSES:
        raise Broken(field, f"{word[:60]!r} is no status we know")
    return STATUSES[letters]


def _time(value: Any, field: str) -> datetime | None:
    """A time in RFC 3339 (UTC when it names no zone), a date, or Unix seconds; whole milliseconds."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str) and not re.fullmatch(r"[0-9]{9,11}(\.[0-9]{1,9})?", value, re.ASCII):
            at = datetime.fromisoformat(value.strip())
        elif isinstance(value, int | str) and not isinstance(value, bool):
            at = datetime.fromtimestamp(float(value), UTC)
        else:
            raise ValueError
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Broken(field, "should be a time such as 2026-11-23T12:00:00Z") from error
    if not _EARLIEST <= at <= _LATEST:
        raise Broken(field, "is too far away to be a date of an order")
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _money(value: Any, field: str) -> str | None:
    """A decimal number as text, `1234.50`; at most a thousand billion."""
    if value is None or value == "":
        return None
    if not isinstance(value, int | str) or isinstance(value, bool) or len(str(value)) > 40:
        raise Broken(field, "should be a number such as 1234.50")
    try:
        amount = Decimal(value)
    except InvalidOperation as error:
        raise Broken(field, "should be a number such as 1234.50") from error
    if not amount.is_finite() or abs(amount) > _MOST_MONEY:
        raise Broken(field, "is no amount of money")
    return f"{round(amount, 4):f}" if int(amount.as_tuple().exponent) < -4 else f"{amount:f}"


def _currency(value: Any) -> str | None:
    code = _text(value, "order.currency", 10)
    if not code:
        return None
    if not re.fullmatch("[A-Za-z]{3}", code, re.ASCII):
        raise Broken("order.currency", "should be three letters such as EUR")
    return code.upper()


def _lines(value: Any) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Broken("order.lines", "should be a list")
    return [_line(one, f"order.lines[{n}]") for n, one in enumerate(value[:MAX_LINES])]


def _line(value: Any, field: str) -> dict[str, Any]:
    line = _object(value, field)
    name = _text(line.get("name"), f"{field}.name", 300)
    if not name:
        raise Broken(f"{field}.name", "is missing")
    return _given(
        name=name,
        quantity=_money(line.get("quantity"), f"{field}.quantity"),
        price=_money(line.get("price"), f"{field}.price"),
    )


def _language(value: Any) -> str | None:
    word = _text(value, "order.customer.language", 40)
    found = re.match(r"([A-Za-z]{2,3})(?![A-Za-z])", word or "", re.ASCII)
    return found[1].lower() if found else None


def _phone(value: Any, country: str) -> str:
    """The number in E.164; empty when it cannot be one: this field is often a remark, which is no reason to stop."""
    written = _text(value, "order.customer.phone", 100, numbers=True)
    if not written:
        return ""
    if written.isascii() and written.isdigit() and len(written) > 10 and not written.startswith("0"):
        written = "+" + written
    try:
        number = phonenumbers.parse(written, country.upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _url(value: Any) -> str | None:
    url = _text(value, "order.tracking_url", 2000)
    if not url:
        return None
    try:
        parts = urlsplit(url)
        web = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", url)
    except ValueError:
        web = False
    if not web:
        raise Broken("order.tracking_url", "should be an address that begins with https://")
    return url
