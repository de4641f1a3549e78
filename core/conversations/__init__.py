"""Threads of interactions with a status: `pending` (the bot), `open` (people), `snoozed`, `resolved`."""
