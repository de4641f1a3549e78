"""Whose address a recipient is: an account's, also with a tag (`help+…@`, where answers and bounces come), or none."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Sequence

from channels.email.account import receiving
from channels.email.addresses import canonical, domain_of
from core.channel import Account

FRESH = 1.0  # seconds for which the accounts are remembered: a busy door costs no query a recipient
NOBODY = "unknown@invalid"


class Recipients:
    """Asks `accounts` for the mail accounts at most once a second."""

    def __init__(self, accounts: Callable[[], Awaitable[Sequence[Account]]]) -> None:
        self._accounts = accounts
        self._known: dict[str, Account] = {}
        self._until = 0.0

    async def account(self, recipient: str) -> Account | None:
        """The account that `recipient` reaches, None when it is not ours. Raises what asking for the accounts raises.

        The postmaster of each domain of ours is reached too (RFC 5321 section 4.5.1).
        """
        if time.monotonic() >= self._until:
            self._known = _by_address(await self._accounts())
            self._until = time.monotonic() + FRESH
        wanted = canonical(recipient)
        if wanted == "postmaster":
            return next(iter(self._known.values()), None)
        local, _, domain = wanted.rpartition("@")
        if found := self._known.get(wanted):
            return found
        # A tag begins at any plus: `shop+help+c.…@` is a tag of `shop+help@`, or one of `shop@`.
        for plus in reversed([match.start() for match in re.finditer(r"\+", local)]):
            if found := self._known.get(f"{local[:plus]}@{domain}"):
                return found
        if local == "postmaster":
            return next((account for address, account in self._known.items() if domain_of(address) == domain), None)
        return None


def _by_address(accounts: Sequence[Account]) -> dict[str, Account]:
    """The enabled accounts by their address; where two have the same, the first by name."""
    known: dict[str, Account] = {}
    for account in sorted(accounts, key=lambda one: one.name):
        address = receiving(account).address
        if account.enabled and address != NOBODY:
            known.setdefault(address, account)
    return known
