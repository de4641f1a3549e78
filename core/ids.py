"""Ids that sort by time: twelve bytes as twenty characters of base32hex, fit for URLs, keys and cursors.

Six bytes of milliseconds since 1970, two of a counter, four that name the process. Ids made in one process strictly
rise, also when its clock steps back; ids of different processes are ordered as exactly as their clocks agree, which on
one database is to some milliseconds (`core.clock`).
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import b32hexencode
from datetime import UTC, datetime

from core.clock import OURS

PROCESS = secrets.token_hex(4)
_TAIL = bytes.fromhex(PROCESS)
_last = 0


def _written(raw: bytes) -> str:
    return b32hexencode(raw).decode().rstrip("=").lower()


def new_id() -> str:
    """An id that has never been given out and is greater than every one given out by this process before."""
    global _last
    # The counter lives in the sixteen bits below the milliseconds, so an overflow simply borrows the next millisecond.
    _last = max(_last + 1, OURS.ns() // 1_000_000 << 16)
    return _written(_last.to_bytes(8, "big") + _TAIL)


def id_at(moment: datetime) -> str:
    """The least id that could be given out at `moment`: a bound for range queries by time."""
    return _written((int(moment.timestamp() * 1000) << 16).to_bytes(8, "big") + bytes(4))


def time_of(id: str) -> datetime:
    """When `id` was made, in UTC. Raises ValueError for what is no id."""
    bits = int(id[:13], 32) if len(id) == 20 else 0
    try:
        # 13 characters are 65 bits; the id's first 64 are milliseconds and counter.
        return datetime.fromtimestamp((bits >> 17) / 1000, UTC) if bits else _no_id(id)
    except (OverflowError, OSError) as error:
        raise ValueError(f"{id!r} is no id") from error


def _no_id(id: str) -> datetime:
    raise ValueError(f"{id!r} is no id")


def id_of(text: str) -> str:
    """The id that stands for `text`, the same in every process: what makes a creation repeatable after a crash."""
    return _written(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:12])
