"""The one Jinja2 environment: templates of every room, their words, dates and assets.

A template is named `ROOM/FILE` ("inbox/list.html", "design/components.html"). Every render gets `language`; `zone` (a
name such as Europe/Kyiv) and `now` may be given. `_("Hello %(name)s", name=…)` and `ngettext(…)` translate, values are
escaped. Macros that speak are imported `with context`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from core import clock
from core.letter import signature_html
from core.said import HOLE, in_words, sentence_of
from core.sanitise import loads_pictures
from switchboard.design import dates
from switchboard.design.assets import Assets, assets
from switchboard.design.marked import formatted
from switchboard.design.words import NAMES, catalogue, language_for

_HERE = Path(__file__).parent
_ROOT = _HERE.parent.parent
ROOMS = (_ROOT / "inbox" / "templates", _ROOT / "portal" / "templates")


@cache
def environment(*folders: Path, files: Assets | None = None) -> Environment:
    """The environment for the `templates` folders of rooms (all rooms when none is named), each under its own name."""
    folders = folders or ROOMS
    loaders = {folder.parent.name: FileSystemLoader(folder) for folder in (*folders, _HERE / "templates")}
    made = Environment(
        loader=PrefixLoader(loaders),
        autoescape=True,
        auto_reload=False,
        cache_size=-1,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    words = (_HERE / "translations", *(folder.parent / "translations" for folder in folders))
    gettext, ngettext = _translators(words)
    made.globals |= {
        "_": gettext,
        "gettext": gettext,
        "ngettext": ngettext,
        "asset": (files or assets()).url,
        "languages": NAMES,
        "query": query,
        "translate": _plain(words),
        "language_for": language_for,
    }
    made.filters |= {
        **{style: _dated(style) for style in ("clock", "short", "day", "date", "full", "ago", "since")},
        "decimal": pass_context(lambda context, value: dates.decimal(value, _language(context))),
        "local_date": _local_date,
        "written_moment": _written_moment,
        "money": _money,
        "filesize": _filesize,
        "initials": initials,
        "hue": hue,
        "paragraphs": paragraphs,
        "formatted": lambda content: formatted(content, paragraphs),
        "worded": _worded(_plain(words)),
        "sentence": sentence_of,
        "signature": _signature,
        "loads_pictures": loads_pictures,
    }
    return made


def query(**values: Any) -> str:
    """`?a=1&b=2` of the values that are not empty; nothing when none is left."""
    kept = {key: value for key, value in values.items() if value not in (None, "", False)}
    return "?" + urlencode(kept) if kept else ""


def initials(name: str) -> str:
    """One or two letters that stand for a person in an avatar; a dot for nobody."""
    parts = [part for part in name.split() if part[0].isalnum()]
    letters = parts[:1] + parts[-1:] if len(parts) > 1 else parts
    return "".join(part[0] for part in letters).upper() or "·"


def hue(name: str) -> int:
    """0 to 7, the same for the same name: which of the avatar colours is theirs."""
    return sum(name.encode("utf-8", "replace")) % 8


def paragraphs(text: str) -> Markup:
    """Plain text with web addresses as links that tell the other side nothing."""
    pieces: list[str] = []
    for word in _split(text):
        if word.startswith(("https://", "http://")) and len(word) > 10:
            link = word.rstrip(".,;:!?)»\"'")
            pieces.append(
                Markup('<a href="{0}" target="_blank" rel="noopener noreferrer nofollow">{0}</a>{1}').format(
                    link, word[len(link) :]
                )
            )
        else:
            pieces.append(Markup.escape(word))
    return Markup("").join(pieces)


def _split(text: str) -> list[str]:
    words: list[str] = []
    start, white = 0, None
    for at, letter in enumerate(text):
        if letter.isspace() is not white:
            if at:
                words.append(text[start:at])
            start, white = at, letter.isspace()
    words.append(text[start:])
    return words


def _language(context: Context) -> str:
    return str(context.get("language") or "en")


def _translators(folders: tuple[Path, ...]) -> tuple[Callable[..., Markup], Callable[..., Markup]]:
    @pass_context
    def gettext(context: Context, message: str, /, **values: Any) -> Markup:
        translate = catalogue(_language(context), folders).gettext
        found = Markup.escape(in_words(message, translate) if message else "")
        return found % values if values else found  # a lone % in a sentence without values needs no doubling

    @pass_context
    def ngettext(context: Context, one: str, many: str, n: int, /, **values: Any) -> Markup:
        found = catalogue(_language(context), folders).ngettext(one, many, n)
        return Markup.escape(found) % {"n": dates.decimal(n, _language(context)), **values}

    return gettext, ngettext


def _worded(translate: Callable[[str, str], str]) -> Callable[..., Markup]:
    @pass_context
    def worded(context: Context, pattern: str, values: Mapping[str, Any]) -> Markup:
        """A line of the log in the reader's language: its pattern translated, its holes filled with `values`."""
        language = _language(context)

        def one(name: str) -> Markup:
            value = values.get(name, f"{{{name}}}")
            if isinstance(value, datetime):
                now = context.get("now") or clock.now()
                return dates.time_element(value, "short", language, dates.zone_of(context.get("zone")), now)
            sentence = translate(language, sentence_of(value)) if isinstance(value, Mapping) else str(value)
            return Markup.escape(sentence)

        pieces = HOLE.split(translate(language, pattern))
        return Markup("").join(one(piece) if n % 2 else Markup.escape(piece) for n, piece in enumerate(pieces)).strip()

    return worded


def _signature(words: str) -> Markup:
    return Markup(signature_html(words))  # noqa: S704  # everything in it was escaped


def _plain(folders: tuple[Path, ...]) -> Callable[[str, str], str]:
    def translate(language: str, message: str) -> str:
        """`message` in `language`, for answers that are not HTML."""
        return in_words(message, catalogue(language, folders).gettext) if message else ""

    return translate


def _dated(style: str) -> Callable[..., Markup]:
    @pass_context
    def dated(context: Context, at: datetime | None) -> Markup:
        now = context.get("now") or clock.now()
        return dates.time_element(at, style, _language(context), dates.zone_of(context.get("zone")), now)

    return dated


@pass_context
def _written_moment(context: Context, text: str) -> Markup:
    """A time in ISO 8601 where the reader is; a day, a time without a zone and anything else as it was written."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return Markup.escape(text)
    if at.tzinfo is None or "T" not in text:
        return Markup.escape(text.replace("T", " ").removesuffix(":00"))
    now = context.get("now") or clock.now()
    try:
        return dates.time_element(at, "full", _language(context), dates.zone_of(context.get("zone")), now)
    except OverflowError:  # the first or last day of the calendar, which elsewhere is none
        return Markup.escape(text)


@pass_context
def _local_date(context: Context, at: datetime) -> str:
    """The day of `at` where the reader is, to see where one day ends and the next begins."""
    return at.astimezone(dates.zone_of(context.get("zone"))).date().isoformat()


@pass_context
def _money(context: Context, value: int | float | Decimal | str, currency: str) -> str:
    return dates.money(value, currency, _language(context))


@pass_context
def _filesize(context: Context, size: int) -> str:
    amount, unit = (float(size), "B") if size < 1000 else (size / 1e3, "kB") if size < 1e6 else (size / 1e6, "MB")
    return f"{dates.decimal(round(amount, 1 if amount < 10 else 0), _language(context))}\u00a0{unit}"
