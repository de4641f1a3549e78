"""Telegram private chats, through aiogram. Everything that imports aiogram is in `adapter.py`, loaded when served."""

from core.channel import Capabilities, Field, Line

# https://core.telegram.org/bots/api#sendmessage and https://core.telegram.org/bots/faq (limits)
CAPABILITIES = Capabilities(
    max_text=4096,
    max_caption=1024,
    max_buttons=20,
    files=True,
    per_second=28,
    per_address_seconds=0.05,
    ask_phone=True,
)

LINE = Line(
    name="telegram",
    title="Telegram",
    adapter="channels.telegram.adapter:Telegram",
    capabilities=CAPABILITIES,
    fields=(
        Field("token", "Bot token", "From @BotFather", secret=True, required=True),
        Field("webhook_secret", "Webhook secret", "Made for you when left empty", secret=True, made=True),
        Field("mode", "How updates arrive", "polling or webhook", default="polling"),
        Field("api_url", "Bot API server", "Only for a self-hosted one", default="https://api.telegram.org"),
    ),
)
