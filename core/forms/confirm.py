"""Double opt-in: a consent that was ticked counts only after a click on a page that a link in a mail leads to.

The link names the submission and is sealed. It works for a week, and as often as it is followed: the consent is
written down once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32hexencode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal, Protocol

from core import clock
from core.content import Content
from core.customers.store import Customers
from core.ids import new_id
from core.interactions import status
from core.interactions.interaction import Author, Interaction
from core.interactions.store import Interactions
from core.signing import genuine

LASTS = timedelta(days=7)
CONFIRMED = "Confirmed by mail: {purposes}"
_TOKEN = re.compile(r"([0-9a-v]{20})([0-9a-v]{24})")

State = Literal["asks", "done", "late"]


class ConfirmLinks:
    """Makes and reads the links. `key` is for this purpose alone."""

    def __init__(self, key: str, public_url: str) -> None:
        self._key = key
        self._url = public_url.rstrip("/")

    def link(self, entry_id: str) -> str:
        """The page on which the sender of the submission `entry_id` confirms what they agreed to."""
        return f"{self._url}/confirm/{entry_id}{_seal(entry_id, self._key)}"

    def entry(self, token: str) -> str | None:
        """The id of the submission a token was made for; None when it is not one of ours."""
        match = _TOKEN.fullmatch(token)
        return match[1] if match and genuine(self._key, match[2], partial(_seal, match[1])) else None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a link asks for: the words that were ticked, and in which language. `state` says whether it still does."""

    state: State
    words: tuple[str, ...]
    language: str


class Announces(Protocol):
    """Tells pages of an entry."""

    def __call__(self, entry: Interaction) -> None:
        """The entry is new."""
        ...


class Confirm:
    """Answers and writes down."""

    def __init__(
        self,
        links: ConfirmLinks,
        interactions: Interactions,
        customers: Customers,
        announce: Announces,
        clock: Callable[[], datetime] = clock.now,
    ) -> None:
        self._links = links
        self._interactions = interactions
        self._customers = customers
        self._announce = announce
        self._clock = clock

    async def look(self, token: str) -> Asked | None:
        """What the link asks for; None when it is none of ours. Looking changes nothing."""
        entry = await self._entry(token)
        if entry is None:
            return None
        consents = pending(entry)
        customer = await self._customers.get(entry.customer_id or "")
        if customer is None or not consents:
            return None
        history = [
            said.get("entry")
            for consent in consents
            for said in customer.consents.get(consent["purpose"], {}).get("history", ())
        ]
        state: State = "done" if entry.id in history else "late" if self._late(entry) else "asks"
        words = tuple(str(consent["words"]) for consent in consents)
        return Asked(state, words, str(entry.who.get("language") or ""))

    async def give(self, token: str) -> Asked | None:
        """The button was pressed: the consents count from now on. A second press changes nothing."""
        asked = await self.look(token)
        entry = await self._entry(token)
        if asked is None or entry is None or asked.state == "late":
            return asked
        customer = await self._customers.get(entry.customer_id or "")
        if customer is None:
            return None
        now = self._clock()
        purposes = []
        for consent in pending(entry):
            purposes.append(str(consent["purpose"]))
            await self._customers.consent(
                customer.id,
                consent["purpose"],
                given=True,
                at=now,
                how="confirmed",
                entry=entry.id,
                words=str(consent.get("words", "")),
            )
        line = Interaction(
            id=new_id(),
            kind="system",
            direction="internal",
            channel=entry.channel,
            account=entry.account,
            address=entry.address,
            key=f"confirmed:{entry.id}",
            author=Author("customer"),
            content=Content(text=CONFIRMED),
            at=now,
            status=status.HANDLED,
            customer_id=customer.id,
            conversation_id=entry.conversation_id,
            data={"purposes": ", ".join(dict.fromkeys(purposes))},
        )
        if (await self._interactions.add([line]))[0]:
            self._announce(line)
        return Asked("done", asked.words, asked.language)

    async def _entry(self, token: str) -> Interaction | None:
        id = self._links.entry(token)
        return await self._interactions.get(id) if id else None

    def _late(self, entry: Interaction) -> bool:
        return self._clock() - entry.at > LASTS


def pending(entry: Interaction) -> list[dict[str, Any]]:
    """The consents of a submission that wait for a click."""
    return [consent for consent in entry.data.get("consents", ()) if consent.get("confirm")]


def _seal(entry_id: str, key: str) -> str:
    return b32hexencode(hmac.new(key.encode(), entry_id.encode(), hashlib.sha256).digest()[:15]).decode().lower()
