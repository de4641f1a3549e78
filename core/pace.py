"""How fast one account and one person are written to, within this process."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict

from core.channel import Address, Capabilities

REMEMBERED = 10_000


class Pace:
    """Waits until a message may leave: accounts evenly at `per_second`, a person at most every so many seconds."""

    def __init__(self) -> None:
        self._account: dict[tuple[str, str], float] = {}
        self._person: OrderedDict[str, float] = OrderedDict()

    async def __call__(self, address: Address, able: Capabilities) -> None:
        """Return when a message to `address` may leave; takes the place in the row at once."""
        now = time.monotonic()
        at = now
        line = (address.channel, address.account)
        if able.per_second or line in self._account:
            at = max(at, self._account.get(line, now))
            if able.per_second:
                self._account[line] = at + 1 / able.per_second
            elif at <= now:
                del self._account[line]
        if able.per_address_seconds:
            person = str(address)
            at = max(at, self._person.pop(person, now))
            self._person[person] = at + able.per_address_seconds
            while len(self._person) > REMEMBERED:
                self._person.popitem(last=False)
        if at > now:
            await asyncio.sleep(at - now)

    def hold(self, address: Address, seconds: float) -> None:
        """Let nobody on this account send for `seconds`, because the provider said so."""
        line = (address.channel, address.account)
        self._account[line] = max(self._account.get(line, 0), time.monotonic() + min(seconds, 30))
