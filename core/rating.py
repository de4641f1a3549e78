"""rating: asks a customer once how it was, when people are done with a conversation, where answering is one press."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from core import clock
from core.content import Content
from core.conversations.conversation import Conversation
from core.conversations.store import Conversations
from core.interactions.interaction import Author, Interaction
from core.interactions.store import Interactions
from core.send import Send

WITHIN = timedelta(days=1)
"""How long a score that is typed, rather than pressed, is taken as the answer."""

CHOICE = re.compile(r"rate:([1-5])(?::([\w-]{1,40}))?")
_TYPED = re.compile(
    r"\W*([1-5])\s*(?:/\s*5\W*|(?:out of|of|из|з|із)\s+5\b\W*)?(?:[,.;:!)\u2013\u2014-]+\s*(\S.*)?)?\W*", re.DOTALL
)
_STARS = re.compile(r"\s*((?:[⭐★🌟]\ufe0f?\s*){1,5})")
_PAGE = 50

Asks = Callable[[str | None, str], Awaitable[Content | None]]
"""The question in a language for a conversation's id, or None when nobody is to be asked."""


def score_in(choice: str | None, text: str) -> tuple[int, str] | None:
    """The score that was pressed or typed, with what was added; None when it is no answer to how it was."""
    if choice:
        pressed = CHOICE.fullmatch(choice)
        return (int(pressed[1]), "") if pressed else None
    if len(text) > 1000:
        return None
    if typed := _TYPED.fullmatch(text):
        return int(typed[1]), (typed[2] or "").strip()
    if stars := _STARS.match(text):
        return sum(sign in "⭐★🌟" for sign in stars[1]), text[stars.end() :].strip()
    return None


def rates(entry: Interaction, conversation: Conversation) -> bool:
    """Whether `entry` answers how a resolved conversation was."""
    return (
        conversation.status == "resolved"
        and conversation.rating is not None
        and score_in(entry.choice, entry.content.said) is not None
    )


async def rated_conversation(entry: Interaction, customer_id: str, conversations: Conversations) -> Conversation | None:
    """The resolved conversation that `entry` tells the rating of, or None. Nothing is read for what cannot be one."""
    if score_in(entry.choice, entry.content.said) is None:
        return None
    pressed = CHOICE.fullmatch(entry.choice or "")
    if pressed and pressed[2]:
        found = await conversations.get(pressed[2])
    else:
        found = next(iter(await conversations.of_customer(customer_id, 1)), None)
    if found is None or found.customer_id != customer_id or not found.rating or found.status != "resolved":
        return None
    asked = found.rating.get("asked_at")
    fresh = isinstance(asked, datetime) and clock.now() - asked < WITHIN
    return found if pressed or (fresh and "score" not in found.rating) else None


class AskRating:
    """Asks, once per conversation, when an agent answered it and the channel has buttons to press."""

    def __init__(self, interactions: Interactions, conversations: Conversations, send: Send, asks: Asks) -> None:
        self._interactions = interactions
        self._conversations = conversations
        self._send = send
        self._asks = asks

    async def __call__(self, conversation: Conversation) -> Conversation:
        """Call it right after `conversation` was resolved; returns it as it is then. Repeatable."""
        able = self._send.able.get(conversation.reply_address.partition(":")[0])
        if conversation.status != "resolved" or conversation.rating or able is None or not able.sends:
            return conversation
        if able.subject or able.max_buttons < 5:
            return conversation
        agent = await self._who_answered(conversation)
        question = await self._asks(conversation.language, conversation.id) if agent else None
        if question is None:
            return conversation
        rating = {"asked_at": clock.now(), "agent": agent}
        where = {"status": "resolved", "rating": {"$exists": False}}
        asked = await self._conversations.change(conversation.id, {"rating": rating}, where=where)
        if asked is None:
            return conversation
        key = f"rating:{conversation.id}"
        await self._send(
            conversation.reply_address, question, Author("bot"), key=key, kind="survey", conversation=asked
        )
        return asked

    async def _who_answered(self, conversation: Conversation) -> str | None:
        """The agent who spoke last, None when none did or the customer never wrote."""
        log = await self._interactions.page(conversation_id=conversation.id, limit=_PAGE)
        if not any(entry.direction == "in" for entry in log):
            return None
        spoke = (entry for entry in reversed(log) if entry.author.kind == "agent" and entry.direction == "out")
        return next((entry.author.id for entry in spoke), None)
