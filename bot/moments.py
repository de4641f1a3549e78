"""Days and times as people write them: "завтра после обеда", "half past five tomorrow", "23.11 о 17:30".

Read without a clock into a `Wish`; `bot.planning` makes a moment of it. Only future moments are thought of, as people
mean them who ask for a call or a delivery.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.lexicon import Lexicon
from bot.moment_words import DAYS, HALVES, HOURS, MONTHS, NUMBERS, PARTS, SOON, UNITS, WEEKDAYS
from bot.words import normal, words

_DATE = re.compile(r"(?<![\d:.])(\d{1,2})[./](\d{1,2})(?:[./](\d{4}|\d{2}))?(?![\d:])")
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_CLOCK = re.compile(r"(?<![\d.:])(\d{1,2})[:.\-h](\d{2})(?!\d)\s*(am|pm|a\.m|p\.m)?")
_AMPM = re.compile(r"(?<![\d.:])(\d{1,2})\s*(am|pm|a\.m|p\.m)\b")
_AT = re.compile(
    r"\b(?:at|after|around|about|by|from|в|во|о|об|к|до|после|около|с|після|біля|близько|з)\s+(\d{1,2})"
    r"(?!\s*[.:/]?\d)(?!\s*(?:дн|день|day|недел|тиж|week|мин|хв|minut))"
)
_OCLOCK = re.compile(r"(?<![\d.:])(\d{1,2})\s*(?:oclock|час\w{0,2}\b|годин\w{0,2}\b|г\b|ч\b)")
_DAY_OF_MONTH = re.compile(r"(?<![\d.:])(\d{1,2})(?:st|nd|rd|th|го|е|ого)?\b")
_BARE = re.compile(r"(?<![\d.:])(\d{1,2})(?![\d.:])")
_QUARTER = ("четверт", "чверт")
_TIME_BEFORE_DATE = re.compile(r"\b(?:at|в|о|об|к|після|после|after)\s*$")


@dataclass(frozen=True, slots=True)
class Wish:
    """What was said of a time, as far as it was said.

    `days` from today, or `weekday` (Monday is 0), or `date` as (year or 0, month, day). `minutes` after midnight; when
    `either` is true it may as well be twelve hours later. `part` is a part of the day (minutes from, to). `after` is in
    minutes from now. `soon`: as soon as can be.
    """

    days: int | None = None
    weekday: int | None = None
    date: tuple[int, int, int] | None = None
    minutes: int | None = None
    either: bool = False
    part: tuple[int, int] | None = None
    after: int | None = None
    soon: bool = False

    @property
    def names_day(self) -> bool:
        """Whether the day was said."""
        return self.days is not None or self.weekday is not None or self.date is not None


def _lexicon(tables: Sequence[Mapping[str, object]]) -> Lexicon:
    return Lexicon(atom for table in tables for atom in table)


_LEXICON = _lexicon((DAYS, WEEKDAYS, MONTHS, PARTS, UNITS))


def read_wish(text: str) -> Wish | None:
    """What `text` says of a day or a time; None when it says nothing of either."""
    plain = normal(text)[:300]
    said = words(plain)[:40]
    after = _after(said)
    if after is not None:
        return Wish(after=after)
    date, rest = _date(plain, said)
    days, weekday = _first(DAYS, said), _first(WEEKDAYS, said)
    part = _part(plain, said)
    minutes, either = _time(rest, said, part)
    if days is None and (found := _days_ahead(said)) is not None:
        days = found
    wish = Wish(days, weekday, date, minutes, either, part)
    if wish.names_day or minutes is not None or part is not None:
        if days is None and "tonight" in said:
            return Wish(0, weekday, date, minutes, either, part)
        return wish
    return Wish(soon=True) if any(phrase in f" {' '.join(said)} " for phrase in SOON) else None


def _first(table: Mapping[str, int], said: Sequence[str]) -> int | None:
    for word in said:
        if word.startswith(_QUARTER):
            continue  # a quarter of an hour is not a Thursday
        for atom in _LEXICON.atoms(word):
            if atom in table:
                return table[atom]
    return None


def _part(plain: str, said: Sequence[str]) -> tuple[int, int] | None:
    joined = f" {' '.join(said)} "
    for phrase, part in HALVES.items():
        if f" {phrase} " in joined:
            return part
    for word in said:
        for atom in _LEXICON.atoms(word):
            if atom in PARTS:
                return PARTS[atom]
    return None


def _after(said: Sequence[str]) -> int | None:
    """Minutes from now: `in 2 hours`, `через полчаса`, `за годину`."""
    for at, word in enumerate(said[:-1]):
        if word not in ("in", "через", "за"):
            continue
        rest = [each for each in said[at + 1 : at + 5] if each not in ("a", "an", "of", "about", "примерно", "десь")]
        joined = " ".join(rest)
        if re.match(r"(?:half hour|half an hour|полчаса|пол часа|пів години|півгодини)\b", joined):
            return 30
        if re.match(r"(?:полтора часа|півтори години|hour and half)\b", joined):
            return 90
        if not rest:
            continue
        count = int(rest[0]) if rest[0].isdigit() and len(rest[0]) < 4 else NUMBERS.get(rest[0])
        unit = rest[1] if count is not None and len(rest) > 1 else rest[0]
        minutes = next((UNITS[atom] for atom in _LEXICON.atoms(unit) if atom in UNITS), None)
        if minutes is not None and minutes < 24 * 60 and (count is not None or unit == rest[0]):
            return minutes * (1 if count is None else count)
    return None


def _days_ahead(said: Sequence[str]) -> int | None:
    """`in 3 days`, `через неделю`."""
    for at, word in enumerate(said[:-1]):
        if word in ("in", "через", "за"):
            rest = [each for each in said[at + 1 : at + 3] if each != "a"]
            count = int(rest[0]) if rest and rest[0].isdigit() and len(rest[0]) < 3 else NUMBERS.get(rest[0], 1)
            for unit in rest:
                minutes = next((UNITS[atom] for atom in _LEXICON.atoms(unit) if atom in UNITS), 0)
                if minutes >= 24 * 60:
                    return count * minutes // (24 * 60)
    return None


def _date(plain: str, said: Sequence[str]) -> tuple[tuple[int, int, int] | None, str]:
    """A date, and the text without it."""
    if found := _ISO.search(plain):
        return (int(found[1]), int(found[2]), int(found[3])), _without(plain, found)
    for found in _DATE.finditer(plain):
        day, month, year = int(found[1]), int(found[2]), int(found[3] or 0)
        time_like = "." in found[0] and not found[3] and _TIME_BEFORE_DATE.search(plain[: found.start()])
        if 1 <= day <= 31 and 1 <= month <= 12 and not (time_like and day <= 24 and len(found[2]) == 2):
            return (year + 2000 if 0 < year < 100 else year, month, day), _without(plain, found)
    month_said = next(
        ((at, MONTHS[atom]) for at, word in enumerate(said) for atom in _LEXICON.atoms(word) if atom in MONTHS), None
    )
    if month_said:
        at, month = month_said
        near = (*said[max(0, at - 2) : at][::-1], *said[at + 1 : at + 3])
        for each in near:
            number = _DAY_OF_MONTH.fullmatch(each)
            if number and 1 <= int(number[1]) <= 31:
                return (0, month, int(number[1])), re.sub(rf"\b{re.escape(each)}\b", " ", plain, count=1)
    return None, plain


def _without(plain: str, found: re.Match[str]) -> str:
    return plain[: found.start()] + " " + plain[found.end() :]


def _time(plain: str, said: Sequence[str], part: tuple[int, int] | None) -> tuple[int | None, bool]:
    """Minutes after midnight, and whether twelve hours later would do as well."""
    for pattern in (_CLOCK, _AMPM):
        for found in pattern.finditer(plain):
            hour, minute = int(found[1]), int(found[2]) if pattern is _CLOCK else 0
            half = (found[3] if pattern is _CLOCK else found[2]) or ""
            if hour > 24 or minute > 59:
                continue
            if half:
                return (hour % 12 + (12 if half.startswith("p") else 0)) * 60 + minute, False
            return _in_part(hour % 24 * 60 + minute, part, given=len(found[1]) == 2 or hour > 12)
    if (spoken := _spoken(said)) is not None:
        return _in_part(spoken, part, given=False)
    for pattern in (_AT, _OCLOCK):
        at = pattern.search(plain)
        if at and (hour := int(at[1])) <= 24:
            return _in_part(hour % 24 * 60, part, given=hour > 12)
    bare = _BARE.search(plain) if part is not None else None
    if bare and int(bare[1]) <= 12:
        return _in_part(int(bare[1]) * 60, part, given=False)
    return None, False


def _in_part(minutes: int, part: tuple[int, int] | None, *, given: bool) -> tuple[int, bool]:
    """`minutes` in the part of the day that was said: 8 in the evening is 20:00."""
    if part is not None and minutes <= 12 * 60:
        later = (minutes + 12 * 60) % (24 * 60) if minutes != 12 * 60 else minutes
        for each in (minutes, later):
            if part[0] - 180 <= each <= part[1] + 180:
                return each, False
    return minutes, not given and 0 < minutes <= 12 * 60


def _spoken(said: Sequence[str]) -> int | None:
    """`half past five`, `полшестого`, `о пів на шосту`, `quarter to six`, `в пять`."""
    for at, word in enumerate(said):
        joined = " ".join(said[at : at + 4])
        for pattern, past, to_next in _QUARTERS:
            if (found := pattern.match(joined)) and (hour := _hour(found[1])) is not None:
                return (hour - to_next) % 24 * 60 + past
        if word.startswith("пол") and (hour := _hour(word[3:])):
            return (hour - 1) * 60 + 30
        if word in ("at", "в", "о", "об", "к", "после", "після", "after") and len(said) > at + 1:
            follows = said[at + 2] if len(said) > at + 2 else ""
            units = {UNITS.get(atom, 0) for atom in _LEXICON.atoms(follows)} if follows else {0}
            weekday = any(atom in WEEKDAYS for atom in _LEXICON.atoms(said[at + 1]))
            if not weekday and (hour := _hour(said[at + 1])) and units <= {0, 60}:
                return hour * 60
    return None


# Pattern → minutes past the hour that follows in the words less `to_next` hours.
_QUARTERS = (
    (re.compile(r"half past (\w+)"), 30, 0),
    (re.compile(r"quarter past (\w+)"), 15, 0),
    (re.compile(r"quarter to (\w+)"), 45, 1),
    (re.compile(r"(?:пол|половин\w) (\w+)"), 30, 1),
    (re.compile(r"(?:пів|половин\w) на (\w+)"), 30, 1),
    (re.compile(r"чверть на (\w+)"), 15, 1),
    (re.compile(r"(?:без|за) (?:четверти|чверть) (\w+)"), 45, 1),
    (re.compile(r"четверть (\w+)"), 15, 1),
    (re.compile(r"half (?!past|hour|an|a)(\w+)"), 30, 0),
)


def _hour(word: str) -> int | None:
    if word.isdigit() and len(word) < 3 and 0 < int(word) <= 24:
        return int(word)
    return next((hour for stem, hour in HOURS if word.startswith(stem)), None) if len(word) > 2 else None
