"""Be the customer: the real bot on the real orders, questions and hours; nothing is kept, sent or done.

The trial rides in the page itself, signed, so that any process can go on with it and nothing is written down.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from core.content import Button, Content
from core.errors import NotFound
from inbox.bot_seen import LANGUAGES, channel_of, channels_of, letters
from inbox.bot_words import ACTS, FLOWS, OUTCOMES, STEPS, called
from inbox.page import page as rendered
from inbox.visit import Visit, text_field

LONGEST = 4000
SHOWN = 60
"""How many lines of a trial ride along; earlier ones are forgotten, the state is not."""
MOST = 500_000


@dataclass(frozen=True, slots=True)
class Kept:
    """What rides in the page: the bot's state, its turn and language, what the page asked for, and the lines so far."""

    state: Mapping[str, Any]
    count: int = 0
    language: str | None = None
    wished: str = ""
    lines: tuple[Mapping[str, Any], ...] = ()


async def page(visit: Visit) -> web.StreamResponse:
    """A trial that has not begun."""
    return await _page(visit, Kept({}))


async def turn(visit: Visit) -> web.StreamResponse:
    """`do`: say (`text`, or the button that was `pressed`), or reset."""
    form = await visit.form()
    typed: dict[str, Any] = {
        "channel": channel_of(visit, text_field(form, "channel", 20)),
        "wished": text_field(form, "language", 2),
        "known": text_field(form, "known", 200).strip(),
        "away": text_field(form, "away") == "on",
    }
    if text_field(form, "do", 10) == "reset":
        return await _page(visit, Kept({}), **typed)
    kept, text = _opened(visit, text_field(form, "kept", MOST)), text_field(form, "text", LONGEST)
    choice = text_field(form, "choice", 200) or text_field(form, "pressed", 200)
    label = next((b["label"] for line in kept.lines for b in line.get("buttons", ()) if b["value"] == choice), choice)
    if not text.strip() and not choice:
        return await _page(visit, kept, wrong="Write something first.", **typed)
    person: str | None = None
    if typed["known"]:
        try:
            person = await visit.needs.bot.person(typed["known"])
        except NotFound:
            wrong = "Nobody is proved to have this address. Leave it empty to be a stranger."
            return await _page(visit, kept, unknown=wrong, text=text, status=422, **typed)
    wished = typed["wished"] if typed["wished"] in LANGUAGES else ""
    tried = await visit.needs.bot.tries(
        kept.state,
        "" if choice else text,
        typed["channel"],
        count=kept.count,
        language=wished if wished and wished != kept.wished else kept.language,
        choice=choice or None,
        known=person,
        on_duty=not typed["away"],
    )
    lines: list[Mapping[str, Any]] = [{"by": "customer", "text": label if choice else text}]
    lines += [_line(content) for content in tried.say]
    aside = {
        "by": "aside",
        "flow": tried.flow,
        "step": tried.step,
        "outcome": tried.outcome,
        "reason": str(tried.reason),
        "silent": not tried.say,
        "acts": [[name, dict(facts)] for name, facts in tried.acts],
    }
    after = Kept(tried.state, tried.count, tried.language, wished, (*kept.lines, *lines, aside)[-SHOWN:])
    return await _page(visit, after, fresh=len(lines) + 1, **typed)


def _line(content: Content) -> dict[str, Any]:
    return {
        "by": "bot",
        "text": content.text,
        "buttons": [{"label": b.label, "value": b.value} for b in content.buttons],
    }


def _sealed(visit: Visit, kept: Kept) -> str:
    fields = [kept.state, kept.count, kept.language, kept.wished, kept.lines]
    text = json.dumps(fields, ensure_ascii=True, separators=(",", ":"))
    return f"{_mark(visit, text)}.{text}"


def _opened(visit: Visit, sealed: str) -> Kept:
    """The trial a page carries; one that has not begun for what this agent's page did not."""
    mark, _, text = sealed.partition(".")
    if not hmac.compare_digest(mark.encode(), _mark(visit, text).encode()):
        return Kept({})
    state, count, language, wished, lines = json.loads(text)
    return Kept(state, count, language, wished, tuple(lines))


def _mark(visit: Visit, text: str) -> str:
    key, of = visit.needs.signing_key.encode(), f"trial {visit.agent.id} {text}"
    return hmac.new(key, of.encode(), hashlib.sha256).hexdigest()


async def _page(visit: Visit, kept: Kept, *, status: int = 200, **shown: Any) -> web.Response:
    channel = channel_of(visit, shown.pop("channel", visit.query("channel", 20)))
    usual: dict[str, Any] = {
        "wished": "",
        "known": "",
        "away": False,
        "wrong": "",
        "unknown": "",
        "text": "",
        "fresh": 0,
    }
    last = max((n for n, line in enumerate(kept.lines) if line["by"] == "customer"), default=-1)
    return await rendered(
        visit,
        "bot_try.html",
        status=status,
        kept=_sealed(visit, kept),
        lines=kept.lines,
        last=last,
        channel=channel,
        letter=letters(visit, channel),
        talkative=channels_of(visit),
        content_of=_content,
        called=called,
        tables={"flow": FLOWS, "step": STEPS, "outcome": OUTCOMES, "act": ACTS},
        spoken=LANGUAGES,
        **{**usual, **shown},
    )


def _content(line: Mapping[str, Any]) -> Content:
    return Content(text=line["text"], buttons=tuple(Button(b["label"], b["value"]) for b in line["buttons"]))
