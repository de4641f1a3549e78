"""What an agent's browser reaches: conversations, customers, problems, settings. Server-rendered, then made live.

`routes.py` is the table of every URL with the permission it needs; each handler is one file by what it is about and
gets a `Visit` (who asks, what for, and the `Needs` of this room). Templates are made of switchboard/design.
"""
