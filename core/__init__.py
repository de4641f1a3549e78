"""The domain: what a message is and how it moves. Knows nothing of HTTP, Telegram or SMTP.

The path, whose file names read as what happens to a message: `receive` → `route` → `send` → `deliver`, with
`worker` (who does it), `feed` (who is told), `lines` (the adapters at hand) and `batch` (shared round trips).
The nouns, one folder each: values, rules, and a `store.py` with every query on its collection.
The ground: `channel`, `errors`, `settings`, `database`, `mongod`.

Imports go path → nouns → ground, never back; nothing here imports a folder outside `core`.
"""
