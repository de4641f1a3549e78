"""A form as it stands in the builder: read out of what the page posts, changed by its buttons, not yet kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from multidict import MultiDictProxy

from core.forms.field import KINDS, FormField, Option
from core.forms.form import Form
from core.forms.rules import LONGEST_WORDS, MOST_FIELDS
from inbox.visit import text_field

Posted = MultiDictProxy[Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """`base` is the version that is edited. `focus` is the place of the field that was just added or moved."""

    form: Form
    base: int
    focus: int | None = None


def read_draft(posted: Posted, name: str, languages: Sequence[str]) -> Draft:
    """What the page holds. Nothing is refused here: whatever was typed comes back."""

    def words(prefix: str) -> dict[str, str]:
        given = {code: text_field(posted, f"{prefix}-{code}", LONGEST_WORDS + 1).strip() for code in languages}
        return {code: text for code, text in given.items() if text}

    def lines(prefix: str) -> tuple[str, ...]:
        given = text_field(posted, prefix, 20_000).replace(",", "\n").split("\n")
        return tuple(dict.fromkeys(line.strip() for line in given if line.strip()))

    rows = [row for row in dict.fromkeys(posted.getall("row", [])) if isinstance(row, str)]
    base = text_field(posted, "base", 9)
    form = Form(
        name=name,
        account=text_field(posted, "account", 60),
        title=words("title"),
        intro=words("intro"),
        fields=tuple(_field(posted, row, languages) for row in rows if re.fullmatch(r"r[0-9]{1,4}", row))[:MOST_FIELDS],
        button=words("button"),
        thanks=words("thanks"),
        redirect=text_field(posted, "redirect", 2001).strip(),
        origins=tuple(origin.rstrip("/") for origin in lines("origins")),
        enabled=text_field(posted, "enabled") == "on",
        assignee=text_field(posted, "assignee", 40),
        team=text_field(posted, "team", 60),
        tags=lines("tags"),
        subject=words("subject"),
        answer=words("answer"),
        lead=text_field(posted, "lead") == "on",
    )
    return Draft(form, int(base) if base.isdecimal() else 0)


def _field(posted: Posted, row: str, languages: Sequence[str]) -> FormField:
    def one(name: str, longest: int = 500) -> str:
        return text_field(posted, f"{row}-{name}", longest).strip()

    def words(name: str) -> dict[str, str]:
        return {code: text for code in languages if (text := one(f"{name}-{code}", LONGEST_WORDS + 1))}

    kind = one("kind", 20)
    megabytes = one("megabytes", 4)
    return FormField(
        name=one("name", 60),
        kind=kind if kind in KINDS else "text",  # type: ignore[arg-type]  # just looked up among the kinds
        label=words("label"),
        help=words("help"),
        required=one("required") == "on",
        options=_options(posted, row, languages),
        autocomplete=one("autocomplete", 40),
        pattern=one("pattern"),
        least=one("least", 20),
        most=one("most", 20),
        accept=tuple(value for value in posted.getall(f"{row}-accept", []) if isinstance(value, str)),
        megabytes=int(megabytes) if megabytes.isdecimal() else 5,
        value=one("value"),
        wrong=words("wrong"),
        purpose=one("purpose", 60),
        confirm=one("confirm") == "on",
    )


def _options(posted: Posted, row: str, languages: Sequence[str]) -> tuple[Option, ...]:
    """One choice a line, the same line in every language; what is sent is its own, else the first words there are."""
    columns = {code: text_field(posted, f"{row}-options-{code}", 20_000).strip("\n").split("\n") for code in languages}
    values = text_field(posted, f"{row}-values", 20_000).strip("\n").split("\n")
    found = []
    for place in range(max(len(column) for column in (values, *columns.values()))):
        label = {code: column[place].strip() for code, column in columns.items() if place < len(column)}
        label = {code: text for code, text in label.items() if text}
        value = values[place].strip() if place < len(values) else ""
        if label or value:
            found.append(Option(value or next(iter(label.values())).replace(",", " "), label))
    return tuple(found)


def changed(draft: Draft, what: str, kind: str) -> Draft:
    """The draft after a press of `add` (of `kind`), `up:2`, `down:2` or `remove:2`; as it is for anything else."""
    fields = list(draft.form.fields)
    verb, _, number = what.partition(":")
    if verb == "add" and kind in KINDS and len(fields) < MOST_FIELDS:
        fields.append(fresh(kind, {one.name for one in fields}))
        focus = len(fields) - 1
    elif number.isdecimal() and int(number) < len(fields):
        place = int(number)
        one = fields.pop(place)
        focus = {"up": max(0, place - 1), "down": place + 1, "remove": place}.get(verb, place)
        if verb != "remove":
            fields.insert(focus, one)
        focus = min(focus, len(fields) - 1)
    else:
        return draft
    return replace(draft, form=replace(draft.form, fields=tuple(fields)), focus=focus if focus >= 0 else None)


# What a new field of a kind is called, where a browser can fill it in.
_USUAL = {"email": "email", "phone": "phone", "consent": "consent", "file": "files", "date": "date", "long": "message"}


def fresh(kind: str, taken: set[str]) -> FormField:
    """A new field of `kind` with a name that is not taken."""
    wanted = _USUAL.get(kind, "field")
    name = next(name for name in (wanted, *(f"{wanted}{n}" for n in range(2, 200))) if name not in taken)
    options = (Option("1", {}),) if kind in ("choice", "choices") else ()
    return FormField(name, kind, options=options)  # type: ignore[arg-type]  # the caller looked it up among the kinds
