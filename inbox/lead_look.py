"""Which leads are shown: what the address bar asks for, so that a link shows a colleague the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from core.agents.agent import Agent
from core.leads.lead import STATES, State
from core.leads.store import LeadView
from inbox.moments import zone_of
from inbox.visit import Visit

KINDS = ("campaign", "utm", "form")
NAMED = ("shape", "state", "owner", "source", "since", "until")


@dataclass(frozen=True)
class LeadLook:
    """`shape` is board or list. `owner`: me, none, an agent's id, or empty for anybody. Days are the agent's own."""

    shape: str = "board"
    state: str = ""
    owner: str = ""
    source: str = ""
    flagged: bool = False
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, visit: Visit) -> LeadLook:
        """What the URL asks for; what makes no sense is left out."""
        asked = {name: visit.query(name) for name in NAMED}
        kind = asked["source"].partition(":")[0]
        return cls(
            "list" if asked["shape"] == "list" else "board",
            asked["state"] if asked["state"] in STATES else "",
            asked["owner"][:40],
            asked["source"] if kind in KINDS or kind in visit.needs.table else "",
            visit.query("flagged") == "1",
            asked["since"] if _day(asked["since"]) else "",
            asked["until"] if _day(asked["until"]) else "",
        )

    def view(self, agent: Agent, zone: str | None, state: State | None = None) -> LeadView:
        """The same as the store knows it; `state` for one column of the board."""
        wanted = state or next((one for one in STATES if one == self.state), None)
        owner = {"": None, "me": agent.id, "none": ""}.get(self.owner, self.owner)
        since, until = _day(self.since), _day(self.until)
        return LeadView(
            wanted,
            owner,
            self.source,
            self.flagged,
            _midnight(since, zone) if since else None,
            _midnight(until + timedelta(days=1), zone) if until else None,
        )

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return replace(self, shape="board") != LeadLook()

    def link(self, **changes: Any) -> str:
        """`?…` for these leads with `changes`, without what is the default anyway."""
        new, usual = replace(self, **changes), LeadLook()
        kept: Mapping[str, str] = {
            name: value for name in NAMED if (value := getattr(new, name)) != getattr(usual, name)
        }
        query = dict(kept) | ({"flagged": "1"} if new.flagged else {})
        return "?" + urlencode(query) if query else ""


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2200 else None


def _midnight(day: date, zone: str | None) -> datetime:
    return datetime.combine(day, time(), zone_of(zone)).astimezone(UTC)
