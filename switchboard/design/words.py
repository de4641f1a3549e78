"""Translations: English is the message id, `translations/{ru,uk}.po` of each room hold the rest."""

from __future__ import annotations

import gettext
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("en", "ru", "uk")
NAMES = {"en": "English", "ru": "Русский", "uk": "Українська"}


@lru_cache(maxsize=32)
def catalogue(language: str, folders: tuple[Path, ...]) -> gettext.NullTranslations:
    """The words of `language` in all `folders` (each holds `ru.po`, `uk.po`); English for a language without any.

    Read on first use and kept: babel's reader takes some ten milliseconds a file.
    """
    known: gettext.NullTranslations = gettext.NullTranslations()
    for path in (folder / f"{language}.po" for folder in folders):
        if language in LANGUAGES and path.is_file():
            compiled = BytesIO()
            with path.open("rb") as file:
                write_mo(compiled, read_po(file, locale=language, abort_invalid=True))
            compiled.seek(0)
            more = gettext.GNUTranslations(compiled)
            more.add_fallback(known)
            known = more
    return known


def language_for(wanted: str | None, accepted: str = "", default: str = "en") -> str:
    """The language to answer in: `wanted` if we speak it, else the first we speak in an Accept-Language header."""
    if wanted in LANGUAGES:
        return wanted
    ranked: list[tuple[float, str]] = []
    for part in accepted[:500].split(",")[:20]:
        tag, _, quality = part.partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        ranked.append((weight, tag.strip().lower().split("-")[0]))
    spoken = [(weight, tag) for weight, tag in ranked if tag in LANGUAGES and weight > 0]
    return max(spoken, key=lambda pair: pair[0])[1] if spoken else default
