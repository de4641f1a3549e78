"""Telling a chat that gets too much from a bot that sends too much: Telegram answers both with the same 429.

https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

from __future__ import annotations

from core.channel import Address
from core.errors import RetryLater

# So many people told to wait at once are no coincidence: it is the bot as a whole that must wait.
TOGETHER = 3


class Floods:
    """Who was told to wait, and until when. Times are seconds of one clock, given by the caller."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def told(self, address: Address, error: RetryLater, now: float) -> RetryLater:
        """`error`, meant for the whole account when Telegram keeps several people waiting at this moment."""
        if error.code != "flood":
            return error
        self._until = {who: until for who, until in self._until.items() if until > now}
        self._until[address.person] = now + (error.after or 1.0)
        if len(self._until) < TOGETHER:
            return error
        return RetryLater(error.sentence, after=error.after, account_wide=True, code=error.code)
