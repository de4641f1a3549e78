"""A form, as a value: what it asks, in which words, and where its visitors go afterwards."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from core.channel import clean
from core.errors import Invalid

Kind = Literal["text", "long", "email", "phone", "choice", "checkbox", "consent", "hidden"]
KINDS: tuple[str, ...] = get_args(Kind)
# What a browser fills in by itself (WHATWG HTML, autofill), by kind; a field may name its own.
AUTOCOMPLETE = {"email": "email", "phone": "tel"}

Words = Mapping[str, str]  # language → text

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,49}")


@dataclass(frozen=True, slots=True)
class Option:
    """One of the choices: `value` is what is sent, `label` what is read."""

    value: str
    label: Words


@dataclass(frozen=True, slots=True)
class FormField:
    """One question. `kind` consent is a box that must be ticked when required, and whose words are kept."""

    name: str
    kind: Kind = "text"
    label: Words = field(default_factory=dict)
    help: Words = field(default_factory=dict)
    required: bool = False
    options: tuple[Option, ...] = ()
    autocomplete: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """What is asked on the web form line `account`. `name` is in its URL.

    `redirect` is where a plain post leads afterwards (empty: our thank-you page). `origins` are other sites that may
    post JSON to it or show its page in a frame, exactly as browsers write them: `https://shop.example`.
    """

    name: str
    account: str
    title: Words = field(default_factory=dict)
    intro: Words = field(default_factory=dict)
    fields: tuple[FormField, ...] = ()
    button: Words = field(default_factory=dict)
    thanks: Words = field(default_factory=dict)
    redirect: str = ""
    origins: tuple[str, ...] = ()
    enabled: bool = True

    def field(self, name: str) -> FormField | None:
        """The field called `name`, or None."""
        return next((one for one in self.fields if one.name == name), None)

    def document(self) -> dict[str, Any]:
        """The form as it is stored."""
        return {
            "account": self.account,
            "title": dict(self.title),
            "intro": dict(self.intro),
            "fields": [
                {
                    "name": one.name,
                    "kind": one.kind,
                    "label": dict(one.label),
                    "help": dict(one.help),
                    "required": one.required,
                    "options": [{"value": option.value, "label": dict(option.label)} for option in one.options],
                    "autocomplete": one.autocomplete,
                }
                for one in self.fields
            ],
            "button": dict(self.button),
            "thanks": dict(self.thanks),
            "redirect": self.redirect,
            "origins": list(self.origins),
            "enabled": self.enabled,
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Form:
        """The form that is stored as `document`."""
        return cls(
            name=document["_id"],
            account=document["account"],
            title=document.get("title", {}),
            intro=document.get("intro", {}),
            fields=tuple(
                FormField(
                    name=one["name"],
                    kind=one.get("kind", "text"),
                    label=one.get("label", {}),
                    help=one.get("help", {}),
                    required=one.get("required", False),
                    options=tuple(Option(o["value"], o.get("label", {})) for o in one.get("options", ())),
                    autocomplete=one.get("autocomplete", ""),
                )
                for one in document.get("fields", ())
            ),
            button=document.get("button", {}),
            thanks=document.get("thanks", {}),
            redirect=document.get("redirect", ""),
            origins=tuple(document.get("origins", ())),
            enabled=document.get("enabled", True),
        )


def in_language(words: Words, language: str | None, default: str = "") -> str:
    """The text in `language`, else in English, else in whatever it was written, else `default`."""
    return words.get(language or "") or words.get("en") or next((text for text in words.values() if text), default)


def checked(form: Form) -> Form:
    """`form` as it may be kept. Raises Invalid, whose `field` says what to mend."""
    if not _NAME.fullmatch(form.name):
        raise Invalid("A form's name is up to 50 small letters, digits, - and _.", field="name")
    if not form.account:
        raise Invalid("Say which web form line the form belongs to.", field="account")
    names = [one.name for one in form.fields]
    for one in form.fields:
        if not _FIELD.fullmatch(one.name):
            raise Invalid("A field's name begins with a letter and has no spaces.", field="fields")
        if one.kind not in KINDS:
            raise Invalid(f"There is no field of the kind {clean(one.kind)[:40]!r}.", field="fields")
        if one.kind == "choice" and not one.options:
            raise Invalid(f"The field {one.name!r} needs something to choose from.", field="fields")
    if len(set(names)) < len(names) or len(names) > 50:
        raise Invalid("Each field needs a name of its own, and there can be 50 of them.", field="fields")
    if form.redirect and not _leads_somewhere(form.redirect):
        raise Invalid("The address to go to afterwards looks like https://shop.example/thanks.", field="redirect")
    for origin in form.origins:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or f"{parts.scheme}://{parts.netloc}" != origin:
            raise Invalid("A site is written as https://shop.example, without a path.", field="origins")
    return form


def _leads_somewhere(url: str) -> bool:
    if re.search(r"[\x00-\x20\x7f\\]", url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme in ("http", "https"):
        return bool(parts.hostname)
    return not parts.scheme and not parts.netloc and parts.path.startswith("/")
