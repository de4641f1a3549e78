"""The list of conversations: what the address bar asks for, one page of it, and how many there are elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from core.agents.agent import Agent
from core.conversations.conversation import Conversation, Status, preview
from core.conversations.store import View
from core.customers.customer import Customer
from core.ids import time_of
from core.teams.team import Team, names_of
from inbox.page import page as rendered
from inbox.visit import Visit

PAGE = 40
MOST = 400
COUNTED = 100
MY_TEAMS = "mine"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WHOSE = ("all", "mine", "unassigned")
STATUSES: Mapping[str, tuple[Status, ...]] = {
    "open": ("open",),
    "pending": ("pending",),
    "snoozed": ("snoozed",),
    "resolved": ("resolved",),
    "every": (),
}


@dataclass(frozen=True)
class Look:
    """Which list is shown; all of it is in the URL, so that a link shows a colleague the same."""

    whose: str = "all"
    status: str = "open"
    channel: str = ""
    leads: bool = False
    team: str = ""
    q: str = ""

    @classmethod
    def of(cls, visit: Visit) -> Look:
        """What the URL asks for; what makes no sense is left out."""
        whose, status, channel = visit.query("whose"), visit.query("status"), visit.query("channel")
        return cls(
            whose if whose in WHOSE else "all",
            status if status in STATUSES else "open",
            channel if channel in visit.needs.table else "",
            visit.query("leads") == "1",
            visit.query("team", 60),
            visit.query("q"),
        )

    def view(self, agent: Agent, teams: Sequence[Team]) -> View:
        """The same as the store knows it; `teams` are all there are."""
        assignee = {"all": None, "mine": agent.id, "unassigned": ""}[self.whose]
        wanted = mine(teams, agent) if self.team == MY_TEAMS else (self.team,)
        return View(STATUSES[self.status], assignee, self.channel or None, self.leads, wanted if self.team else None)

    def link(self, **changes: Any) -> str:
        """`?…` for this list with `changes`, without what is the default anyway."""
        new, usual = replace(self, **changes), Look()
        named = {"whose": new.whose, "status": new.status, "channel": new.channel, "team": new.team, "q": new.q}
        kept = {name: value for name, value in named.items() if value != getattr(usual, name)}
        if new.leads:
            kept["leads"] = "1"
        return "?" + urlencode(kept) if kept else ""


@dataclass(frozen=True)
class Row:
    """One line of the list; `snippet` is what the search found in it."""

    conversation: Conversation
    snippet: str


async def page(visit: Visit) -> web.StreamResponse:
    """The list alone, with a word about what to do."""
    return await rendered(visit, "list.html", current="", **await listed(visit))


@dataclass(frozen=True)
class Shown:
    """One page of the list. `onward` leads to the next. `vague` is a beginning of more words than were searched for.

    `until`: what was said before it was not searched yet.
    """

    rows: Sequence[Row]
    people: Sequence[Customer] = ()
    onward: str = ""
    until: datetime | None = None
    vague: str = ""


async def listed(visit: Visit) -> dict[str, Any]:
    """What the list region needs; nothing when it is not asked for."""
    look = Look.of(visit)
    if not visit.wants("list"):
        return {"look": look}
    teams = await visit.needs.teams.all()
    shown = await (_found(visit, look) if look.q else _page(visit, look, teams))
    views = [replace(look, q="", whose=whose) for whose in WHOSE] + [
        replace(look, q="", status=status) for status in ("open", "pending", "snoozed")
    ]
    count = visit.needs.conversations.count
    counting = asyncio.gather(*(count(view.view(visit.agent, teams), COUNTED) for view in views))
    agents, counts = await asyncio.gather(visit.needs.agents.all(), counting)
    return {
        "look": look,
        "rows": shown.rows,
        "people": shown.people,
        "onward": shown.onward,
        "until": shown.until,
        "vague": shown.vague,
        "older": bool(visit.query("before")),
        "agents": agents,
        "names": {agent.id: agent.name for agent in agents},
        "teams": teams,
        "team_names": names_of(teams),
        "in_a_team": bool(mine(teams, visit.agent)),
        "by_whose": dict(zip(WHOSE, counts[:3], strict=True)),
        "by_status": dict(zip(("open", "pending", "snoozed"), counts[3:], strict=True)),
        "counted": COUNTED,
    }


async def _page(visit: Visit, look: Look, teams: Sequence[Team]) -> Shown:
    limit = number(visit.query("rows"), PAGE, MOST)
    found = await visit.needs.conversations.page(
        look.view(visit.agent, teams), before=_cursor(visit.query("before")), limit=limit + 1
    )
    rows = [Row(conversation, conversation.last.preview) for conversation in found[:limit]]
    return Shown(rows, onward=_mark(rows[-1].conversation) if len(found) > limit else "")


async def _found(visit: Visit, look: Look) -> Shown:
    """Search: people by name, mail or phone; conversations by what was said in them, newest hit first."""
    before = visit.query("before") or None
    found, people = await asyncio.gather(
        visit.needs.interactions.search(look.q, limit=100, before=before), visit.needs.customers.search(look.q, 6)
    )
    hits: dict[str, str] = {}
    for entry in found.entries:
        if entry.conversation_id:
            hits.setdefault(entry.conversation_id, preview(entry.content.text or entry.content.subject or ""))
    known = {c.id: c for c in await visit.needs.conversations.some([*hits])}
    rows = [Row(known[id], snippet) for id, snippet in hits.items() if id in known]
    until = time_of(found.onward) if found.bounded else None
    return Shown(rows, () if before else people, found.onward, until, found.vague)


def mine(teams: Sequence[Team], agent: Agent) -> tuple[str, ...]:
    """Ids of the teams that `agent` is in."""
    return tuple(team.id for team in teams if team.active and agent.id in team.members)


def number(text: str, usual: int, most: int) -> int:
    """The number in a parameter, within reason."""
    return max(1, min(int(text), most)) if text.isascii() and text.isdigit() and len(text) < 9 else usual


def _mark(conversation: Conversation) -> str:
    return f"{(conversation.last.at - EPOCH) // timedelta(milliseconds=1)}~{conversation.id}"


def _cursor(text: str) -> tuple[datetime, str] | None:
    stamp, _, id = text.partition("~")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 15 and id):
        return None
    return EPOCH + timedelta(milliseconds=int(stamp)), id
