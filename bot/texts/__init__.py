"""Every word customers read from the bot: one TOML file per language, the same keys in each."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

FALLBACK = "en"
_HERE = Path(__file__).parent
_PLACE = re.compile(r"\{([a-z_]+)\}")


class Texts:
    """Texts by language and key. A key missing in a language is read in English; an unknown key is a KeyError."""

    def __init__(self, languages: Mapping[str, Mapping[str, str]]) -> None:
        self._languages = {language: dict(texts) for language, texts in languages.items()}

    @classmethod
    def load(cls) -> Texts:
        """The texts that come with Switchboard; the files are read once in a process."""
        return cls(_files())

    def changed(self, changes: Mapping[str, Mapping[str, str]]) -> Texts:
        """These texts with some replaced, as an administrator edits them."""
        merged = {language: dict(texts) for language, texts in self._languages.items()}
        for language, texts in changes.items():
            merged.setdefault(language, {}).update(texts)
        return Texts(merged)

    def say(self, language: str, key: str, **values: str) -> str:
        """The text under `key` with each `{name}` replaced. Values are taken as they are, braces in them included."""
        text = self._languages.get(language, {}).get(key)
        if text is None:
            text = self._languages[FALLBACK][key]
        return _PLACE.sub(lambda place: values.get(place[1], place[0]), text)

    def has(self, key: str) -> bool:
        """Whether there is a text under `key`, in English at least."""
        return key in self._languages[FALLBACK]

    def keys(self, language: str) -> frozenset[str]:
        """The keys there are in `language` itself."""
        return frozenset(self._languages.get(language, {}))


def places(text: str) -> frozenset[str]:
    """The names of the placeholders in `text`."""
    return frozenset(_PLACE.findall(text))


@cache
def _files() -> dict[str, dict[str, str]]:
    return {path.stem: _flat(tomllib.loads(path.read_text("utf-8"))) for path in sorted(_HERE.glob("*.toml"))}


def _flat(table: Mapping[str, Any], before: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{before}{key}."))
        else:
            flat[before + key] = str(value).strip()
    return flat
