"""Hands a mail that came in to each account it is for, once, and says what became of it: stored, or come again."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import structlog

from channels.email.account import receiving
from channels.email.direct.check import results
from channels.email.direct.envelope import Envelope, traced
from channels.email.direct.lookup import Lookup
from core.channel import Account
from core.ids import new_id

log = structlog.get_logger(__name__)

MAX_HOPS = 100  # RFC 5321 section 6.3
_HOP = re.compile(rb"(?im)^received[ \t]*:")

STORED = "250 2.0.0 Taken"
LATER = "451 4.3.0 It could not be stored now, please try again"
LOOP = "554 5.4.6 This mail has passed too many servers"


class Takes(Protocol):
    """What keeps a mail: called with the account, the raw mail and its headers; returns when it is durable."""

    def __call__(self, account: Account, mail: bytes, headers: Mapping[str, str], /) -> Awaitable[object]:
        """Keep `mail`."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """`take` keeps a mail and raises when it cannot; `by` is this host; `troubled` hears of an outage."""

    take: Takes
    lookup: Lookup
    by: str
    troubled: Callable[[], None]

    async def __call__(self, mail: bytes, envelope: Envelope, accounts: Mapping[str, Account]) -> dict[str, str]:
        """The answer for each recipient of the envelope; `accounts` says whose each is. Never raises."""
        if len(_HOP.findall(mail[: 1024 * 1024].partition(b"\r\n\r\n")[0])) > MAX_HOPS:
            return dict.fromkeys(envelope.recipients, LOOP)
        by_account: dict[str, list[str]] = {}
        for recipient in envelope.recipients:
            by_account.setdefault(accounts[recipient].name, []).append(recipient)
        checked: str | None = None
        answers: dict[str, str] = {}
        for recipients in by_account.values():
            account = accounts[recipients[0]]
            # Behind a server of ours whose word the account trusts, that word counts; else ours.
            ours = not (envelope.handed_on and receiving(account).authserv_id)
            if ours and checked is None:
                checked = await results(self.lookup, mail, envelope)
            answer = await self._given(mail, envelope, account, recipients, checked if ours else None)
            answers.update(dict.fromkeys(recipients, answer))
        return answers

    async def _given(
        self, mail: bytes, envelope: Envelope, account: Account, recipients: list[str], checked: str | None
    ) -> str:
        now = datetime.now(UTC)
        raw, count = traced(mail, envelope, recipients, by=self.by, id=new_id(), at=now, results=checked)
        headers = {"traced": str(count), "checked": "here" if checked is not None else "before"}
        try:
            await self.take(account, raw, headers)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            # Whatever it was, it is no yes: the sender keeps the mail and comes again.
            self.troubled()
            log.warning("direct.not_stored", account=account.name, error=f"{type(error).__name__}: {error}"[:300])
            return LATER
        return STORED
