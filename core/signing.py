"""Keys that links, cookies and marks are signed with: the present one signs, and those before it are still believed."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from itsdangerous import TimestampSigner

from core import clock

AHEAD = timedelta(minutes=5)  # what one of our processes' clocks may be ahead of another's


class SigningKey(str):
    """A key as text. `older` are those of the hub's former secret keys that are still listed, the latest first."""

    __slots__ = ("older",)

    older: tuple[str, ...]

    def __new__(cls, key: str, older: Iterable[str] = ()) -> SigningKey:
        """The text `key`, with those before it."""
        made = super().__new__(cls, key)
        made.older = tuple(older)
        return made


def every(key: str) -> list[str]:
    """`key` and the older ones that it knows of, the present one first."""
    return [key, *getattr(key, "older", ())]


def signers(key: str) -> list[str]:
    """The same in the order that itsdangerous wants: it signs with the last and believes all."""
    return every(key)[::-1]


def timely(signed: datetime, lasts: timedelta, now: datetime | None = None) -> bool:
    """Whether what was signed then still counts: not older than `lasts`, nor further ahead than clocks are apart."""
    return -AHEAD <= (now or clock.now()) - signed <= lasts


class Stamp(TimestampSigner):
    """Signs with the time that all hubs agree on: what one with a wrong clock signed counts at the others too."""

    def get_timestamp(self) -> int:
        """Seconds since 1970."""
        return int(clock.now().timestamp())


def genuine(key: str, given: str, seal: Callable[[str], str]) -> bool:
    """Whether `given` is the seal that one of the keys makes; compared in constant time."""
    shown = given.encode("utf-8", "replace")
    return any(hmac.compare_digest(shown, seal(each).encode()) for each in every(key))
