"""What a company set for the chat of one site, read out of its account's settings. Pure.

Settings are what a person typed into fields, so a line that makes no sense is left out here, and told by `wrong` to
whoever saves it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.channel import Account
from core.origin import place_of
from core.said import Said

LANGUAGES = ("en", "ru", "uk")
KNOWN_QUESTIONS = ("name", "email", "phone")
REPEATS = ("once", "day", "visit", "page")
MOST_QUESTIONS, MOST_GREETINGS = 8, 20
MAIL_AFTER = 3  # minutes
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-fA-F:]+\](:[0-9]{1,5})?")
_VALUES = {
    "page": re.compile(r"/[^\s|]{0,200}"),
    "after": re.compile(r"[0-9]{1,4}"),
    "visitor": re.compile(r"new|returning"),
    "hours": re.compile(r"open|closed"),
    "language": re.compile(r"[a-z]{2}"),
    "repeat": re.compile("|".join(REPEATS)),
}


@dataclass(frozen=True, slots=True)
class Question:
    """Something asked before the chat. `name` is name, email, phone, or empty: then `label` says what is asked."""

    name: str
    label: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Greeting:
    """Words said without being asked, to whom `when` fits: page, after (seconds), visitor, hours, language, repeat."""

    text: str
    when: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Site:
    """The chat of one site. `welcome` is by language, "" for all others. `mail_after` in minutes; 0: no mail."""

    name: str
    title: str = ""
    origins: tuple[str, ...] = ()
    welcome: Mapping[str, str] | None = None
    questions: tuple[Question, ...] = ()
    greetings: tuple[Greeting, ...] = ()
    telegram: str = ""
    mail: str = ""
    mail_after: float = MAIL_AFTER
    transcripts: bool = True


def site_of(account: Account) -> Site:
    """The chat that an account describes."""
    settings = account.settings
    return Site(
        name=account.name,
        title=str(settings.get("title") or account.title),
        origins=tuple(origins(settings.get("origins"))),
        welcome=_by_language(_lines(settings.get("welcome"))),
        questions=tuple(q for line in _lines(settings.get("questions")) if (q := _question(line)))[:MOST_QUESTIONS],
        greetings=tuple(g for line in _lines(settings.get("greetings")) if (g := greeting(line)))[:MOST_GREETINGS],
        telegram=str(settings.get("telegram") or ""),
        mail=str(settings.get("mail") or ""),
        mail_after=_minutes(settings.get("mail_after")),
        transcripts=settings.get("transcripts") is not False,
    )


def origins(given: object) -> list[str]:
    """The listed origins, as browsers write them: lower case, without a slash at the end."""
    listed = given.replace(",", "\n").split() if isinstance(given, str) else given
    if not isinstance(listed, Sequence):
        return []
    return [str(one).strip().rstrip("/").lower() for one in listed if str(one).strip()]


def greeting(line: str) -> Greeting | None:
    """`page=/prices/* after=20 visitor=returning | Can we help?`; None when that is no rule."""
    conditions, bar, text = line.partition("|")
    if not bar or not text.strip():
        return None
    when: dict[str, str] = {}
    for condition in conditions.split():
        name, _, value = condition.partition("=")
        if name not in _VALUES or not _VALUES[name].fullmatch(value):
            return None
        when[name] = value
    return Greeting(text.strip()[:500], when)


def wrong(settings: Mapping[str, Any]) -> tuple[str, str] | None:
    """(field, sentence) of the first setting that cannot be used as it is written; None when all can."""
    for origin in origins(settings.get("origins")):
        if not _ORIGIN.fullmatch(origin) or not place_of(origin):
            told = "{what} is not the address of a site. Write it as https://shop.example, without a path."
            return "origins", Said(told, what=origin[:100])
    for line in _lines(settings.get("greetings")):
        if greeting(line) is None:
            told = (
                "“{what}” is not a rule. Write conditions, a bar and the words: page=/prices/* after=20 | Can we help?"
            )
            return "greetings", Said(told, what=line[:60])
    if len(_lines(settings.get("questions"))) > MOST_QUESTIONS:
        return "questions", Said("At most {n} questions, please: every one costs visitors.", n=MOST_QUESTIONS)
    return None


def _question(line: str) -> Question | None:
    required = line.endswith("*")
    label = line.rstrip("* ").strip()[:100]
    if not label:
        return None
    known = label.lower()
    return Question(known, "", required) if known in KNOWN_QUESTIONS else Question("", label, required)


def _by_language(lines: Sequence[str]) -> Mapping[str, str]:
    """Lines that begin with `uk:` are for that language, the others for all."""
    found: dict[str, list[str]] = {}
    language = ""
    for line in lines:
        head, colon, rest = line.partition(":")
        if colon and head.strip().lower() in LANGUAGES:
            language, line = head.strip().lower(), rest.strip()
        found.setdefault(language, []).append(line)
    return {name: "\n".join(said)[:1000] for name, said in found.items()}


def _lines(value: object) -> list[str]:
    text = value if isinstance(value, str) else ""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _minutes(value: object) -> float:
    try:
        minutes = float(str(value)) if value not in (None, "") else MAIL_AFTER
    except ValueError:
        return MAIL_AFTER
    return min(minutes, 24 * 60) if minutes > 0 else 0
