"""The lines at hand: each account's live adapter, made when it is first needed and made anew when it is changed."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import time
from collections.abc import Mapping

from core.abilities import GoesOut
from core.accounts.store import Accounts
from core.channel import Account, Capabilities, Channel, Line
from core.errors import UnknownAccount
from core.keyring import RenewsSecrets
from core.network import ANYWHERE, Network

FRESH = 1.0
RETIREMENT = 60.0


class Lines:
    """Adapters by channel and account.

    Importing an adapter may take seconds (aiogram), so it happens in a thread and only when an account of its channel
    is used. Each is told within which `network` it may connect. Accounts are looked up at most once a second, so that a
    busy door costs no query a message.
    """

    def __init__(self, accounts: Accounts, table: Mapping[str, Line], network: Network = ANYWHERE) -> None:
        self._accounts = accounts
        self._network = network
        self.table = table
        self.able: Mapping[str, Capabilities] = {name: line.capabilities for name, line in table.items()}
        self._known: dict[tuple[str, str], tuple[float, Account]] = {}
        self._live: dict[tuple[str, str], tuple[int, Channel]] = {}
        self._asking: dict[tuple[str, str], asyncio.Task[Account]] = {}
        self._making: dict[str, asyncio.Lock] = {}
        self._retired: list[Channel] = []
        self._retiring: set[asyncio.Task[None]] = set()

    async def account(self, channel: str, name: str) -> Account:
        """The enabled account, at most a second old. Raises UnknownAccount."""
        known = self._known.get((channel, name))
        if known and time.monotonic() - known[0] < FRESH:
            return known[1]
        # All who come while it is looked up wait for the same look: a busy door would ask hundreds of times at once.
        asking = self._asking.get((channel, name))
        if asking is None:
            asking = self._asking[channel, name] = asyncio.create_task(self._ask(channel, name))
            asking.add_done_callback(lambda asked: self._asked(channel, name, asked))
        return await asyncio.shield(asking)

    def _asked(self, channel: str, name: str, asking: asyncio.Task[Account]) -> None:
        del self._asking[channel, name]
        if not asking.cancelled():
            asking.exception()  # whoever still waits is told; when nobody does, that is no news either

    async def _ask(self, channel: str, name: str) -> Account:
        account = await self._accounts.get(channel, name) if channel in self.table else None
        if account is None or not account.enabled:
            self._known.pop((channel, name), None)
            raise UnknownAccount("There is no such line here.")
        self._known[channel, name] = (time.monotonic(), account)
        return account

    async def first(self, channel: str) -> Account | None:
        """The first enabled account of a channel, by name: where to write from when nothing says otherwise."""
        return next((account for account in await self._accounts.all(channel) if account.enabled), None)

    async def get(self, channel: str, name: str) -> Channel:
        """The live adapter of an account. Raises UnknownAccount."""
        account = await self.account(channel, name)
        live = self._live.get((channel, name))
        if live and live[0] == account.version:
            return live[1]
        async with self._making.setdefault(channel, asyncio.Lock()):
            live = self._live.get((channel, name))
            if live and live[0] == account.version:
                return live[1]
            adapter = await self.make(account)
            self._live[channel, name] = (account.version, adapter)
            if live:
                self._retire(live[1])
            return adapter

    async def make(self, account: Account) -> Channel:
        """A new adapter for `account`, which the caller closes."""
        module, _, name = self.table[account.channel].adapter.partition(":")
        loaded = await asyncio.to_thread(importlib.import_module, module)
        adapter: Channel = getattr(loaded, name)(account)
        if isinstance(adapter, GoesOut):
            adapter.within(self._network)
        if isinstance(adapter, RenewsSecrets):
            adapter.hold(self._accounts.keyring(account))
        return adapter

    def _retire(self, adapter: Channel) -> None:
        """Close `adapter` after a while: what is being sent through it may end first."""
        self._retired.append(adapter)

        async def close() -> None:
            await asyncio.sleep(RETIREMENT)
            self._retired.remove(adapter)
            with contextlib.suppress(Exception):
                await adapter.close()

        task = asyncio.create_task(close())
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def close(self) -> None:
        """Close every adapter."""
        for task in self._retiring:
            task.cancel()
        for adapter in (*self._retired, *(adapter for _, adapter in self._live.values())):
            with contextlib.suppress(Exception):
                await adapter.close()
        self._retired.clear()
        self._live.clear()
