"""What was said, read once: the words without quotations, the intents, the order numbers, the phones and mails."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.identities import Given, read_identities
from bot.intents import Intents
from bot.language import writes
from bot.numbers import Numbers, read_numbers
from bot.words import MAX_TEXT, words
from core.channel import Arrival
from core.content import clean

_INTENTS = Intents()

_REPLY = re.compile(r"^\s*(?:re|fwd?|aw|wg|отв|ответ|від|відп)\s*(?:\[\d+\])?:", re.IGNORECASE)
_QUOTE_STARTS = re.compile(
    r"^\s*(?:-{2,}\s*(?:original|forwarded|пересыл|исходн|початков|оригінал|переслан).*"
    r"|(?:on|в|у|пн|вт|ср|чт|пт|сб|нд|вс)\b.{4,150}(?:wrote|написал|написала|написав|пише|пишет)\s?\(?.{0,40}:\s*"
    r"|\d{1,2}[./ ].{4,150}<[^<>]{3,100}@[^<>]{3,100}>\s?:\s*|_{10,}\s*)$",
    re.IGNORECASE,
)
_LASTING = re.compile(r"faq:[\w-]{1,40}$")
"""Buttons that keep their meaning after others were offered."""

_FEW_WORDS = 4
_SEEN = ("image", "document", "location")
_PICKED = re.compile(r"\W*(\d{1,2})\W*")


@dataclass(frozen=True, slots=True)
class Heard:
    """One message as the bot understands it.

    `intents` are in rank order and may hold the value of a pressed button (`order_status`, `lang:uk`); `picked` is that
    value, also where it is no intent (`faq:…`). `pressed` says that it was picked from an offer. `media` is what came
    without words: image, voice, location, … or empty. `contact` says that the person shared a contact card and nothing
    else, `names_order` that the words themselves hold what is surely an order number, whatever else they say.
    """

    text: str = ""
    words: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()
    picked: str = ""
    pressed: bool = False
    numbers: Numbers = field(default_factory=Numbers)
    given: Given = field(default_factory=Given)
    written_in: str | None = None
    media: str = ""
    contact: bool = False
    names_order: bool = False

    @property
    def intent(self) -> str:
        """The first intent, or an empty string."""
        return self.intents[0] if self.intents else ""

    @property
    def keeps_for_people(self) -> bool:
        """Whether it carries something that only a person can look at."""
        return self.media in _SEEN


def hear(message: Arrival, state_data: Mapping[str, Any], letter: bool) -> Heard:
    """Read `message`; `state_data["offered"]` is what it may be picking from, `letter` cuts a mail's quotations."""
    text = clean(message.content.text[: 4 * MAX_TEXT])
    if letter:
        text = without_quotes(text)
    text = text[:MAX_TEXT].strip()
    subject = clean((message.content.subject or "")[:200]) if letter else ""
    offered = offered_in(state_data)
    known = _INTENTS.names.union(value for _, value in offered)
    picked = message.choice if message.choice in known or _LASTING.match(message.choice or "") else None
    picked = picked or picked_from(text, offered)
    given = read_identities(text)
    # Of a command such as "/start PAYLOAD" only the command is theirs.
    said = words(given.rest)[: 1 if text.startswith("/") else None]
    numbers = read_numbers(given.rest)
    names_order = bool(numbers.marked or (numbers.likely and len(said) <= _FEW_WORDS))
    if subject and not numbers.best():
        numbers = read_numbers(subject) if read_numbers(subject).marked else numbers
    if picked:
        intents: tuple[str, ...] = (picked,) if picked in _INTENTS.names else ()
    else:
        # Our own words come back in the subject of an answer, so only a new mail's subject speaks for the customer.
        intents = _INTENTS.read_all(
            words(f"{subject}\n{given.rest}") if subject and not _REPLY.match(subject) else said
        )
    phones = any(identity.kind == "phone" for identity in message.identities)
    media = _media(message)
    return Heard(
        text=text,
        words=said,
        intents=intents,
        picked=picked or "",
        pressed=picked is not None,
        numbers=Numbers() if picked else numbers,
        given=given,
        written_in=writes(text, said),
        media=media,
        names_order=names_order and not picked,
        contact=not text and not media and not message.choice and not letter and phones,
    )


def without_quotes(text: str) -> str:
    """A mail's own words: without lines that start with ">", nor anything below the line that opens a quotation."""
    own: list[str] = []
    for line in text.splitlines():
        if _QUOTE_STARTS.match(line[:300]):
            break
        if not line.lstrip().startswith(">"):
            own.append(line)
    return "\n".join(own)


def offered_in(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The (label, value) pairs last offered, as far as `data` holds sound ones."""
    offered = data.get("offered")
    if not isinstance(offered, list | tuple):
        return []
    return [(str(pair[0]), str(pair[1])) for pair in offered if isinstance(pair, list | tuple) and len(pair) == 2]


def picked_from(text: str, offered: list[tuple[str, str]]) -> str | None:
    """The value that a bare number ("1", "2.", "(3)") or a label's words pick from `offered`, or None."""
    if not offered or not text or len(text) > 100:
        return None
    if number := _PICKED.fullmatch(text):
        at = int(number[1]) - 1
        return offered[at][1] if 0 <= at < len(offered) else None
    said = words(re.sub(r"^\W*\d{1,2}[.)]\s*", "", text))
    return next((value for label, value in offered if said and said == words(label)), None)


def _media(message: Arrival) -> str:
    if message.content.location is not None:
        return "location"
    if message.content.files:
        kinds = [file.kind for file in message.content.files]
        return next((kind for kind in kinds if kind in _SEEN), kinds[0])
    return ""
