"""Phones and e-mails as people type them, and whether they are those of an order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import phonenumbers

from core.channel import Identity

_MAIL = re.compile(r"[^\s<>()\[\],;:\"'@]{1,64}@[^\s<>()\[\],;:\"'@]{1,190}\.[^\s<>()\[\],;:\"'@.]{2,63}")
_PHONE = re.compile(r"(?<![\w@#№-])\+?\(?\d[\d\s().‐‑–-]{3,30}\d(?!\w)")
_NOT_DIGITS = re.compile(r"\D")
_CHUNKS = re.compile(r"\s+")

_MOST = 3
_FEWEST_DIGITS = 5
_MOST_DIGITS = 15  # E.164
_SURE_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Given:
    """The e-mails and phones in a text, as they were typed. `rest` is the text without what is surely one of them."""

    mails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    rest: str = ""

    @property
    def sure(self) -> tuple[str, ...]:
        """What can only be an e-mail or a phone, not an order number."""
        return (*self.mails, *(phone for phone in self.phones if _surely_phone(phone)))

    @property
    def all(self) -> tuple[str, ...]:
        """Also short runs of digits, which may as well be a local number."""
        return (*self.mails, *self.phones)


def read_identities(text: str) -> Given:
    """The first three e-mails and the first three phone-like runs of digits in `text`."""
    mails = [found.rstrip(".") for found in _MAIL.findall(text)][:_MOST]
    rest = _MAIL.sub(" ", text)
    phones: list[str] = []
    for found in _PHONE.finditer(rest):
        for run in _apart(found[0]):
            if run not in phones and len(phones) < _MOST:
                phones.append(run)
    for phone in phones:
        if _surely_phone(phone):
            rest = rest.replace(phone, " ")
    return Given(tuple(mails), tuple(phones), rest)


def _apart(run: str) -> list[str]:
    """The phones in one run of digits: `1042 0671234567` is a number and a phone, `067 123 45 67` is one phone."""
    chunks = _CHUNKS.split(run.strip())
    long = [chunk for chunk in chunks if len(_NOT_DIGITS.sub("", chunk)) >= _SURE_DIGITS]
    if long and len(chunks) > 1:
        return long
    if len(chunks) > 1 and (at := next((at for at, chunk in enumerate(chunks[1:], 1) if chunk.startswith("+")), 0)):
        return [" ".join(chunks[at:])]
    digits = len(_NOT_DIGITS.sub("", run))
    return [run.strip()] if _FEWEST_DIGITS <= digits <= _MOST_DIGITS else []


def _surely_phone(phone: str) -> bool:
    return phone.startswith("+") or len(_NOT_DIGITS.sub("", phone)) >= _SURE_DIGITS


def same_mail(left: str, right: str) -> bool:
    """Whether two e-mail addresses are one, letter case aside."""
    return left.strip().casefold() == right.strip().casefold()


def same_phone(typed: str, known: str) -> bool:
    """Whether `typed` is the whole phone number `known` (E.164), in any way people of its country write it.

    With + or 00 or nothing before the country code, or as dialled inside the country. Its last digits are not enough.
    """
    try:
        number = phonenumbers.parse(known, None)
    except phonenumbers.NumberParseException:
        return False
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    digits = _NOT_DIGITS.sub("", typed)
    if not _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS + 2:
        return False
    if e164 == "+" + digits or e164 == "+" + digits.removeprefix("00"):
        return True
    if typed.lstrip(" (").startswith("+"):
        return _parsed(typed, None) == e164
    regions = phonenumbers.region_codes_for_country_code(number.country_code or 0)
    return any(_parsed(digits, region) == e164 for region in regions)


def _parsed(typed: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def matches(typed: Iterable[str], identities: Iterable[Identity]) -> Identity | None:
    """The identity among `identities` that somebody who typed `typed` knows, or None."""
    given = tuple(typed)
    for identity in identities:
        same = same_mail if identity.kind == "email" else same_phone
        if any(same(one, identity.value) for one in given):
            return identity
    return None
