"""What may be kept of a lead, and how long one may be left alone in each state. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from core.errors import Invalid
from core.leads.lead import GOING, STATES, Lead, State

LONGEST_TEXT = 200
MOST = Decimal("9999999999.99")
FARTHEST = timedelta(days=366)
_CURRENCY = re.compile(r"[A-Z]{3}")
_SEPARATED = re.compile(r"[\s\u00a0\u202f']")


@dataclass(frozen=True, slots=True)
class LeadRules:
    """`hours` a lead may be left alone per state (0: as long as you like); `currency` is offered first."""

    hours: Mapping[str, int] = field(default_factory=lambda: {"new": 24, "contacted": 72, "qualified": 168})
    currency: str = "EUR"

    def document(self) -> dict[str, Any]:
        """As it is stored."""
        return {"hours": dict(self.hours), "currency": self.currency}

    def alone_at(self, lead: Lead) -> datetime | None:
        """When `lead` will have been left alone too long; never while a planned step is still to come."""
        hours = self.hours.get(lead.state, 0)
        if not lead.going or not hours:
            return None
        waits = lead.step.at if lead.step and not lead.step.due else lead.touched_at
        return max(lead.touched_at, waits) + timedelta(hours=hours)


def rules_of(hours: Mapping[str, str], currency: str) -> LeadRules:
    """The rules that somebody typed. Raises Invalid (field: the state, or currency)."""
    kept: dict[str, int] = {}
    for state in GOING:
        text = hours.get(state, "").strip()
        if not re.fullmatch(r"[0-9]{1,4}", text):
            raise Invalid("Hours are a whole number from 0 to 9999.", field=state)
        kept[state] = int(text)
    return LeadRules(kept, currency_of(currency))


def state_of(text: str) -> State:
    """The state called `text`. Raises Invalid."""
    for state in STATES:
        if state == text:
            return state
    raise Invalid("There is no such state.", field="state")


def reason_of(text: str) -> str:
    """Why a lead was lost. Raises Invalid when nothing is said."""
    reason = " ".join(text.split())
    if not reason:
        raise Invalid("Say in a few words why it was lost.", field="reason")
    return _short(reason, "reason")


def step_text(text: str) -> str:
    """What is to be done. Raises Invalid when nothing is said."""
    said = " ".join(text.split())
    if not said:
        raise Invalid("Say what is to be done.", field="step")
    return _short(said, "step")


def step_time(at: datetime, now: datetime) -> datetime:
    """When it is to be done. Raises Invalid for the past and for more than a year ahead."""
    if not timedelta(0) < at - now < FARTHEST:
        raise Invalid("Choose a time from now up to a year ahead.", field="until")
    return at


def amount_of(text: str) -> Decimal | None:
    """An amount as people type it (`1 200,50`, `1,200.50`); None for nothing. Raises Invalid."""
    plain = _SEPARATED.sub("", text[:40])
    if not plain:
        return None
    comma, point = plain.rfind(","), plain.rfind(".")
    if comma >= 0 and point >= 0:  # whichever comes last parts the cents
        plain = plain.replace("," if point > comma else ".", "").replace(",", ".")
    elif comma >= 0:
        # One comma before two or one digits is a decimal comma, before three it groups thousands.
        plain = plain.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+", plain) else plain.replace(",", ".")
    if not re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,2})?", plain):
        raise Invalid("Write the value as a number, like 1200 or 1200.50.", field="amount")
    try:
        amount = Decimal(plain)
    except InvalidOperation as error:  # digits of other scripts
        raise Invalid("Write the value as a number, like 1200 or 1200.50.", field="amount") from error
    return min(amount, MOST)


def currency_of(text: str) -> str:
    """A currency (ISO 4217). Raises Invalid."""
    code = text.strip().upper()
    if not _CURRENCY.fullmatch(code):
        raise Invalid("A currency is written in three letters, like EUR.", field="currency")
    return code


def _short(text: str, field: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise Invalid("This text is too long.", field=field)
    return text
