"""How a chat is written in an address. A chat with a business account is reached through its connection alone.

`4711` is the bot's own private chat with somebody; `4711@AbCd` is the chat of the same person with the account whose
business connection is `AbCd`. https://core.telegram.org/bots/api#businessconnection
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from core.channel import Address


class Chat(NamedTuple):
    """A chat, and the business connection it is in."""

    id: int
    connection: str | None = None

    @property
    def person(self) -> str:
        """As it stands in `Address.person`."""
        return f"{self.id}@{self.connection}" if self.connection else str(self.id)


def chat_of(person: str) -> Chat:
    """The chat that `Chat.person` wrote. Raises ValueError."""
    id, _, connection = person.partition("@")
    return Chat(int(id), connection or None)


@dataclass(frozen=True, slots=True)
class Line:
    """The bot an update came to: the account's name, and the bot's own id and user name as far as they are known."""

    account: str
    bot_id: int = 0
    username: str = ""

    def address(self, chat_id: int, connection: str | None = None) -> Address:
        """Where the chat is reached on this line; `connection` is the business connection it is in."""
        return Address("telegram", self.account, Chat(chat_id, connection).person)
