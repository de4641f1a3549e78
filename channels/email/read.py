"""Listening to a mailbox: a thread of its own per mailbox, one haul ahead of whoever stores them.

The cursor is a UIDVALIDITY and the last UID per folder: `{"folders": [{"name", "uidvalidity", "uid"}]}`. It moves only
with a haul, and a haul is asked for only when the one before is stored, so nothing is missed after any outage. When
UIDVALIDITY changes the folder is read from its first mail again; the unique key in the log makes that harmless.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from imap_tools import BaseMailBox

from channels.email import mailbox
from channels.email.account import MailAccount
from channels.email.tokens import Tokens
from core.channel import Haul, Parcel
from core.errors import DeliveryError, Rejected, RetryLater
from core.said import Said

MAX_MAILS = 50  # per haul
MAX_BYTES = 20_000_000  # per haul, but for a single larger mail
# Below the minutes after which home routers forget a quiet connection, and no longer than a mail should wait when a
# server does not say at once that it came.
IDLE_SECONDS = 45.0
SEVERAL_SECONDS = 60.0  # IDLE watches one folder; the others are looked at this often
POLL_SECONDS = 30.0  # without IDLE


async def listen(
    account: MailAccount, cursor: Mapping[str, Any] | None, tokens: Tokens | None = None
) -> AsyncGenerator[Haul, None]:
    """Hauls for ever, from `cursor` on. Raises RetryLater or Rejected. Closing it ends thread and connection.

    `tokens` are for a mailbox without a password. A token the server does not take is renewed once.
    """
    if account.imap is None:
        # A line that only sends: there is nothing to read, and nothing wrong with that.
        await asyncio.Event().wait()
    if tokens is None:
        async for haul in _hauls(account, cursor):
            yield haul
        return
    token = await tokens.get()
    try:
        async for haul in _hauls(replace(account, access_token=token), cursor):
            cursor = haul.cursor
            yield haul
    except Rejected as error:
        if error.code != "auth":
            raise
    token = await tokens.get(refused=token)
    async for haul in _hauls(replace(account, access_token=token), cursor):
        yield haul


async def _hauls(account: MailAccount, cursor: Mapping[str, Any] | None) -> AsyncGenerator[Haul, None]:
    reader = _Reader(account, cursor, asyncio.get_running_loop())
    reader.start()
    try:
        while True:
            found = await reader.hauls.get()
            if isinstance(found, DeliveryError):
                raise found
            reader.taken()
            yield found
    finally:
        reader.stop()


class _Reader(threading.Thread):
    """The blocking half. A daemon: a server that answers nothing cannot hold up the end of the program."""

    def __init__(self, account: MailAccount, cursor: Mapping[str, Any] | None, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(name=f"imap-{account.name}", daemon=True)
        self.hauls: asyncio.Queue[Haul | DeliveryError] = asyncio.Queue()
        self._account = account
        self._loop = loop
        self._seen = _positions(cursor)
        self._box: BaseMailBox | None = None
        self._room = threading.Semaphore(1)
        self._stopped = threading.Event()

    # ---- called by the event loop

    def taken(self) -> None:
        """The haul was taken: the next may be fetched."""
        self._room.release()

    def stop(self) -> None:
        """End the thread at once, whatever it waits for."""
        self._stopped.set()
        self._room.release()
        if self._box is not None:
            mailbox.hang_up(self._box)

    # ---- the thread

    def run(self) -> None:
        """Read until stopped or until something breaks, which is handed over as the error it is."""
        try:
            self._read()
        except DeliveryError as error:
            self._hand_over(error)
        except mailbox.TROUBLE as error:
            self._hand_over(RetryLater(Said("The connection to the mailbox was lost:", mailbox.brief(error))))
        except Exception as error:  # whatever a library did: the mailbox goes on after a pause
            self._hand_over(
                RetryLater(Said("Reading the mailbox went wrong:", f"{type(error).__name__} {mailbox.brief(error)}"))
            )
        finally:
            if self._box is not None:
                if self._stopped.is_set():
                    with suppress(*mailbox.TROUBLE):
                        self._box.client.shutdown()
                else:
                    mailbox.leave(self._box)

    def _read(self) -> None:
        account = self._account
        box = self._box = mailbox.connect(account)
        opened = ""
        while not self._stopped.is_set():
            for folder in account.folders:
                # With one folder it stays open: selecting it again at every piece of news would cost a round trip.
                if opened != folder:
                    self._open(box, folder)
                    opened = folder
                self._drain(box, folder)
            if len(account.folders) > 1 and opened != account.folders[0]:
                self._open(box, account.folders[0])
                opened = account.folders[0]
                self._drain(box, opened)
            if self._stopped.is_set():
                return
            if mailbox.can_idle(box):
                mailbox.wait_for_news(box, SEVERAL_SECONDS if len(account.folders) > 1 else IDLE_SECONDS)
            else:
                self._stopped.wait(POLL_SECONDS)
                box.client.noop()

    def _open(self, box: BaseMailBox, folder: str) -> None:
        validity, following = mailbox.open_folder(box, folder)
        position = self._seen.get(folder)
        if position is None and self._account.from_now:
            self._seen[folder] = (
                validity,
                max(0, following - 1) if following else max(mailbox.waiting(box, 0), default=0),
            )
            self._hand_over(Haul((), self._cursor()))
        elif position is None or position[0] != validity:
            self._seen[folder] = (validity, 0)

    def _drain(self, box: BaseMailBox, folder: str) -> None:
        """Hand over everything that waits in the open folder, also what comes meanwhile: that is told only once."""
        validity, last = self._seen[folder]
        while not self._stopped.is_set() and (uids := mailbox.waiting(box, last)):
            while uids and not self._stopped.is_set():
                uids = self._haul(box, folder, validity, uids)
            last = self._seen[folder][1]

    def _haul(self, box: BaseMailBox, folder: str, validity: int, uids: list[int]) -> list[int]:
        """Hand over the first of the mails `uids`, as many as fit; those that are left."""
        batch = uids[:MAX_MAILS]
        mails: list[mailbox.Listed] = []
        total = 0
        for mail in mailbox.sizes(box, batch):
            if mails and total + mail.size > MAX_BYTES:
                batch = [uid for uid in batch if uid < mail.uid]
                break
            mails.append(mail)
            total += min(mail.size, mailbox.MAX_MAIL)
        fetched = mailbox.fetch(box, mails) if mails else []
        self._seen[folder] = (validity, batch[-1])
        self._hand_over(Haul(tuple(_parcel(one, folder) for one in fetched), self._cursor()))
        return uids[len(batch) :]

    def _cursor(self) -> dict[str, Any]:
        return {
            "folders": [
                {"name": name, "uidvalidity": validity, "uid": uid} for name, (validity, uid) in self._seen.items()
            ]
        }

    def _hand_over(self, found: Haul | DeliveryError) -> None:
        if isinstance(found, Haul):
            self._room.acquire()  # until the haul before this one was taken
        if not self._stopped.is_set():
            with suppress(RuntimeError):  # the loop is closed: nobody listens any more
                self._loop.call_soon_threadsafe(self.hauls.put_nowait, found)


def _parcel(fetched: mailbox.Fetched, folder: str) -> Parcel:
    headers = {"folder": folder, "uid": str(fetched.listed.uid), "internal-date": fetched.listed.arrived}
    return Parcel(fetched.raw, headers | ({"problem": fetched.problem} if fetched.problem else {}))


def _positions(cursor: Mapping[str, Any] | None) -> dict[str, tuple[int, int]]:
    """The folders' positions in a stored cursor. One that makes no sense means: from the start, which loses nothing."""
    if not cursor:
        return {}
    try:
        return {str(f["name"]): (int(f["uidvalidity"]), int(f["uid"])) for f in cursor["folders"]}
    except (KeyError, TypeError, ValueError):
        return {}
