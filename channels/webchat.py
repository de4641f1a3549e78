"""Web chat. The visitor's socket (in `portal`) follows the log, so that sending is the entry itself."""

from __future__ import annotations

from math import inf

from core.channel import Account, Address, Capabilities, Field, Line, Outbound
from core.chat.site import MAIL_AFTER, wrong

CAPABILITIES = Capabilities(
    max_text=8000,
    max_buttons=12,
    files=True,
    idempotent=True,
    marks=True,
    edits=inf,
    deletes=inf,
    reads_log=True,
    leaves=True,
)

LINE = Line(
    name="webchat",
    title="Web chat",
    adapter="channels.webchat:Webchat",
    capabilities=CAPABILITIES,
    fields=(
        Field("title", "Name shown in the chat"),
        Field("origins", "Sites that may show it", "One per line, https://shop.example; empty: this hub only"),
        Field("welcome", "Welcome", "One language per line, uk: Вітаємо!; a line without a language is for all others"),
        Field(
            "questions", "Asked before the chat", "One per line: name, email, phone, or words of yours; * requires it"
        ),
        Field(
            "greetings",
            "Greetings",
            "One per line: page=/prices/* after=20 visitor=returning repeat=day | Can we help?",
        ),
        Field("mail_after", "Minutes until unread answers go by mail", "0: never", default=MAIL_AFTER),
        Field("mail", "Mail line to write from", "Its short name; empty: the first"),
        Field("telegram", "Telegram line to go on in", "Its short name; empty: not offered"),
        Field("transcripts", "Visitors may have the conversation mailed to them", default=True),
        Field("secret", "Secret to sign users in with", "Made when left empty", secret=True, made=True),
        Field(
            "old_secret", "The secret before this one", "While you change over; afterwards write a dash", secret=True
        ),
    ),
    wrong=wrong,
    snippet='<script async src="{url}/chat/widget.js" data-site="{name}"></script>',
)


class Webchat:
    """A chat on a site. Implements Channel.

    What comes in is said over the socket, in the portal. Settings: those of `core.chat.site`.
    """

    name = "webchat"
    capabilities = CAPABILITIES

    def __init__(self, account: Account) -> None:
        self.account = account

    async def send(self, message: Outbound) -> str:
        """The id of the entry: once it is marked sent, every open chat of this address shows it.

        Sending it again changes nothing. Whether the visitor saw it, their browser tells with a receipt.
        """
        return message.id

    async def edit(self, message: Outbound, ids: tuple[str, ...]) -> None:
        """Nothing is held elsewhere: once the log says so, every open chat of this address shows it."""

    async def delete(self, address: Address, ids: tuple[str, ...]) -> None:
        """As `edit`."""

    async def close(self) -> None:
        """Nothing is held."""
