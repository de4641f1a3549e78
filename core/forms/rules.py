"""What a form must be to be kept: each rule with the sentence that says how to mend it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from core.content import clean
from core.errors import Invalid
from core.forms import mask
from core.forms.check import as_date, as_number, bound
from core.forms.field import KINDS, FormField
from core.forms.form import Form
from core.forms.sniff import GROUPS
from core.forms.wording import checked_words

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,49}")
_PURPOSE = re.compile(r"[a-z][a-z_]{0,39}")
MOST_FIELDS = 50
MOST_OPTIONS = 100
LONGEST_WORDS = 5000
LARGEST_FILE = 10  # megabytes; what one submission may hold in all


def checked(form: Form) -> Form:
    """`form` as it may be kept. Raises Invalid, whose `field` says what to mend: `fields.2.pattern`, `redirect`."""
    if not NAME.fullmatch(form.name):
        raise Invalid("A form's name is up to 50 small letters, digits, - and _.", field="name")
    if not form.account:
        raise Invalid("Say which web form line the form belongs to.", field="account")
    for part in ("title", "intro", "button", "thanks", "subject", "answer"):
        if any(len(text) > LONGEST_WORDS for text in getattr(form, part).values()):
            raise Invalid("This text is too long.", field=part)
    for place, one in enumerate(form.fields):
        try:
            _check(one)
        except Invalid as error:
            raise Invalid(error.sentence, field=f"fields.{place}.{error.field}") from None
    names = [one.name for one in form.fields]
    twice = next((place for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None or len(names) > MOST_FIELDS:
        where = f"fields.{twice}.name" if twice is not None else "fields"
        raise Invalid(f"Each field needs a name of its own, and there can be {MOST_FIELDS} of them.", field=where)
    if form.redirect and not leads_somewhere(form.redirect):
        raise Invalid("The address to go to afterwards looks like https://shop.example/thanks.", field="redirect")
    if len(form.origins) > 50 or not all(map(_is_origin, form.origins)):
        raise Invalid("A site is written as https://shop.example, without a path.", field="origins")
    if len(form.tags) > 20 or any(not 0 < len(tag) <= 50 for tag in form.tags):
        raise Invalid("Up to 20 tags, each of at most 50 letters.", field="tags")
    for part, words in (("subject", form.subject), ("answer", form.answer)):
        for text in words.values():
            checked_words(text, part)
    return form


def _check(one: FormField) -> None:
    """Raises Invalid; `field` is the property."""
    if not _FIELD.fullmatch(one.name):
        raise Invalid("A field's name begins with a letter and has no spaces.", field="name")
    if one.kind not in KINDS:
        raise Invalid(f"There is no field of the kind {clean(one.kind)[:40]!r}.", field="kind")
    if any(len(text) > LONGEST_WORDS for words in (one.label, one.help, one.wrong) for text in words.values()):
        raise Invalid("This text is too long.", field="label")
    if one.kind in ("choice", "choices"):
        values = [option.value for option in one.options]
        if not values:
            raise Invalid("This field needs something to choose from.", field="options")
        if len(set(values)) < len(values) or len(values) > MOST_OPTIONS or not all(0 < len(v) <= 200 for v in values):
            raise Invalid(f"Each choice is different; up to {MOST_OPTIONS} choices.", field="options")
        if one.kind == "choices" and any("," in value for value in values):
            raise Invalid("What is sent for a choice cannot have a comma where several can be chosen.", field="options")
    if one.purpose and not _PURPOSE.fullmatch(one.purpose):
        raise Invalid("A purpose is one word in small letters, such as marketing.", field="purpose")
    if not set(one.accept) <= set(GROUPS):
        raise Invalid("Choose which kinds of files may come.", field="accept")
    if one.kind == "file" and not 1 <= one.megabytes <= LARGEST_FILE:
        raise Invalid(f"A file may have from 1 to {LARGEST_FILE} megabytes.", field="megabytes")
    mask.pieces(one.pattern)
    _check_bounds(one)


def _check_bounds(one: FormField) -> None:
    for name, text in (("least", one.least), ("most", one.most)):
        if not text:
            continue
        match one.kind:
            case "number":
                fine = as_number(text) is not None and text == str(as_number(text))
            case "date":
                fine = bound(text) is not None and (as_date(text) is None or text == str(as_date(text)))
            case _:
                fine = re.fullmatch(r"[0-9]{1,5}", text) is not None
        if not fine:
            wanted = "a date (2026-12-31) or today+30" if one.kind == "date" else "a number"
            raise Invalid(f"Least and most are each {wanted}.", field=name)
    if one.least and one.most and _measure(one, one.least) > _measure(one, one.most):
        raise Invalid("The least is more than the most, so no answer would do.", field="least")


def _measure(one: FormField, text: str) -> float:
    day = bound(text) if one.kind == "date" else None
    return float(day.toordinal()) if day else float(text)


def leads_somewhere(url: str) -> bool:
    """Whether `url` may be gone to after a form: https, or a path of our own."""
    if re.search(r"[\x00-\x20\x7f\\]", url) or len(url) > 2000:
        return False
    try:
        parts = urlsplit(url)
        if parts.scheme:
            return parts.scheme == "https" and bool(parts.hostname) and not parts.username and parts.port != 0
    except ValueError:
        return False
    return not parts.netloc and parts.path.startswith("/")


def _is_origin(origin: str) -> bool:
    try:
        parts = urlsplit(origin)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return False
    plain = re.fullmatch(r"[a-z0-9.-]+|\[[0-9a-f:.]+\]", parts.netloc.removesuffix(port) if port else parts.netloc)
    return parts.scheme in ("http", "https") and plain is not None and f"{parts.scheme}://{parts.netloc}" == origin
