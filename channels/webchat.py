"""Web chat. The visitor's socket (in `portal`) follows the log, so sending is the entry itself."""

from core.channel import Capabilities, Field, Line

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
