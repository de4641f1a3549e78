"""A lead, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from core.shelves import shelves

State = Literal["new", "contacted", "qualified", "won", "lost"]
STATES: tuple[State, ...] = get_args(State)
# In these somebody still has to do something.
GOING: tuple[State, ...] = ("new", "contacted", "qualified")
NOBODY = "-"

HISTORY = 200


@dataclass(frozen=True, slots=True)
class Source:
    """Where a lead came from.

    `kind` is `campaign` (a link or utm_campaign named one), `utm` (only utm_source did), `form`, or the channel they
    wrote on; `name` is the campaign, the source, the form, or empty. `utm` are the parameters as they came.
    """

    kind: str = ""
    name: str = ""
    utm: Mapping[str, str] = field(default_factory=dict)
    page: str = ""
    referrer: str = ""

    def document(self) -> dict[str, Any]:
        """As it is stored."""
        more = {"utm": dict(self.utm), "page": self.page, "referrer": self.referrer}
        return {"kind": self.kind, "name": self.name, **{key: value for key, value in more.items() if value}}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Source:
        """What was stored as `document`."""
        return cls(
            document.get("kind", ""),
            document.get("name", ""),
            document.get("utm", {}),
            document.get("page", ""),
            document.get("referrer", ""),
        )


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done next, and when. `due`: its time has come, and people were told."""

    at: datetime
    text: str
    due: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a lead's history: `what` changed (state, owner, value, step, made, flagged), by whom, from, to.

    `by` is an agent's id, empty for the hub itself; `note` is the reason a lead was lost, or what made it.
    """

    at: datetime
    what: str
    by: str = ""
    old: str = ""
    new: str = ""
    note: str = ""

    def document(self) -> dict[str, Any]:
        """As it is stored."""
        more = {"by": self.by, "old": self.old, "new": self.new, "note": self.note}
        return {"at": self.at, "what": self.what, **{key: value for key, value in more.items() if value}}


@dataclass(frozen=True, slots=True)
class Lead:
    """Ids sort by the time the lead was made. There is one that is going per conversation at most.

    `amount` is what it may bring, in `currency` (ISO 4217), None when nobody said. `touched_at` is when somebody last
    took care of it; at `alone_at` it has been left alone longer than agreed, and is `flagged` then. `reason` is why it
    was lost. `rev` rises with each change.
    """

    id: str
    conversation_id: str
    customer_id: str
    customer_name: str
    made_at: datetime
    touched_at: datetime
    state: State = "new"
    owner: str = ""
    amount: Decimal | None = None
    currency: str = ""
    source: Source = Source()
    step: Step | None = None
    reason: str = ""
    flagged: bool = False
    alone_at: datetime | None = None
    history: tuple[Change, ...] = ()
    rev: int = 0

    @property
    def going(self) -> bool:
        """Whether it is neither won nor lost."""
        return self.state in GOING

    @property
    def shelves(self) -> list[str]:
        """The lists that show it: state, owner, source, flagged."""
        kind, name = self.source.kind, self.source.name
        sources = (kind, f"{kind}:{name}" if kind and name else "")
        return shelves((self.state,), (self.owner or NOBODY,), sources, ("flagged",) * self.flagged)

    def document(self) -> dict[str, Any]:
        """The lead as it is stored. Amounts are whole hundredths, so that the database can add them up exactly."""
        document: dict[str, Any] = {
            "_id": self.id,
            "conversation_id": self.conversation_id,
            "customer": {"id": self.customer_id, "name": self.customer_name},
            "made_at": self.made_at,
            "touched_at": self.touched_at,
            "state": self.state,
            "going": self.going,
            "owner": self.owner,
            "source": self.source.document(),
            "flagged": self.flagged,
            "history": [change.document() for change in self.history],
            "rev": self.rev,
            "shelves": self.shelves,
        }
        optional: dict[str, Any] = {
            "amount": None if self.amount is None else int(self.amount * 100),
            "currency": self.currency or None,
            "reason": self.reason or None,
            "alone_at": self.alone_at,
        }
        if self.step:
            optional |= {"step": {"at": self.step.at, "text": self.step.text, "due": self.step.due}}
        return document | {key: value for key, value in optional.items() if value is not None}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Lead:
        """The lead that is stored as `document`."""
        customer, step, amount = document["customer"], document.get("step"), document.get("amount")
        return cls(
            id=document["_id"],
            conversation_id=document["conversation_id"],
            customer_id=customer["id"],
            customer_name=customer.get("name", ""),
            made_at=document["made_at"],
            touched_at=document["touched_at"],
            state=document["state"],
            owner=document.get("owner", ""),
            amount=None if amount is None else Decimal(amount) / 100,
            currency=document.get("currency", ""),
            source=Source.of(document.get("source", {})),
            step=Step(step["at"], step["text"], bool(step.get("due"))) if step else None,
            reason=document.get("reason", ""),
            flagged=document.get("flagged", False),
            alone_at=document.get("alone_at"),
            history=tuple(Change(**change) for change in document.get("history", ())),
            rev=document.get("rev", 0),
        )
