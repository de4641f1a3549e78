"""A submission as an event: what is said, who says so, and where it is kept. Pure; the same for every door."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.channel import Account, Address, Arrival, Event, Identity
from core.content import Content
from core.forms.check import as_mail, as_phone
from core.forms.field import in_language
from core.forms.form import Form
from core.forms.submission import Submission, read_submission

# The minute (UTC, ISO 8601) in which the hub got it; set by our own door, so that parsing needs no clock.
RECEIVED = "x-received-minute"

# How people call these fields in forms of their own.
_MAIL_NAMES = re.compile(r"e-?mail|mail|пошта|почта", re.IGNORECASE)
_PHONE_NAMES = re.compile(r"phone|tel|mobile|телефон", re.IGNORECASE)
_NAME_NAMES = re.compile(r"(full|first|your)?[_ -]?name|имя|ім'?я|фио", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FormReader:
    """Reads what was sent with `form` (None: with a form we know nothing of) to a web form line. Implements Parses."""

    account: Account
    form: Form | None = None
    country: str | None = None

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        """One arrival of kind `form`. Raises NotThisFormat, or TooLarge for too many fields."""
        sent = read_submission(body, headers)
        return [arrival(self.account, self.form, sent, headers.get(RECEIVED, ""), self.country)]


def arrival(
    account: Account, form: Form | None, sent: Submission, minute: str = "", country: str | None = None
) -> Arrival:
    """`sent` as one entry. The same contact is the same address, whose name does not tell the contact.

    The key is the id that our page gave the submission and its answers, else the answers and the minute: a doubled
    click is one entry, a corrected form another.
    """
    identities = tuple(identities_of(form, sent.answers, country_of(account, country)))
    contact = next((f"{one.kind}:{one.value}" for one in identities), "")
    key = f"s:{sent.id}:{sent.fingerprint}" if sent.id else f"h:{sent.fingerprint}:{minute}"[:100]
    person = "f" + hashlib.sha256(f"{account.name}:{contact or key}".encode()).hexdigest()[:20]
    about = {"page": sent.page, "referrer": sent.referrer, "utm": dict(sent.utm)}
    data: dict[str, Any] = {"fields": dict(sent.answers)} | {name: value for name, value in about.items() if value}
    if form is not None:
        data |= {"form": form.name, "version": form.version}
    if consents := _consents(form, sent):
        data["consents"] = consents
    return Arrival(
        address=Address("webform", account.name, person),
        key=key,
        kind="form",
        content=Content(text=_summary(form, sent), subject=_subject(form, sent.language), files=sent.files),
        name=_name(form, sent.answers),
        language=sent.language or None,
        identities=identities,
        data=data,
    )


def country_of(account: Account, default: str | None = None) -> str | None:
    """Where this line's phone numbers without a country code are: two letters, or None."""
    return str(account.settings.get("country") or "").strip().upper() or default


def _subject(form: Form | None, language: str) -> str | None:
    return in_language(form.title, language) or None if form is not None else None


def _summary(form: Form | None, sent: Submission) -> str:
    lines = []
    for name, value in sent.answers.items():
        asked = form.field(name) if form is not None else None
        if not value or (asked is not None and asked.kind in ("hidden", "consent")):
            continue
        label = in_language(asked.label, sent.language, name) if asked is not None else name
        if asked is not None and asked.kind == "checkbox":
            lines.append(f"☑ {label}")
            continue
        if asked is not None and asked.options:
            read = {option.value: in_language(option.label, sent.language, option.value) for option in asked.options}
            chosen = value.split(", ") if asked.kind == "choices" else [value]
            value = ", ".join(read.get(one, one) for one in chosen)
        lines.append(f"{label}:\n{value}" if "\n" in value else f"{label}: {value}")
    return "\n".join(lines)


def _consents(form: Form | None, sent: Submission) -> list[dict[str, Any]]:
    """What was agreed to, in the very words that were shown, and under which name those words are kept.

    `text` is `FORM/VERSION/FIELD/LANGUAGE`; `confirm`: it counts only after a click in a mail.
    """
    return [
        {
            "field": one.name,
            "words": in_language(one.label, sent.language),
            "purpose": one.purpose or "contact",
            "text": f"{form.name}/{form.version}/{one.name}/{sent.language or 'en'}",
            "confirm": one.confirm,
        }
        for one in (form.fields if form is not None else ())
        if form is not None and one.kind == "consent" and sent.answers.get(one.name)
    ]


def identities_of(form: Form | None, answers: Mapping[str, str], country: str | None) -> list[Identity]:
    """Mail addresses and phone numbers among the answers; somebody typed them, so none is verified."""
    found: list[Identity] = []
    for name, value in answers.items():
        asked = form.field(name) if form is not None else None
        kind = asked.kind if asked is not None else ""
        if kind == "email" or (not kind and _MAIL_NAMES.search(name)):
            if mail := as_mail(value):
                found.append(Identity("email", mail))
        elif (kind == "phone" or (not kind and _PHONE_NAMES.search(name))) and (phone := as_phone(value, country)):
            found.append(Identity("phone", phone))
    return list(dict.fromkeys(found))[:10]


def _name(form: Form | None, answers: Mapping[str, str]) -> str:
    for name, value in answers.items():
        asked = form.field(name) if form is not None else None
        if value and ((asked is not None and asked.autocomplete == "name") or _NAME_NAMES.fullmatch(name)):
            return " ".join(value.split())[:200]
    return ""
