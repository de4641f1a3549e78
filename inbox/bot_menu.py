"""The bot's menu: which lines it has, in which order and words; and what else it is known by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from aiohttp import web
from multidict import MultiDictProxy

from core.content import Button
from core.errors import Invalid
from core.persona.store import MAX_COMPANY
from inbox.bot_seen import LANGUAGES, as_seen, channel_of, channels_of, letters
from inbox.edition import TOO_LATE, edition
from inbox.page import done
from inbox.page import page as rendered
from inbox.visit import Visit, text_field

LONGEST_LABEL = 60
QUESTION = "again"


@dataclass(frozen=True, slots=True)
class Draft:
    """The page as it stands. `order` holds every line there could be, `chosen` those that are in the menu.

    `labels` are by (line, language); `again` is the question above the lines. `wrong` is by field.
    """

    order: tuple[str, ...]
    chosen: frozenset[str]
    labels: Mapping[tuple[str, str], str]
    company: str
    rating: bool
    base: str
    wrong: Mapping[str, str] = field(default_factory=dict)


async def page(visit: Visit) -> web.StreamResponse:
    """The menu as it is."""
    return await _page(visit, await _kept(visit), visit.query("channel", 20))


async def change(visit: Visit) -> web.StreamResponse:
    """`do`: save, look, up:N or down:N; only save keeps anything."""
    kept, form = await _kept(visit), await visit.form()
    draft, do = _read(form, kept), text_field(form, "do", 20) or "save"
    channel = text_field(form, "channel", 20)
    if do != "save":
        return await _page(visit, _moved(draft, do), channel)
    wrong = _wrong(visit, draft)
    if wrong:
        return await _page(visit, replace(draft, wrong=wrong), channel, 422)
    if draft.base != kept.base:
        return await _page(visit, replace(draft, wrong={"": TOO_LATE}, base=kept.base), channel, 409)
    bot, agent, now = visit.needs.bot, visit.agent.id, visit.now
    for (line, language), text in draft.labels.items():
        if text != kept.labels[line, language]:
            await bot.studio.save_text(language, f"menu.{line}", text, by=agent, now=now)
    await bot.persona.save(company=draft.company, rating=draft.rating, by=agent, now=now)
    await bot.studio.save_menu([line for line in draft.order if line in draft.chosen], by=agent, now=now)
    return done(visit, "saved", "/inbox/bot/menu")


async def _kept(visit: Visit) -> Draft:
    bot = visit.needs.bot
    persona = await bot.persona.get()
    labels: dict[tuple[str, str], str] = {}
    for language in LANGUAGES:
        own = persona.texts.get(language, {})
        for wording in await bot.studio.wordings(language):
            part, _, line = wording.key.partition(".")
            if part == "menu" and (line in bot.offered or line == QUESTION):
                labels[line, language] = own.get(wording.key, wording.shipped)
    order = tuple(dict.fromkeys((*(line for line in persona.menu if line in bot.offered), *bot.offered)))
    base = edition(persona.menu, persona.company, persona.rating, sorted(labels.items()))
    return Draft(order, frozenset(persona.menu), labels, persona.company, persona.rating, base)


def _read(form: MultiDictProxy[object], kept: Draft) -> Draft:
    rows = [row for row in form.getall("row", []) if isinstance(row, str) and row in kept.order]
    return Draft(
        order=tuple(dict.fromkeys((*rows, *kept.order))),
        chosen=frozenset(line for line in form.getall("on", []) if isinstance(line, str) and line in kept.order),
        labels={
            (line, language): text_field(form, f"label-{line}-{language}", 500).strip()
            for line, language in kept.labels
        },
        company=text_field(form, "company", MAX_COMPANY + 50).strip(),
        rating=text_field(form, "rating") == "on",
        base=text_field(form, "base", 40),
    )


def _wrong(visit: Visit, draft: Draft) -> dict[str, str]:
    """What cannot be kept, by field."""
    wrong: dict[str, str] = {}
    if not draft.chosen:
        wrong["menu"] = "Choose at least one line."
    if len(draft.company) > MAX_COMPANY:
        wrong["company"] = "This text is too long."
    for (line, language), text in draft.labels.items():
        try:
            visit.needs.bot.studio.check(language, f"menu.{line}", text)
        except Invalid as error:
            wrong[f"label-{line}-{language}"] = error.sentence
        if not text:
            wrong[f"label-{line}-{language}"] = "Please fill this in."
    return wrong


def _moved(draft: Draft, what: str) -> Draft:
    verb, _, number = what.partition(":")
    at = int(number) if number.isdecimal() and len(number) < 3 else -1
    to = at + {"up": -1, "down": 1}.get(verb, 0)
    order = list(draft.order)
    if 0 <= at < len(order) and 0 <= to < len(order):
        order[at], order[to] = order[to], order[at]
    return replace(draft, order=tuple(order))


async def _page(visit: Visit, draft: Draft, wanted: str, status: int = 200) -> web.Response:
    channel = channel_of(visit, wanted)
    return await rendered(
        visit,
        "bot_menu.html",
        status=status,
        draft=draft,
        seen={
            language: as_seen(visit, channel, draft.labels[QUESTION, language], _buttons(draft, language))
            for language in LANGUAGES
        },
        question=QUESTION,
        longest=LONGEST_LABEL,
        channel=channel,
        letter=letters(visit, channel),
        talkative=channels_of(visit),
        spoken=LANGUAGES,
    )


def _buttons(draft: Draft, language: str) -> tuple[Button, ...]:
    lines: Sequence[str] = [line for line in draft.order if line in draft.chosen]
    return tuple(Button(draft.labels[line, language] or "…", line) for line in lines)
