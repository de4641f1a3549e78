"""A notification's template, and the default ones, as values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources

LANGUAGES = ("en", "ru", "uk")
MAX_SUBJECT = 300
MAX_BODY = 10_000


@dataclass(frozen=True, slots=True)
class Template:
    """What is said about one status in one language; subject and body are Jinja2.

    `own` is true when an operator wrote it. `enabled` False: nothing is sent for this status in this language.
    `problem` says what was wrong when it was last used and the default text had to do.
    """

    status: str
    language: str
    subject: str
    body: str
    own: bool = False
    enabled: bool = True
    problem: str = ""
    changed_by: str = ""
    changed_at: datetime | None = None


def default(status: str, language: str) -> Template:
    """The text that comes with Switchboard, in English where there is none in `language`. KeyError: no such status."""
    found = _texts(language if language in LANGUAGES else "en")[status]
    return Template(status, language, found["subject"], found["body"].strip())


def status_words(status: str, language: str) -> str:
    """The status as one says it in `language`: `in production`, `в производстве`."""
    return _texts(language if language in LANGUAGES else "en")[status]["words"]


def statuses() -> tuple[str, ...]:
    """Every status that has a template."""
    return tuple(_texts("en"))


@cache
def _texts(language: str) -> Mapping[str, Mapping[str, str]]:
    text = resources.files("core.templates").joinpath("defaults", f"{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
