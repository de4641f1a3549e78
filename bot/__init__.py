"""What the bot says, written once for every channel.

`bot.py` reads one turn and picks the flow; `flows/` holds one file per thing it can do and the table of them;
`texts/` holds every word customers read; the other modules understand what people write (words, intents, order numbers,
phones and mails, language). Nothing here sends, writes or waits for anything but an order look-up.
"""

from bot.bot import Bot
from bot.talk import Settings
from bot.texts import Texts

__all__ = ["Bot", "Settings", "Texts"]
