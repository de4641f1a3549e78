"""Takes how a resolved conversation was. The question is asked by `core.rating`; here its answer is heard."""

from __future__ import annotations

from dataclasses import replace

from bot.talk import Talk
from core.decide import Decision, Rate
from core.rating import score_in

_GOOD = 4
_LONGEST = 1000


async def take(talk: Talk) -> Decision:
    """Record the score and say thank you, once; whatever is pressed later changes nothing."""
    told = score_in(talk.turn.message.choice, talk.turn.message.content.text)
    if told is None or not talk.turn.resolved or talk.data.get("rated"):
        return talk.listen()
    score, comment = told
    thanks = talk.content(talk.text("rating.thanks" if score >= _GOOD else "rating.sorry"))
    decision = talk.answer(thanks, data={"rated": True})
    return replace(decision, acts=(Rate(score, comment[:_LONGEST]),))
