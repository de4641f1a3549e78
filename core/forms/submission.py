"""What somebody sent with a form: form-encoded, multipart or JSON bytes, read into names and texts. Pure, linear.

https://url.spec.whatwg.org/#application/x-www-form-urlencoded · RFC 7578 (multipart/form-data) · RFC 8259 (JSON)
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from core.content import File, clean
from core.errors import NotThisFormat, TooLarge
from core.files.naming import named
from core.forms.sniff import PICTURES, type_of

MOST_FIELDS = 100
MOST_FILES = 20
LONGEST = 20_000  # characters of one answer

# Names beginning with an underscore are about the submission and are not shown as answers.
ID, PAGE, REFERRER, LANGUAGE, TRAP = "_id", "_page", "_referrer", "_lang", "_website"
# Set by our own page: the signed ticket of the form it showed, the work its browser did, files kept from a first try.
TICKET, WORK, KEPT, EMBED = "_ticket", "_work", "_kept", "_embed"
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


@dataclass(frozen=True, slots=True)
class Submission:
    """Answers by field name, in the order they came; several values of one name are joined by a comma.

    `uploads` are (field, file) in the order they came. `ticket`, `work` and `kept` are our own page's,
    unchecked; `framed` says how the page around it looks: light, dark or 1.
    """

    answers: Mapping[str, str]
    uploads: tuple[tuple[str, File], ...] = ()
    id: str = ""
    ticket: str = ""
    work: str = ""
    kept: tuple[str, ...] = ()
    page: str = ""
    referrer: str = ""
    language: str = ""
    utm: Mapping[str, str] = field(default_factory=dict)
    trapped: bool = False
    framed: str = ""

    @property
    def files(self) -> tuple[File, ...]:
        """Every file, whichever field it was sent with."""
        return tuple(file for _, file in self.uploads)

    def by_field(self) -> dict[str, list[File]]:
        """The files of each field."""
        found: dict[str, list[File]] = {}
        for name, file in self.uploads:
            found.setdefault(name, []).append(file)
        return found

    @property
    def fingerprint(self) -> str:
        """The same for the same answers and files."""
        sums = [file.name + (file.sha256 or hashlib.sha256(file.data or b"").hexdigest()) for file in self.files]
        whole = json.dumps([list(self.answers.items()), sums], ensure_ascii=False)
        return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:24]


def read_submission(body: bytes, headers: Mapping[str, str]) -> Submission:
    """What `body` says. Header names come in lower case. Raises NotThisFormat, or TooLarge for too many fields."""
    type, _, rest = headers.get("content-type", "").partition(";")
    pairs: list[tuple[str, str]]
    files: tuple[tuple[str, File], ...] = ()
    match type.strip().lower():
        case "application/json":
            pairs = _json(body)
        case "multipart/form-data":
            pairs, files = _multipart(body, rest)
        case "application/x-www-form-urlencoded" | "":
            # Without a type: what looks like JSON is JSON.
            looks_json = not type.strip() and body.lstrip()[:1] in (b"{", b"[")
            pairs = _json(body) if looks_json else _urlencoded(body)
        case _:
            raise NotThisFormat("A form is sent form-encoded, as multipart/form-data or as JSON.")
    if not pairs and not files:
        raise NotThisFormat("There is nothing in this form.")
    return _submission(pairs, files)


def _submission(pairs: list[tuple[str, str]], uploads: tuple[tuple[str, File], ...]) -> Submission:
    if len(pairs) > MOST_FIELDS:
        raise TooLarge(f"A form has at most {MOST_FIELDS} fields.")
    answers: dict[str, str] = {}
    for name, value in pairs:
        name, value = clean(name).strip()[:100], clean(value).replace("\r\n", "\n").strip()[:LONGEST]
        if name:
            answers[name] = f"{answers[name]}, {value}"[:LONGEST] if answers.get(name) else value
    about = {name: answers.pop(name) for name in list(answers) if name.startswith("_")}
    return Submission(
        answers={name: value for name, value in answers.items() if name not in UTM},
        uploads=uploads,
        ticket=about.get(TICKET, "")[:1000],
        work=about.get(WORK, "")[:40],
        kept=tuple(part for part in about.get(KEPT, "").split(", ")[:MOST_FILES] if part),
        id=re.sub(r"[^A-Za-z0-9_-]", "", about.get(ID, ""))[:64],
        page=about.get(PAGE, "")[:1000],
        referrer=about.get(REFERRER, "")[:1000],
        language=about.get(LANGUAGE, "")[:2].lower(),
        utm={name: answers[name][:200] for name in UTM if answers.get(name)},
        trapped=bool(about.get(TRAP)),
        framed=about.get(EMBED, "")[:10],
    )


def _urlencoded(body: bytes) -> list[tuple[str, str]]:
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS + 1)
    except ValueError:
        raise TooLarge(f"A form has at most {MOST_FIELDS} fields.") from None
    # Prose that happens to hold no `=` is not a form; nor is binary data.
    return pairs if b"=" in body else []


def _json(body: bytes) -> list[tuple[str, str]]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise NotThisFormat("This is not JSON.") from None
    if not isinstance(given, dict):
        raise NotThisFormat('A form in JSON is an object: {"name": "…"}.')
    nested = given.get("fields")
    flat = (
        {**{name: value for name, value in given.items() if name != "fields"}, **nested}
        if isinstance(nested, dict)
        else given
    )
    return [(str(name), text) for name, value in flat.items() if (text := _written(value)) is not None]


def _written(value: object) -> str | None:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else ""
        case str():
            return value
        case int() | float():
            return str(value)[:100] if not isinstance(value, int) or value.bit_length() < 4096 else "…"
        case list():
            return ", ".join(text for item in value[:100] if (text := _written(item)))
        case _:
            try:
                return json.dumps(value, ensure_ascii=False)
            except (ValueError, RecursionError):
                return None


def _multipart(body: bytes, parameters: str) -> tuple[list[tuple[str, str]], tuple[tuple[str, File], ...]]:
    found = re.search(r'boundary=(?:"([^"]{1,200})"|([^\s;]{1,200}))', parameters, re.IGNORECASE)
    if not found:
        raise NotThisFormat("This multipart form has no boundary.")
    boundary = b"--" + (found[1] or found[2]).encode("latin-1", "replace")
    pieces = (b"\r\n" + body).split(b"\r\n" + boundary)
    if len(pieces) < 2:
        raise NotThisFormat("This multipart form does not hold its boundary.")
    if len(pieces) > MOST_FIELDS + MOST_FILES + 2:
        raise TooLarge(f"A form has at most {MOST_FIELDS} fields.")
    pairs: list[tuple[str, str]] = []
    files: list[tuple[str, File]] = []
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            break
        head, blank, data = piece.partition(b"\r\n\r\n")
        name, filename = _part(head)
        if not blank or name is None:
            raise NotThisFormat("A part of this multipart form has no name.")
        if filename is None:
            pairs.append((name, data.decode("utf-8", "replace")))
        elif filename:
            files.append((clean(name).strip()[:100], _file(filename, data)))
    if len(files) > MOST_FILES:
        raise TooLarge(f"A form has at most {MOST_FILES} files.")
    return pairs, tuple(files)


def _part(head: bytes) -> tuple[str | None, str | None]:
    """(field, file name or None) of one part's headers. What it claims to be is not looked at."""
    text = head.decode("utf-8", "replace")
    disposition = re.search(r"^content-disposition:([^\r\n]*)", text, re.IGNORECASE | re.MULTILINE)
    parameters = dict(re.findall(r'[;\s](name|filename)="([^"\r\n]{0,500})"', disposition[1])) if disposition else {}
    # Browsers percent-encode quotes and line breaks in names, and nothing else.
    undone = {key: re.sub(r"%(22|0D|0A)", lambda m: unquote(m[0]), value) for key, value in parameters.items()}
    return undone.get("name"), undone.get("filename")


def _file(name: str, data: bytes) -> File:
    type = type_of(data)
    return File(
        name=named(clean(name)) or "file",
        type=type,
        size=len(data),
        kind="image" if type in PICTURES else "document",
        data=data,
    )
