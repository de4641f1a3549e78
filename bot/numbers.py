"""Order numbers as people write them: `1042`, `#1042`, `№ 1042`, `A-1042`, `order no. A 1042`."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_NUMBER = 32
"""Characters of the longest order number read from a message."""

_MOST = 3

_CANDIDATE = re.compile(
    r"""
    (?<![\w@.,:/-])
    (?:[A-ZА-ЯІЇЄҐ]{1,4}\s(?=\d) | [^\W\d_]{1,6}[-/]? )?  # "A 1042", "A-1042", "so1042"
    \d{1,20}
    (?:[-/][0-9A-Za-zА-Яа-яІЇЄҐіїєґ]{1,12}){0,3}             # "2024-0042/A"
    [A-Za-zА-Яа-яІЇЄҐіїєґ]?
    (?!\w)
    """,
    re.VERBOSE,
)
_MARK = re.compile(
    r"""
    (?: \# | №
      | \b(?: order | orders | parcel | number | num | nr | no | n | tracking
          | заказ\w{0,3} | замовлен\w{0,4} | замов\w{0,4} | номер\w{0,3} | посылк\w | посилк\w )\b
    )
    (?: [\s:#№.«"'(=-]* \b(?: number|num|nr|no|n|is|was|its|under|my|id|code
                            | номер\w{0,3}|под|за|с|з|із|мой|мій|это|це|є )\b )*
    [\s:\#№.«"'(=-]*$
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LOOKBACK = 40
_MEASURE = re.compile(
    r"""\s*(?: %|°|[$€£₴₽]|[.:,]\d
      | (?:days?|weeks?|months?|years?|hours?|minutes?|min|pm|am|pcs|pieces?|people|kg|uah|usd|eur|rub|st|nd|rd|th
      |дн\w*|день|недел\w*|месяц\w*|лет|год\w*|час\w*|минут\w*|штук\w*|шт|человек|кг|руб\w*|грн|гривен\w*
      |дні\w*|тиж\w*|місяц\w*|рок\w*|годин\w*|хвилин\w*|осіб|людей)\b )""",
    re.VERBOSE | re.IGNORECASE,
)
_PRICE_BEFORE = re.compile(r"[$€£₴₽]\s*$")
_PREFIXED = re.compile(r"([^\W\d_]{1,6})([-/]?)(\d{1,20})")
_YEAR = re.compile(r"(?:19|20)\d\d")

_TO_LATIN = str.maketrans("АВЕКМНОРСТХІ", "ABEKMHOPCTXI")
_TO_CYRILLIC = str.maketrans("ABEKMHOPCTXI", "АВЕКМНОРСТХІ")


@dataclass(frozen=True, slots=True)
class Numbers:
    """What may be an order number in a text, in the order it was written.

    `marked` stand after "#", "№", "order" and the like. `likely` have no such sign but look the part.
    `possible` are any others, good enough when a number was just asked for.
    """

    marked: tuple[str, ...] = ()
    likely: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()

    def best(self, asked: bool = False) -> tuple[str, ...]:
        """The surest kind there is; with `asked`, also numbers that would otherwise be too unlikely."""
        return self.marked or self.likely or (self.possible if asked else ())


def read_numbers(text: str) -> Numbers:
    """The order numbers in `text` (phones and mails taken out before), at most three of a kind."""
    marked: list[str] = []
    likely: list[str] = []
    possible: list[str] = []
    whole = text.strip(" \t\r\n.,!?#№")
    for found in _CANDIDATE.finditer(text):
        number = re.sub(r"\s", "", found[0])
        before = text[max(0, found.start() - _LOOKBACK) : found.start()]
        if len(number) > MAX_NUMBER:
            continue
        if _MARK.search(before):
            kind = marked
        elif _MEASURE.match(text, found.end()) or _PRICE_BEFORE.search(before):
            continue
        elif _looks_the_part(number) or (found[0] == whole and 3 <= len(number) <= 8):
            kind = likely
        else:
            kind = possible
        if number not in kind and len(kind) < _MOST:
            kind.append(number)
    return Numbers(tuple(marked), tuple(likely), tuple(possible))


def _looks_the_part(number: str) -> bool:
    digits = sum(character.isdigit() for character in number)
    if digits != len(number):
        return digits >= 3
    return 4 <= digits <= 8 and not _YEAR.fullmatch(number)


def spellings(number: str) -> tuple[str, ...]:
    """`number`, and as it may be written otherwise: in the alphabet that looks alike, with or without its hyphen."""
    upper = number.upper()
    ways = [number]
    for spelled in (upper.translate(_TO_LATIN), upper.translate(_TO_CYRILLIC)):
        ways.append(spelled)
        if parts := _PREFIXED.fullmatch(spelled):
            ways.append(f"{parts[1]}{parts[3]}" if parts[2] else f"{parts[1]}-{parts[3]}")
    return tuple(dict.fromkeys(ways))
