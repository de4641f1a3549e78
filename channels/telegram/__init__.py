"""Telegram private chats, through aiogram. Everything that imports aiogram is in `adapter.py`, loaded when served."""

from math import inf

from core.channel import Capabilities, Field, Line

# https://core.telegram.org/bots/api#sendmessage and https://core.telegram.org/bots/faq (limits)
# Changing: https://core.telegram.org/bots/api#updating-messages, taking back: #deletemessage (48 hours).
CAPABILITIES = Capabilities(
    max_text=4096,
    max_caption=1024,
    utf16=True,
    max_buttons=20,
    files=True,
    marks=True,
    per_second=28,
    per_address_seconds=1,
    per_address_burst=4,
    ask_phone=True,
    ask_location=True,
    edits=inf,
    deletes=48 * 3600,
    typing=True,
)

MODES = "auto, polling or webhook; auto is a webhook where the hub has a public address"

LINE = Line(
    name="telegram",
    title="Telegram",
    adapter="channels.telegram.adapter:Telegram",
    capabilities=CAPABILITIES,
    fields=(
        Field("token", "Bot token", "From @BotFather", secret=True, required=True),
        Field("webhook_secret", "Webhook secret", "Made for you when left empty", secret=True, made=True),
        Field("mode", "How updates arrive", MODES, default="auto"),
        Field("api_url", "Bot API server", "Only for a self-hosted one", default="https://api.telegram.org"),
        Field("local_files", "Folder of the Bot API server", "Only if it runs with --local: where we find its files"),
        Field("per_second", "Messages a second", "More only if Telegram allows this bot more", default=28),
    ),
)
