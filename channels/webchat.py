"""Web chat. The visitor's socket (in `portal`) follows the log, so that sending is the entry itself."""

from __future__ import annotations

from core.channel import Account, Capabilities, Field, Line, Outbound

CAPABILITIES = Capabilities(max_text=8000, max_buttons=12, files=True, idempotent=True)

LINE = Line(
    name="webchat",
    title="Web chat",
    adapter="channels.webchat:Webchat",
    capabilities=CAPABILITIES,
    fields=(
        Field("title", "Name shown in the chat"),
        Field("origins", "Sites that may show it", "One per line, https://shop.example; empty: this hub only"),
    ),
)


class Webchat:
    """A chat on a site. Implements Channel.

    What comes in is said over the socket, in the portal. Settings: `title`, `origins`.
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

    async def close(self) -> None:
        """Nothing is held."""
