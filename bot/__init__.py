"""What the bot says, written once for every channel.

`bot.py` reads one turn and picks the flow; `flows/` holds one file per thing it can do and the table of them;
`texts/` holds every word customers read; `library.py` what the company changed of it; `studio.py` what administrators
work on it with. The other modules understand what people write (words, intents, order numbers, phones and mails, days
and times, language). Nothing here sends, writes or waits for anything but an order look-up.
"""

from bot.bot import Bot
from bot.library import Library
from bot.studio import Studio, Trial
from bot.talk import Settings
from bot.texts import Texts

__all__ = ["Bot", "Library", "Settings", "Studio", "Texts", "Trial"]
