"""The states of an entry, and which way they may move."""

from __future__ import annotations

# What comes in: `received` until a worker has joined it to a customer and a conversation, `stuck` when that failed
# so often that it was set aside for an administrator.
RECEIVED = "received"
HANDLED = "handled"
STUCK = "stuck"

# What goes out. `planned` has a time in the future; `queued` waits for its lane; `sending` was begun and not finished;
# `uncertain` may have gone out; `cancelled` was taken back before it went.
PLANNED = "planned"
QUEUED = "queued"
SENDING = "sending"
UNCERTAIN = "uncertain"
SENT = "sent"
FAILED = "failed"
DELIVERED = "delivered"
READ = "read"
CANCELLED = "cancelled"

# A call to make: `to_do` has a time in the future, `due` waits for a person, `done` is over.
TO_DO = "to_do"
DUE = "due"
DONE = "done"
TASKS = (TO_DO, DUE)

WAITING = (PLANNED, QUEUED, SENDING)
TROUBLED = (FAILED, UNCERTAIN)

# Receipts only move upward. A delivery may follow a reported failure (the provider tried again), never the reverse.
_ORDER = (PLANNED, QUEUED, SENDING, UNCERTAIN, SENT, FAILED, DELIVERED, READ)


def below(status: str) -> tuple[str, ...]:
    """The states that `status` may replace."""
    return _ORDER[: _ORDER.index(status)]
