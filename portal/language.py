"""Which language a visitor reads, and our words in it. The texts are in `texts/LANGUAGE.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

DEFAULT = "en"


def _loaded() -> dict[str, Mapping[str, Any]]:
    folder = resources.files("portal") / "texts"
    return {
        item.name.removesuffix(".toml"): tomllib.loads(item.read_text("utf-8"))
        for item in folder.iterdir()
        if item.name.endswith(".toml")
    }


TEXTS = _loaded()


def said(language: str | None, section: str, key: str) -> str:
    """The text `[section] key` in `language`, else in English."""
    for candidate in (language, DEFAULT):
        text = TEXTS.get(candidate or "", {}).get(section, {}).get(key)
        if text is not None:
            return str(text)
    raise KeyError(f"there is no text {section}.{key}")


def words_of(language: str, section: str) -> dict[str, str]:
    """Every text of a section in `language`; what is not translated is in English."""
    return {**TEXTS[DEFAULT].get(section, {}), **TEXTS.get(language, {}).get(section, {})}


def chosen(asked: str | None, accept: str, languages: Sequence[str]) -> str:
    """The language to answer in: what `?lang=` asks for, else the best of Accept-Language (RFC 9110, 12.5.4)."""
    if asked and (short := asked[:2].lower()) in languages:
        return short
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept[:500].split(",")[:20]):
        name, _, quality = part.partition(";")
        try:
            weight = float(quality.partition("=")[2] or 1)
        except ValueError:
            weight = 0
        wanted.append((-weight, place, name.strip()[:2].lower()))
    return next((name for weight, _, name in sorted(wanted) if name in languages and weight < 0), languages[0])
