"""One question of a form, as a value: what it asks, and what will do as an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Kind = Literal[
    "text", "long", "email", "phone", "choice", "choices", "date", "number", "file", "checkbox", "consent", "hidden"
]
KINDS: tuple[str, ...] = get_args(Kind)
# What a browser fills in by itself (WHATWG HTML, autofill), by kind; a field may name its own.
AUTOCOMPLETE = {"email": "email", "phone": "tel"}

Words = Mapping[str, str]  # language → text


@dataclass(frozen=True, slots=True)
class Option:
    """One of the choices: `value` is what is sent, `label` what is read."""

    value: str
    label: Words


@dataclass(frozen=True, slots=True)
class FormField:
    """One question.

    `kind` consent is a box whose words are kept with the answer: `purpose` is what was agreed to (`contact`,
    `marketing`), and with `confirm` it counts only after a click in a mail. `pattern` is a mask (`core.forms.mask`).
    `least` and `most` bound letters (text, long), the value (number, date: `2026-12-31`, `today`, `today+30`), how many
    are chosen (choices), or how many files there are (file). `accept` are groups of `core.forms.sniff` that a file may
    be of, none: all of them. `megabytes` bounds one file. `value` is what a hidden field sends. `wrong` are own words
    for an answer that will not do.
    """

    name: str
    kind: Kind = "text"
    label: Words = field(default_factory=dict)
    help: Words = field(default_factory=dict)
    required: bool = False
    options: tuple[Option, ...] = ()
    autocomplete: str = ""
    pattern: str = ""
    least: str = ""
    most: str = ""
    accept: tuple[str, ...] = ()
    megabytes: int = 5
    value: str = ""
    wrong: Words = field(default_factory=dict)
    purpose: str = ""
    confirm: bool = False

    def document(self) -> dict[str, Any]:
        """The field as it is stored; what is as usual is left out."""
        document: dict[str, Any] = {
            "name": self.name,
            "kind": self.kind,
            "label": dict(self.label),
            "required": self.required,
        }
        rare: dict[str, Any] = {
            "help": dict(self.help),
            "options": [{"value": option.value, "label": dict(option.label)} for option in self.options],
            "autocomplete": self.autocomplete,
            "pattern": self.pattern,
            "least": self.least,
            "most": self.most,
            "accept": list(self.accept),
            "value": self.value,
            "wrong": dict(self.wrong),
            "purpose": self.purpose,
            "confirm": self.confirm,
        }
        if self.kind == "file":
            document["megabytes"] = self.megabytes
        return document | {name: value for name, value in rare.items() if value}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> FormField:
        """The field that is stored as `document`."""
        return cls(
            name=document["name"],
            kind=document.get("kind", "text"),
            label=document.get("label", {}),
            help=document.get("help", {}),
            required=document.get("required", False),
            options=tuple(Option(o["value"], o.get("label", {})) for o in document.get("options", ())),
            autocomplete=document.get("autocomplete", ""),
            pattern=document.get("pattern", ""),
            least=document.get("least", ""),
            most=document.get("most", ""),
            accept=tuple(document.get("accept", ())),
            megabytes=document.get("megabytes", 5),
            value=document.get("value", ""),
            wrong=document.get("wrong", {}),
            purpose=document.get("purpose", ""),
            confirm=document.get("confirm", False),
        )


def in_language(words: Words, language: str | None, default: str = "") -> str:
    """The text in `language`, else in English, else in whatever it was written, else `default`."""
    return words.get(language or "") or words.get("en") or next((text for text in words.values() if text), default)
