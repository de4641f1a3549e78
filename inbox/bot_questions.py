"""The frequently asked questions: a list in order, and a page for each with its answer in every language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web
from multidict import MultiDictProxy

from core.errors import Conflict, Invalid, NotFound
from core.faq.question import MAX_ANSWER, MAX_QUESTION, MAX_WORDS, Question
from inbox.bot_seen import LANGUAGES, as_seen, channel_of, channels_of, letters
from inbox.edition import TOO_LATE, edition
from inbox.page import done
from inbox.page import page as rendered
from inbox.visit import Visit, text_field

LIST = "/inbox/bot/questions"
TOO_LONG = "This text is too long."
LIMITS = {"question": MAX_QUESTION, "answer": MAX_ANSWER, "words": MAX_WORDS}


@dataclass(frozen=True, slots=True)
class Draft:
    """A question on its page. `texts` are by (part, language): question, answer, words. `wrong` is by field."""

    id: str
    texts: Mapping[tuple[str, str], str]
    enabled: bool
    base: str
    wrong: Mapping[str, str] = field(default_factory=dict)

    def part(self, name: str) -> dict[str, str]:
        """Language → text of one part."""
        return {language: self.texts[name, language] for language in LANGUAGES}


async def page(visit: Visit) -> web.StreamResponse:
    """Every question, in the order customers see them."""
    return await rendered(visit, "bot_questions.html", questions=await visit.needs.bot.faq.all())


async def change(visit: Visit) -> web.StreamResponse:
    """`do`: arrange (the rows' order), up:N, down:N, again:ID, or restore; or `remove`, an ID. Kept at once."""
    faq, form, agent = visit.needs.bot.faq, await visit.form(), visit.agent.id
    do = text_field(form, "do", 80)
    verb, _, what = do.partition(":")
    if verb == "restore":
        await faq.restore()
        return done(visit, "questions_restored", LIST)
    if removed := text_field(form, "remove", 80):
        return await _removed(visit, removed)
    if verb == "again":
        return await _again(visit, what)
    ids = [one.id for one in await faq.all()]
    if verb == "arrange":
        ids = [row for row in form.getall("row", []) if isinstance(row, str) and row in ids]
    at = int(what) if what.isdecimal() and len(what) < 4 else -1
    to = at + {"up": -1, "down": 1}.get(verb, 0)
    if at != to and 0 <= at < len(ids) and 0 <= to < len(ids):
        ids[at], ids[to] = ids[to], ids[at]
    await faq.arrange(ids, by=agent, now=visit.now)
    return done(visit, "saved", LIST)


async def _removed(visit: Visit, id: str) -> web.StreamResponse:
    known = await visit.needs.bot.faq.get(id)
    if known is None:
        raise NotFound("This question is not there any more.")
    await visit.needs.bot.faq.remove(id, by=visit.agent.id, now=visit.now)
    fields = {f"{part}-{language}": text for (part, language), text in _draft(known).texts.items() if text}
    fields |= {"do": f"again:{id}", "place": str(known.place), "enabled": "on" if known.enabled else ""}
    return done(visit, "removed", LIST, (LIST, fields))


async def _again(visit: Visit, id: str) -> web.StreamResponse:
    draft, place = _read(await visit.form(), id), text_field(await visit.form(), "place", 9)
    if not re.fullmatch(r"[a-z0-9-]{1,60}", id) or await visit.needs.bot.faq.get(id):
        raise Conflict("This question is there again already.")
    await _keep(visit, draft, int(place) if place.isdecimal() else None)
    return done(visit, "saved", LIST)


async def edit(visit: Visit) -> web.StreamResponse:
    """One question; `new` for one that is not there yet."""
    return await _page(visit, await _kept(visit), visit.query("channel", 20))


async def save(visit: Visit) -> web.StreamResponse:
    """`do`: save or look."""
    kept, form = await _kept(visit), await visit.form()
    draft = _read(form, kept.id)
    channel = text_field(form, "channel", 20)
    if text_field(form, "do", 20) == "look":
        return await _page(visit, draft, channel)
    wrong = _wrong(draft)
    if wrong:
        return await _page(visit, replace(draft, wrong=wrong), channel, 422)
    if draft.base != kept.base:
        return await _page(visit, replace(draft, base=kept.base, wrong={"": TOO_LATE}), channel, 409)
    try:
        await _keep(visit, draft)
    except Invalid as error:
        return await _page(visit, replace(draft, wrong={"": error.sentence}), channel, 422)
    return done(visit, "saved", LIST)


async def _keep(visit: Visit, draft: Draft, place: int | None = None) -> None:
    await visit.needs.bot.faq.save(
        draft.id or None,
        question=draft.part("question"),
        answer=draft.part("answer"),
        words=draft.part("words"),
        enabled=draft.enabled,
        place=place,
        by=visit.agent.id,
        now=visit.now,
    )


def _read(form: MultiDictProxy[Any], id: str) -> Draft:
    texts = {
        (part, language): text_field(form, f"{part}-{language}", longest + 1)
        for part, longest in LIMITS.items()
        for language in LANGUAGES
    }
    return Draft(id, texts, text_field(form, "enabled") == "on", text_field(form, "base", 40))


def _wrong(draft: Draft) -> dict[str, str]:
    wrong = {
        f"{part}-{language}": TOO_LONG for (part, language), text in draft.texts.items() if len(text) > LIMITS[part]
    }
    for language in LANGUAGES:
        asked, answered = draft.texts["question", language].strip(), draft.texts["answer", language].strip()
        if asked and not answered:
            wrong.setdefault(f"answer-{language}", "Write the answer too.")
        if answered and not asked:
            wrong.setdefault(f"question-{language}", "Write the question too.")
    if not any(text.strip() for text in draft.part("question").values()) and not wrong:
        wrong[f"question-{LANGUAGES[0]}"] = "Write the question and its answer in one language at least."
    return wrong


def _draft(known: Question | None) -> Draft:
    parts = {"question": known.question, "answer": known.answer, "words": known.words} if known else {}
    texts = {(part, language): parts.get(part, {}).get(language, "") for part in LIMITS for language in LANGUAGES}
    if known is None:
        return Draft("", texts, True, edition(None))
    return Draft(known.id, texts, known.enabled, edition(sorted(texts.items()), known.enabled))


async def _kept(visit: Visit) -> Draft:
    id = visit.request.match_info["id"][:60]
    if id == "new":
        return _draft(None)
    known = await visit.needs.bot.faq.get(id)
    if known is None:
        raise NotFound("This question is not there any more.")
    return _draft(known)


async def _page(visit: Visit, draft: Draft, wanted: str, status: int = 200) -> web.Response:
    channel = channel_of(visit, wanted)
    return await rendered(
        visit,
        "bot_question.html",
        status=status,
        draft=draft,
        limits=LIMITS,
        spoken=LANGUAGES,
        seen={
            language: as_seen(visit, channel, draft.texts["answer", language][:MAX_ANSWER])
            for language in LANGUAGES
            if draft.texts["answer", language].strip()
        },
        channel=channel,
        letter=letters(visit, channel),
        talkative=channels_of(visit),
    )
