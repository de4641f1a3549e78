"""Dates, times and numbers as the reader's language writes them, in the reader's time zone. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from babel.numbers import format_currency, format_decimal
from markupsafe import Markup, escape


@lru_cache(maxsize=256)
def zone_of(name: str | None) -> tzinfo:
    """The time zone called `name` (`Europe/Kyiv`), UTC for what is none."""
    try:
        return ZoneInfo(name) if name and len(name) < 64 else UTC
    except (KeyError, ValueError, OSError):  # unknown; not a name at all; the name of a folder
        return UTC


def spoken(at: datetime, style: str, language: str, zone: tzinfo, now: datetime) -> str:
    """`at` in words. Styles: `clock` (14:05), `short` (14:05 today, 3 Jun), `day`, `date`,
    `full`, `ago`, `since` (7 minutes)."""
    local = at.astimezone(zone)
    today = now.astimezone(zone)
    if style == "clock":
        return format_time(local, "short", locale=language)
    if style == "date":
        return format_date(local.date(), "medium", locale=language)
    if style == "full":
        return f"{format_date(local.date(), 'long', locale=language)}, {format_time(local, 'short', locale=language)}"
    if style == "ago":
        return format_timedelta(local - today, add_direction=True, locale=language)
    if style == "since":
        return format_timedelta(today - local, locale=language)
    if style == "day":
        wanted = "MMMMEd" if local.year == today.year else "yMMMM" + "d"
        return format_skeleton(wanted, local, locale=language)
    if local.date() == today.date():
        return format_time(local, "short", locale=language)
    return format_skeleton("MMMd" if local.year == today.year else "yMMMd", local, locale=language)


def time_element(at: datetime | None, style: str, language: str, zone: tzinfo, now: datetime) -> Markup:
    """`<time>` with `at` in words; time.js writes it anew when the browser is in another zone. Empty for None."""
    if at is None:
        return Markup("")
    return Markup('<time datetime="{}" data-style="{}" title="{}">{}</time>').format(
        at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        style,
        escape(spoken(at, "full", language, zone, now)),
        spoken(at, style, language, zone, now),
    )


def decimal(value: int | float | Decimal, language: str) -> str:
    """A number with its thousands apart."""
    return format_decimal(value, locale=language)


def money(value: int | float | Decimal | str, currency: str, language: str) -> str:
    """An amount with its currency; the amount and the code as they are when they make no sense."""
    try:
        return format_currency(Decimal(str(value)), currency.upper(), locale=language)
    except (ArithmeticError, ValueError, LookupError):
        return f"{value} {currency}"
