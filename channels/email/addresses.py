"""Mailboxes in From, To and their like (RFC 5322 section 3.4, and what is written instead). One pass, no recursion."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from channels.email.charset import Charsets
from channels.email.header import text

MAX_MAILBOXES = 500
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]]{1,200}@[^\s<>,;:\"()@]{1,255}")


class Mailbox(NamedTuple):
    """A display name (may be empty) and an address as it was written."""

    name: str
    address: str


def mailboxes(value: bytes, charsets: Charsets) -> list[Mailbox]:
    """Everybody in `value`, in order. Entries without an address are left out; a group's members are listed."""
    found: list[Mailbox] = []
    carried = ""  # "Ivanov, Ivan <i@x>" without quotes: the piece before the comma belongs to the name
    for name, comment, angle in _entries(value.decode("latin-1")):
        address = _address(angle)
        if address is None and not angle:
            bare = _ADDRESS.search(name)
            if bare:
                address, name = bare[0], name[: bare.start()] + name[bare.end() :]
        if address is None:
            carried = f"{carried}{name}, " if name.strip() else carried
            continue
        whole = (carried + name).strip() or comment
        carried = ""
        shown = text(whole.encode("latin-1"), charsets).strip(" '\"<>,;")
        address = text(address.encode("latin-1"), charsets).strip("'\".,;<>")
        found.append(Mailbox("" if shown.lower() == address.lower() else shown[:200], address))
        if len(found) >= MAX_MAILBOXES:
            break
    return found


def _address(angle: str) -> str | None:
    match = _ADDRESS.search(angle)
    if match:
        return match[0].removeprefix("mailto:")
    quoted = re.fullmatch(r'\s*"([^"\s]{1,64})"@([^\s<>,;:"()@]{1,255})\s*', angle)
    return f"{quoted[1]}@{quoted[2]}" if quoted else None


def _entries(value: str) -> list[tuple[str, str, str]]:
    """`value` cut at its commas: the phrase, the comment and what is in angle brackets of each entry."""
    entries: list[tuple[str, str, str]] = []
    name: list[str] = []
    comment: list[str] = []
    angle: list[str] = []
    depth, state, had_angle = 0, "", False
    escaped = False
    for char in value:
        if escaped:
            (comment if depth else angle if state == "<" else name).append(char)
            escaped = False
        elif char == "\\" and (depth or state == '"'):
            escaped = True
        elif depth:
            depth += (char == "(") - (char == ")")
            if depth:
                comment.append(char)
        elif state == '"':
            if char == '"':
                state = ""
            else:
                name.append(char)
        elif state == "<":
            if char == ">":
                state = ""
            else:
                angle.append(char)
        elif char == '"':
            state = '"'
        elif char == "(":
            depth = 1
        elif char == "<":
            if not (had_angle and _address("".join(angle))):
                angle = []  # the last bracket with an address in it counts; a first one without is part of the name
                state, had_angle = "<", True
            else:
                state, angle = "<", [*angle, " "]
        elif char in ",;":
            entries.append(("".join(name), "".join(comment), "".join(angle)))
            name, comment, angle, had_angle = [], [], [], False
            if len(entries) > 4 * MAX_MAILBOXES:
                return entries
        elif char == ":" and not had_angle and "@" not in name:
            name = []  # the name of a group
        else:
            name.append(char)
    if state == '"' and "@" in name:  # a quote that was never closed swallowed the rest
        return entries + _entries("".join(name).replace('"', " "))
    entries.append(("".join(name), "".join(comment), "".join(angle)))
    return entries


def canonical(address: str) -> str:
    """The one form an address is known by: lower case, NFC, the domain as it is written in the DNS (IDNA)."""
    local, _, domain = unicodedata.normalize("NFC", address).strip().lower().rpartition("@")
    return f"{local}@{ascii_domain(domain)}" if local else domain.strip()


def ascii_domain(domain: str) -> str:
    """`domain` in ASCII (xn--…), or unchanged when it cannot be written so."""
    if domain.isascii():
        return domain.rstrip(".")
    try:
        return domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return domain


def domain_of(address: str) -> str:
    """The part after the last @, empty when there is none."""
    return address.rpartition("@")[2] if "@" in address else ""
