"""Listens to accounts that are fetched from (mailboxes, long polling): one process each, cursor moved after storing."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import timedelta

import structlog

from core import clock
from core.abilities import Handshakes, Listens
from core.accounts.store import Accounts
from core.channel import Account, Parcel
from core.deliver import pause
from core.errors import CannotStore, DeliveryError, Rejected, RetryLater, UnknownAccount
from core.feed import Change, Feed
from core.lines import Lines
from core.receive import Receive

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)
LOOK = 2.0


class Listen:
    """Keeps one task per account that this process listens to, and introduces new accounts to their providers.

    `lease` is how long a listener holds an account without a word, `look` how often (seconds) others look for it.
    """

    def __init__(
        self,
        accounts: Accounts,
        lines: Lines,
        receive: Receive,
        feed: Feed,
        public_url: Callable[[], str | None],
        *,
        lease: timedelta = LEASE,
        look: float = LOOK,
    ) -> None:
        self._accounts = accounts
        self._lines = lines
        self._receive = receive
        self._feed = feed
        self._public_url = public_url
        self._lease = lease
        self._looks = look
        self._tasks: dict[str, tuple[int, asyncio.Task[None]]] = {}
        # When the present try at an account began; absent while it waits after one that failed.
        self._trying: dict[str, float] = {}

    async def run(self) -> None:
        """Watch the accounts for ever: begin with new ones, begin anew with changed ones, stop with removed ones."""
        try:
            while True:
                try:
                    await self._look()
                except Exception as error:
                    log.warning("listen.look", error=str(error)[:300])
                await asyncio.sleep(self._looks)
        finally:
            tasks = [task for _, task in self._tasks.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self) -> None:
        versions = await self._accounts.versions()
        for id, (version, task) in list(self._tasks.items()):
            if versions.get(id) != version:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                del self._tasks[id]
        for id in versions.keys() - self._tasks.keys():
            channel, _, name = id.partition(":")
            with contextlib.suppress(UnknownAccount):
                account = await self._lines.account(channel, name)
                if account.version == versions[id]:
                    self._tasks[id] = (account.version, asyncio.create_task(self._serve(account)))

    async def _serve(self, account: Account) -> None:
        """Introduce the account, then listen to it whenever nobody else does."""
        attempts = 0
        while True:
            try:
                adapter = await self._lines.get(account.channel, account.name)
                if isinstance(adapter, Handshakes):
                    facts = await adapter.handshake(self._public_url())
                    await self._accounts.note(account.channel, account.name, problem=facts.get("problem"), facts=facts)
                break
            except (DeliveryError, CannotStore) as error:
                await self._trouble(account, error.sentence)
            except UnknownAccount:
                return
            except Exception as error:
                log.exception("listen.handshake", account=account.name)
                await self._trouble(account, f"It could not be set up: {type(error).__name__}.")
            attempts += 1
            await asyncio.sleep(min(pause(attempts).total_seconds(), 120))
        if not isinstance(adapter, Listens):
            return
        while True:
            try:
                held = await self._accounts.listen(account.channel, account.name, clock.now(), self._lease)
                if held:
                    await self._with_lease(account, adapter, *held)
            except Exception as error:
                # The database is away, most likely. This task goes on whatever happens: no other takes its place.
                log.warning("listen.lease", account=account.name, error=f"{type(error).__name__}: {error}"[:200])
            await asyncio.sleep(self._looks)

    async def _with_lease(
        self, account: Account, adapter: Listens, token: str, cursor: dict[str, object] | None
    ) -> None:
        lost = asyncio.create_task(self._renew(account, token))
        work = asyncio.create_task(self._fetch(account, adapter, token, cursor))
        try:
            await asyncio.wait({lost, work}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (lost, work):
                task.cancel()
            await asyncio.gather(lost, work, return_exceptions=True)
            with contextlib.suppress(Exception):
                await self._accounts.stop_listening(account.channel, account.name, token)

    async def _renew(self, account: Account, token: str) -> None:
        """Ends when the lease is lost."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            try:
                until = clock.now() + self._lease
                # A try that has lasted this long without a complaint works.
                began = self._trying.get(_id(account))
                well = began is not None and time.monotonic() - began > self._lease.total_seconds() / 3
                if not await self._accounts.keep_listening(account.channel, account.name, token, until, well=well):
                    return
            except Exception as error:
                log.warning("listen.renew", account=account.name, error=str(error)[:200])
                return

    async def _fetch(self, account: Account, adapter: Listens, token: str, cursor: dict[str, object] | None) -> None:
        """Store haul by haul; the cursor moves only after the last of a haul is durable."""
        attempts = 0
        while True:
            try:
                began = self._trying[_id(account)] = time.monotonic()
                hauls = adapter.listen(cursor)
                async with contextlib.aclosing(hauls):  # type: ignore[type-var]  # listen() is an async generator
                    async for haul in hauls:
                        await self._store(account, adapter, haul.parcels)
                        cursor = dict(haul.cursor)
                        until = clock.now() + self._lease
                        if not await self._accounts.keep_listening(account.channel, account.name, token, until, cursor):
                            return
                        attempts = 0
                return
            except RetryLater as error:
                wait = pause(attempts, error.after).total_seconds()
                await self._trouble(account, error.sentence)
            except CannotStore:
                wait = 1.0
            except Rejected as error:
                # A person must mend it; a changed account starts anew at once, meanwhile it is tried now and then.
                await self._trouble(account, error.sentence)
                wait = 300.0
            except Exception as error:
                log.exception("listen.stumbled", account=account.name)
                await self._trouble(account, f"Reading stopped unexpectedly ({type(error).__name__}); trying again.")
                wait = pause(attempts).total_seconds()
            # What worked for a while before it broke is no further failure of the same kind.
            lasted = time.monotonic() - began
            attempts = 1 if lasted > self._lease.total_seconds() else attempts + 1
            await asyncio.sleep(min(wait, 300))

    async def _store(self, account: Account, adapter: Listens, parcels: tuple[Parcel, ...]) -> None:
        # One after the other: a person's messages are numbered in the order they came.
        for parcel in parcels:
            await self._receive.take(account, adapter, parcel.body, parcel.headers, keep_foreign=True)

    async def _trouble(self, account: Account, sentence: str) -> None:
        self._trying.pop(_id(account), None)
        log.warning("listen.trouble", channel=account.channel, account=account.name, problem=sentence)
        with contextlib.suppress(Exception):
            await self._accounts.note(account.channel, account.name, problem=sentence)
            self._feed.announce(Change("account", _id(account), ("accounts",)))


def _id(account: Account) -> str:
    return f"{account.channel}:{account.name}"
