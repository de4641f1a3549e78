"""Answers frequently asked questions out of the company's list: by button, or found in free text."""

from __future__ import annotations

from dataclasses import replace

from bot.flow import Step
from bot.flows import hand_over
from bot.talk import Talk
from core.content import Button, Content
from core.decide import Decision
from core.faq.question import Question

_MOST = 6


async def start(talk: Talk) -> Decision:
    """Answer the question that was meant, else show the list."""
    questions = await talk.library.questions()
    if chosen := questions.get(talk.heard.picked.removeprefix("faq:")):
        return _answer(talk, chosen)
    found, sure = questions.find(talk.heard.words) if not talk.heard.pressed else ([], False)
    if sure:
        return _answer(talk, found[0])
    listed = found or list(questions.all[:_MOST])
    if not listed:
        return talk.answer(talk.content(talk.text("faq.none"), offer=("person",)))
    return talk.answer(_list(talk, talk.text("faq.ask"), listed), flow="faq", step="question")


async def hear_question(talk: Talk) -> Decision:
    """Take a question in the person's own words."""
    return await search(talk) or hand_over.unclear(talk, await _asked_again(talk))


async def search(talk: Talk) -> Decision | None:
    """The answer to what was said, or a choice of those that may be meant; None when nothing is like it."""
    questions = await talk.library.questions()
    if chosen := questions.get(talk.heard.picked.removeprefix("faq:")):
        return _answer(talk, chosen)
    found, sure = questions.find(talk.heard.words)
    if sure:
        return _answer(talk, found[0])
    if not found or talk.patience_ends:
        return None  # a letter is not answered with a guess, nor is anybody twice
    misses = talk.turn.state.misses + 1
    return talk.answer(_list(talk, talk.text("faq.maybe"), found), flow="faq", step="question", misses=misses)


async def hear_helped(talk: Talk) -> Decision:
    """Take whether that was the answer."""
    if talk.declines:
        return hand_over.to_people(talk, "the answer did not help", talk.text("faq.sorry"))
    if talk.agrees or talk.heard.intent in ("thanks", "ok"):
        return talk.answer(talk.content(talk.text("faq.glad")))
    return await search(talk) or hand_over.unclear(talk, ask_helped(talk))


def ask_question(talk: Talk) -> Content:
    """The question which question."""
    return talk.content(talk.text("faq.which"))


def ask_helped(talk: Talk) -> Content:
    """The question whether that was the answer."""
    return talk.ask(talk.text("faq.helped"), *talk.yes_no)


STEPS = {"question": Step(ask_question, hear_question), "helped": Step(ask_helped, hear_helped)}


def _answer(talk: Talk, question: Question) -> Decision:
    text = question.answered(talk.language)
    if talk.letter:
        return talk.answer(Content(text=f"{text}\n\n{talk.text('faq.letter_more')}"))
    content = replace(ask_helped(talk), text=f"{text}\n\n{talk.text('faq.helped')}")
    return talk.answer(content, flow="faq", step="helped", data={"question": question.id})


async def _asked_again(talk: Talk) -> Content:
    listed = list((await talk.library.questions()).all[:_MOST])
    return _list(talk, talk.text("faq.again"), listed)


def _list(talk: Talk, text: str, listed: list[Question]) -> Content:
    buttons = [Button(question.asked(talk.language)[:100], f"faq:{question.id}") for question in listed[:_MOST]]
    return Content(text=text, buttons=(*buttons, Button(talk.text("menu.person"), "person")))
