"""How fast one account and one person are written to, within this process."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict

from core.channel import Address, Capabilities

REMEMBERED = 10_000
# Whoever would wait longer comes back when it is their turn, so that a slow line keeps no worker from the others.
PATIENT = 1.0
LONGEST_HOLD = 3600.0


class Pace:
    """Gives messages their turn: accounts evenly at `per_second`, a person a few at once and then every so often."""

    def __init__(self) -> None:
        self._account: dict[tuple[str, str], float] = {}
        self._held: dict[tuple[str, str], float] = {}
        self._person: OrderedDict[str, float] = OrderedDict()
        self._turns: OrderedDict[str, float] = OrderedDict()

    async def __call__(self, address: Address, able: Capabilities) -> None:
        """Return when a message to `address` may leave; takes the place in the row at once."""
        wait = self._place(address, able, time.monotonic()) - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)

    def take(self, address: Address, able: Capabilities) -> float:
        """Take a place in the row; returns the seconds until it comes.

        After more than `PATIENT` seconds the caller is to come back then: the place is kept, and asking again, early or
        late, takes no other. What is shorter is waited for and then used.
        """
        person, now = str(address), time.monotonic()
        turn = self._turns.pop(person, None)
        if turn is None or turn < self._held.get((address.channel, address.account), 0):
            turn = self._place(address, able, now)
        if turn - now > PATIENT:
            self._turns[person] = turn
            _forget(self._turns)
        return max(0.0, turn - now)

    def _place(self, address: Address, able: Capabilities, now: float) -> float:
        """When a message to `address` may leave (monotonic clock); the next one comes behind it."""
        at = now
        line = (address.channel, address.account)
        if able.per_second or line in self._account:
            at = max(at, self._account.get(line, now))
            if able.per_second:
                self._account[line] = at + 1 / able.per_second
            elif at <= now:
                del self._account[line]
        if gap := able.per_address_seconds:
            # The generic cell rate algorithm (ITU-T I.371): `due` is when the next one would be on time.
            person = str(address)
            due = self._person.pop(person, now)
            at = max(at, due - gap * (able.per_address_burst - 1))
            self._person[person] = max(at, due) + gap
            _forget(self._person)
        return at

    def hold(self, address: Address, seconds: float) -> None:
        """Let nobody on this account send for `seconds`, because the provider said so."""
        line = (address.channel, address.account)
        until = time.monotonic() + min(seconds, LONGEST_HOLD)
        self._account[line] = max(self._account.get(line, 0), until)
        self._held[line] = max(self._held.get(line, 0), until)


def _forget(row: OrderedDict[str, float]) -> None:
    while len(row) > REMEMBERED:
        row.popitem(last=False)
