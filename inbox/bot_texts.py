"""What the bot says: every text in every language, changed side by side, seen as a customer would."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from core.errors import Invalid, NotFound
from inbox.bot_needs import Wording
from inbox.bot_seen import LANGUAGES, channel_of, channels_of, letters
from inbox.bot_words import GROUPS, called
from inbox.edition import TOO_LATE, edition
from inbox.page import done
from inbox.page import page as rendered
from inbox.visit import Visit, text_field

LONGEST = 2000
EMPTY = "Write something; “Usual text” brings back the shipped words."
TOO_LONG = "This text is too long."


@dataclass(frozen=True, slots=True)
class Column:
    """One language of a text on the page: what is kept, what was typed, and what is wrong with that."""

    language: str
    kept: Wording
    text: str
    base: str
    wrong: str = ""


async def page(visit: Visit) -> web.StreamResponse:
    """Every text, by where it is said, the languages side by side."""
    found = await asyncio.gather(*(visit.needs.bot.studio.wordings(language) for language in LANGUAGES))
    rows: dict[str, dict[str, list[Wording]]] = {group: {} for group in GROUPS}
    for wordings in found:
        for wording in wordings:
            rows.setdefault(wording.key.split(".")[0], {}).setdefault(wording.key, []).append(wording)
    return await rendered(
        visit,
        "bot_texts.html",
        groups=[(name, called(GROUPS, name), keys) for name, keys in rows.items() if keys],
        spoken=LANGUAGES,
    )


async def edit(visit: Visit) -> web.StreamResponse:
    """One text in every language."""
    kept = await _kept(visit)
    columns = [
        Column(language, one, one.text, edition(one.text)) for language, one in zip(LANGUAGES, kept, strict=True)
    ]
    return await _page(visit, columns, visit.query("channel", 20))


async def change(visit: Visit) -> web.StreamResponse:
    """`do`: save, look (nothing is kept), or reset:LANGUAGE."""
    form, kept = await visit.form(), await _kept(visit)
    do, channel = text_field(form, "do", 20) or "save", text_field(form, "channel", 20)
    studio, key, here = visit.needs.bot.studio, kept[0].key, visit.request.path
    if do.startswith("reset:") and do[6:] in LANGUAGES:
        await studio.save_text(do[6:], key, "", by=visit.agent.id, now=visit.now)
        return done(visit, "reset", here)
    columns = [
        Column(
            language, one, text_field(form, f"text-{language}", LONGEST + 1), text_field(form, f"base-{language}", 40)
        )
        for language, one in zip(LANGUAGES, kept, strict=True)
    ]
    columns = [_checked(visit, column, saving=do == "save") for column in columns]
    if do != "save":
        return await _page(visit, columns, channel)
    if any(column.wrong for column in columns):
        late = any(column.wrong == TOO_LATE for column in columns)
        return await _page(visit, columns, channel, 409 if late else 422)
    for column in columns:
        if column.text.strip() != column.kept.text:
            await studio.save_text(column.language, key, column.text, by=visit.agent.id, now=visit.now)
    return done(visit, "saved", here)


def _checked(visit: Visit, column: Column, *, saving: bool) -> Column:
    """The column with what is wrong; after a conflict it carries the newer mark, so that saving again is meant."""
    wrong, now = "", edition(column.kept.text)
    try:
        visit.needs.bot.studio.check(column.language, column.kept.key, column.text)
    except Invalid as error:
        wrong = error.sentence
    if not column.text.strip():
        wrong = EMPTY
    elif len(column.text) > LONGEST:
        wrong = TOO_LONG
    base = column.base
    if saving and base != now and not wrong and column.text.strip() != column.kept.text:
        wrong, base = TOO_LATE, now
    return Column(column.language, column.kept, column.text, base, wrong)


async def _page(visit: Visit, columns: list[Column], wanted: str, status: int = 200) -> web.Response:
    channel, key = channel_of(visit, wanted), columns[0].kept.key
    return await rendered(
        visit,
        "bot_text.html",
        status=status,
        key=key,
        group=called(GROUPS, key.split(".")[0]),
        columns=columns,
        late=TOO_LATE,
        seen={
            column.language: visit.needs.bot.studio.preview(column.language, key, column.text, channel)
            for column in columns
        },
        channel=channel,
        letter=letters(visit, channel),
        talkative=channels_of(visit),
        longest=LONGEST,
    )


async def _kept(visit: Visit) -> list[Wording]:
    key: Any = visit.request.match_info["key"][:80]
    try:
        studio = visit.needs.bot.studio
        return list(await asyncio.gather(*(studio.wording(language, key) for language in LANGUAGES)))
    except NotFound as error:
        raise NotFound("There is nothing at this address.") from error
