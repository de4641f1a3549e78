"""The one Jinja2 environment: templates of every room, their words, dates and assets.

A template is named `ROOM/FILE` ("inbox/list.html", "design/components.html"). Every render gets `language`; `zone` (a
name such as Europe/Kyiv) and `now` may be given. `_("Hello %(name)s", name=…)` and `ngettext(…)` translate, values are
escaped. Macros that speak are imported `with context`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from switchboard.design import dates
from switchboard.design.assets import Assets, assets
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
    gettext, ngettext = _translators((_HERE / "translations", *(folder.parent / "translations" for folder in folders)))
    made.globals |= {
        "_": gettext,
        "gettext": gettext,
        "ngettext": ngettext,
        "asset": (files or assets()).url,
        "languages": NAMES,
        "query": query,
        "translate": _plain((_HERE / "translations", *(folder.parent / "translations" for folder in folders))),
        "language_for": language_for,
    }
    made.filters |= {
        **{style: _dated(style) for style in ("clock", "short", "day", "date", "full", "ago", "since")},
        "decimal": pass_context(lambda context, value: dates.decimal(value, _language(context))),
        "local_date": _local_date,
        "money": _money,
        "filesize": _filesize,
        "initials": initials,
        "hue": hue,
        "paragraphs": paragraphs,
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
        found = Markup.escape(catalogue(_language(context), folders).gettext(message) if message else "")
        return found % values if values else found  # a lone % in a sentence without values needs no doubling

    @pass_context
    def ngettext(context: Context, one: str, many: str, n: int, /, **values: Any) -> Markup:
        found = catalogue(_language(context), folders).ngettext(one, many, n)
        return Markup.escape(found) % {"n": dates.decimal(n, _language(context)), **values}

    return gettext, ngettext


def _plain(folders: tuple[Path, ...]) -> Callable[[str, str], str]:
    def translate(language: str, message: str) -> str:
        """`message` in `language`, for answers that are not HTML."""
        return catalogue(language, folders).gettext(message) if message else ""

    return translate


def _dated(style: str) -> Callable[..., Markup]:
    @pass_context
    def dated(context: Context, at: datetime | None) -> Markup:
        now = context.get("now") or datetime.now(UTC)
        return dates.time_element(at, style, _language(context), dates.zone_of(context.get("zone")), now)

    return dated


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
