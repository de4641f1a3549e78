"""Whether what somebody sent will do: a code for each field that needs another look. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

import phonenumbers

from core.forms.form import Form, FormField

MAX_SHORT = 500
MAX_LONG = 10_000
# RFC 5321 lengths; one @, something on both sides, a dot in the domain. Whether it exists, only a mail can tell.
_MAIL = re.compile(
    r"[^\s@<>\"(),:;\[\]\\]{1,64}@(?=.{4,253}$)[^\W_](?:[\w-]{0,62})(?:\.[\w-]{1,63})*\.[^\W\d_][\w-]{1,62}"
)


def problems(form: Form, answers: Mapping[str, str], country: str | None = None) -> dict[str, str]:
    """Field → `required`, `tick` (a box), `email`, `phone`, `choice` or `too_long`; empty when all is well.

    `country` (two letters) is where phone numbers without a country code are.
    """
    found = {one.name: _problem(one, answers.get(one.name, ""), country) for one in form.fields}
    return {name: code for name, code in found.items() if code}


def _problem(asked: FormField, given: str, country: str | None) -> str:
    if not given:
        if not asked.required or asked.kind == "hidden":
            return ""
        return "tick" if asked.kind in ("checkbox", "consent") else "required"
    if len(given) > (MAX_LONG if asked.kind == "long" else MAX_SHORT):
        return "too_long"
    match asked.kind:
        case "email":
            return "" if as_mail(given) else "email"
        case "phone":
            return "" if as_phone(given, country) else "phone"
        case "choice":
            return "" if given in {option.value for option in asked.options} else "choice"
        case _:
            return ""


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
