"""Whether what somebody sent will do: a code for each field that needs another look. Pure, linear."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

import phonenumbers

from core import clock
from core.content import File
from core.forms import mask
from core.forms.field import FormField
from core.forms.form import Form
from core.forms.sniff import GROUPS, group_of

MAX_SHORT = 500
MAX_LONG = 10_000
MOST_FILES = 5  # of one field that does not say
# RFC 5321 lengths; one @, something on both sides, a dot in the domain. Whether it exists, only a mail can tell.
_MAIL = re.compile(
    r"[^\s@<>\"(),:;\[\]\\]{1,64}@(?=.{4,253}$)[^\W_](?:[\w-]{0,62})(?:\.[\w-]{1,63})*\.[^\W\d_][\w-]{1,62}"
)
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,10})?")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})|([0-9]{1,2})[./]([0-9]{1,2})[./]([0-9]{4})")
_RELATIVE = re.compile(r"today(?:([+-])([0-9]{1,5}))?")


class Problem(NamedTuple):
    """Why an answer will not do: a `code`, and the bound it missed, as a person reads it."""

    code: str
    limit: str = ""


Files = Mapping[str, Sequence[File]]


def problems(
    form: Form, answers: Mapping[str, str], country: str | None = None, *, files: Files | None = None
) -> dict[str, Problem]:
    """Field → what is the matter; empty when all is well.

    Codes: required, tick, email, phone, choice, few, many, pattern, short, too_long, number, low, high, date, early,
    late, file_type, file_large, files_few, files_many. `country` (two letters) is where phone numbers without a country
    code are. What `files` were sent under names that ask for none is `unasked`, under the name they came with.
    """
    files = files or {}
    found = {
        one.name: _problem(one, answers.get(one.name, ""), files.get(one.name, ()), country) for one in form.fields
    }
    asked = {one.name for one in form.fields if one.kind == "file"}
    found |= {name: Problem("unasked") for name, sent in files.items() if sent and name not in asked}
    return {name: problem for name, problem in found.items() if problem}


def _problem(asked: FormField, given: str, files: Sequence[File], country: str | None) -> Problem | None:
    if asked.kind == "file":
        return _files(asked, files)
    if not given:
        if not asked.required or asked.kind == "hidden":
            return None
        return Problem("tick" if asked.kind in ("checkbox", "consent") else "required")
    longest = MAX_LONG if asked.kind == "long" else MAX_SHORT
    if len(given) > longest:
        return Problem("too_long", str(longest))
    match asked.kind:
        case "email":
            return None if as_mail(given) else Problem("email")
        case "phone":
            return None if as_phone(given, country) else Problem("phone")
        case "choice":
            return None if given in {option.value for option in asked.options} else Problem("choice")
        case "choices":
            return _choices(asked, given)
        case "number":
            return _number(asked, given)
        case "date":
            return _date(asked, given)
        case "text" | "long":
            return _text(asked, given)
        case _:
            return None


def _text(asked: FormField, given: str) -> Problem | None:
    if asked.least and len(given) < int(asked.least):
        return Problem("short", asked.least)
    if asked.most and len(given) > int(asked.most):
        return Problem("too_long", asked.most)
    if asked.pattern and not mask.matches(asked.pattern, given):
        return Problem("pattern", asked.pattern)
    return None


def _choices(asked: FormField, given: str) -> Problem | None:
    chosen = [value for value in given.split(", ") if value]
    if not set(chosen) <= {option.value for option in asked.options}:
        return Problem("choice")
    if asked.least and len(set(chosen)) < int(asked.least):
        return Problem("few", asked.least)
    if asked.most and len(set(chosen)) > int(asked.most):
        return Problem("many", asked.most)
    return None


def _number(asked: FormField, given: str) -> Problem | None:
    number = as_number(given)
    if number is None:
        return Problem("number")
    if asked.least and number < Decimal(asked.least):
        return Problem("low", asked.least)
    if asked.most and number > Decimal(asked.most):
        return Problem("high", asked.most)
    return None


def _date(asked: FormField, given: str) -> Problem | None:
    day = as_date(given)
    if day is None:
        return Problem("date")
    first, last = bound(asked.least), bound(asked.most)
    if first and day < first:
        return Problem("early", first.isoformat())
    if last and day > last:
        return Problem("late", last.isoformat())
    return None


def _files(asked: FormField, files: Sequence[File]) -> Problem | None:
    if not files:
        return Problem("required") if asked.required else None
    if asked.least and len(files) < int(asked.least):
        return Problem("files_few", asked.least)
    most = int(asked.most or MOST_FILES)
    if len(files) > most:
        return Problem("files_many", str(most))
    if any(file.size > asked.megabytes * 1024 * 1024 for file in files):
        return Problem("file_large", str(asked.megabytes))
    taken = asked.accept or tuple(GROUPS)
    if any(not file.size or group_of(file.type) not in taken for file in files):
        return Problem("file_type")
    return None


def as_mail(text: str) -> str | None:
    """The mail address that `text` is, in small letters, or None."""
    text = text.strip().removeprefix("mailto:").casefold()
    return text if _MAIL.fullmatch(text) else None


def as_phone(text: str, country: str | None = None) -> str | None:
    """The phone number that `text` is, in E.164 (`+380501234567`), or None."""
    if not 5 <= len(text.strip()) <= 40:
        return None
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def as_number(text: str) -> Decimal | None:
    """The number that `text` is, with a point or a comma, perhaps with spaces between thousands; or None."""
    plain = re.sub(r"[ \u00a0\u202f]", "", text[:60]).replace(",", ".").replace("\u2212", "-")
    return Decimal(plain) if _NUMBER.fullmatch(plain) else None


def as_date(text: str) -> date | None:
    """The day that `text` is, as browsers send it (`2026-12-31`) or as people write it (`31.12.2026`); or None."""
    found = _DAY.fullmatch(text.strip())
    if not found:
        return None
    year, month, day = (found[1], found[2], found[3]) if found[1] else (found[6], found[5], found[4])
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def bound(text: str) -> date | None:
    """The first or last day that a field takes: a date, or `today+30` by the clock in UTC; None for none."""
    if found := _RELATIVE.fullmatch(text):
        days = int(found[2] or 0)
        return clock.now().date() + timedelta(days=-days if found[1] == "-" else days)
    return as_date(text)
