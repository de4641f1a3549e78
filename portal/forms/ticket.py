"""The ticket of one shown form: which version it was, when, and how much work its browser shall do. Signed.

Whoever sends the form back shows it. Its id makes a doubled click one submission; its version is what the answers are
checked against, however the form has changed meanwhile. A form without one (somebody's own page) is taken all the same.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from itsdangerous import BadData, URLSafeSerializer

from core.clock import now
from core.signing import signers

LEAST_BITS, MOST_BITS = 13, 19
LASTS = 86_400.0  # seconds; by whom a ticket was used before is known as long (`Recent`)


@dataclass(frozen=True, slots=True)
class Ticket:
    """`issued` in seconds since 1970; `bits` is how many leading zero bits the browser's SHA-256 must have."""

    id: str
    form: str
    version: int
    issued: float
    bits: int


class Tickets:
    """Issues and reads them."""

    def __init__(self, key: str, clock: Callable[[], float] = lambda: now().timestamp()) -> None:
        self._signer = URLSafeSerializer(signers(key), salt="form.ticket")
        self._files = URLSafeSerializer(signers(key), salt="form.file")
        self.clock = clock

    def issue(self, form: str, version: int, bits: int) -> tuple[Ticket, str]:
        """A fresh ticket, and as it is written."""
        ticket = Ticket(secrets.token_urlsafe(12), form, version, round(self.clock(), 2), bits)
        return ticket, self.write(ticket)

    def write(self, ticket: Ticket) -> str:
        """The ticket, signed."""
        return _text(self._signer.dumps([ticket.id, ticket.form, ticket.version, ticket.issued, ticket.bits]))

    def read(self, text: str) -> Ticket | None:
        """The ticket that was written as `text`; None when it is none of ours."""
        try:
            id, form, version, issued, bits = self._signer.loads(text)
            return Ticket(str(id), str(form), int(version), float(issued), int(bits))
        except (BadData, ValueError, TypeError):
            return None

    def age(self, ticket: Ticket) -> float:
        """Seconds since it was issued; never less than none, whatever the clock of another process said."""
        return max(0.0, self.clock() - ticket.issued)

    def over(self, ticket: Ticket) -> bool:
        """Whether it says nothing any more: neither that work was done for this, nor which version was shown."""
        return self.age(ticket) > LASTS

    def receipt(self, ticket: Ticket, field: str, name: str, type: str, size: int, sha256: str) -> str:
        """What brings back a stored file with the next try of the same ticket."""
        return _text(self._files.dumps([ticket.id, field, name, type, size, sha256]))

    def brought(self, ticket: Ticket, receipt: str) -> tuple[str, str, str, int, str] | None:
        """(field, name, type, size, hash) behind a receipt of this ticket, else None."""
        try:
            id, field, name, type, size, sha256 = self._files.loads(receipt[:2000])
        except (BadData, ValueError, TypeError):
            return None
        return (str(field), str(name), str(type), int(size), str(sha256)) if id == ticket.id else None


def work_done(ticket: Ticket, work: str) -> str:
    """`done`, `wrong`, or `none` when nothing was sent: SHA-256 of `ID.WORK` must begin with the ticket's zero bits."""
    if not work:
        return "none"
    hashed = hashlib.sha256(f"{ticket.id}.{work}".encode("utf-8", "replace")).digest()
    return "done" if int.from_bytes(hashed[:8], "big") >> (64 - ticket.bits) == 0 else "wrong"


class Recent:
    """What was seen within the last day, in this process: how often, and by whom. Forgets the oldest of too many."""

    def __init__(self, most: int = 20_000, seconds: float = LASTS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seen: OrderedDict[str, tuple[float, set[str]]] = OrderedDict()
        self._most = most
        self._seconds = seconds
        self._clock = clock

    def others(self, key: str, who: str) -> int:
        """How many others than `who` were seen with `key`; `who` is remembered."""
        at = self._clock()
        since, seen = self._seen.pop(key, (at, set()))
        if at - since > self._seconds:
            since, seen = at, set()
        if len(seen) < 50:
            seen.add(who)
        self._seen[key] = (since, seen)
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)
        return len(seen - {who})


def bits_for(recent: int) -> int:
    """How much work to ask for while a form gets `recent` submissions in ten minutes: more as it gets busy."""
    return min(MOST_BITS, LEAST_BITS + max(0, (recent // 10).bit_length()))


def _text(signed: str | bytes) -> str:
    return signed if isinstance(signed, str) else signed.decode()
