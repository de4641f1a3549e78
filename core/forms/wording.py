"""What somebody is answered who sent a form: a small template, which repeats nothing that could be abused.

A form's answer goes to an address that anybody may have typed, so it holds the company's own words: of what was sent
only the name is at hand, shortened, and without anything that could be taken for a link.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.errors import Invalid
from core.templates.render import BrokenTemplate, Rendered, rendered


@dataclass(frozen=True, slots=True)
class FormWords:
    """`form`: its title."""

    title: str


@dataclass(frozen=True, slots=True)
class PersonWords:
    """`customer`: the name may be empty."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class Variables:
    """All that an answer may name."""

    form: FormWords
    customer: PersonWords


def harmless(name: str) -> str:
    """A name as it may be said to whoever the address belongs to; empty when it is more than a name."""
    short = " ".join(name.split())
    return short if len(short) <= 60 and not re.search(r"[/:@<>\\=#{}\[\]]|\w\.\w", short) else ""


def worded(subject: str, answer: str, title: str, name: str) -> Rendered:
    """The answer in words. Raises BrokenTemplate."""
    return rendered(subject, answer, Variables(FormWords(title), PersonWords(harmless(name))))


def checked_words(text: str, field: str) -> None:
    """Raises Invalid for a template that does not work, with or without a name."""
    for name in ("Ann Example", ""):
        try:
            worded("", text, "A form", name)
        except BrokenTemplate as error:
            raise Invalid(error.sentence, field=field) from None
