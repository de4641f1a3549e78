"""lead_desk: makes leads, and what agents do with them. Each verb announces the lead; the conversation tells of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from core import clock
from core.agents.agent import Agent
from core.agents.store import Agents
from core.conversations.conversation import Conversation
from core.conversations.store import Conversations
from core.customers.store import Customers
from core.errors import Conflict, Invalid, NotFound, RequestError
from core.feed import Feed, conversation_changed, entry_changed, lead_changed
from core.forms.store import Forms
from core.ids import new_id
from core.interactions.interaction import Author, Interaction
from core.interactions.store import Interactions
from core.leads.lead import Change, Lead, State, Step
from core.leads.rules import LeadRules, reason_of, step_text, step_time
from core.leads.source import source_of
from core.leads.store import Leads
from core.perform import system_line
from core.recent import Recent
from core.said import sentence_document

WORDS: dict[State, str] = {
    "new": "New",
    "contacted": "Contacted",
    "qualified": "Qualified",
    "won": "Won",
    "lost": "Lost",
}
TRIES = 5
KNOWN = 5000


@dataclass(frozen=True)
class Parts:
    """What it works with."""

    leads: Leads
    conversations: Conversations
    customers: Customers
    interactions: Interactions
    agents: Agents
    forms: Forms
    feed: Feed


class LeadDesk:
    """The verbs. Raises NotFound, Conflict, Invalid as `core.desk` does."""

    def __init__(self, parts: Parts) -> None:
        self._ = parts
        self._rules: Recent[LeadRules] = Recent(parts.leads.rules)
        # Conversations that were looked at already, with the name then: most messages change nothing about a lead.
        self._known: OrderedDict[str, str] = OrderedDict()

    # ------------------------------------------------------------------------------------------- making

    async def notice(self, entry: Interaction, conversation: Conversation) -> None:
        """Make the lead of a conversation that the hub marked as one: once, and again for each form. Repeatable."""
        form = entry.kind == "form"
        name = conversation.customer_name
        if not conversation.lead or (not form and self._known.get(conversation.id) == name):
            return
        there = [] if form else await self._.leads.of_conversation(conversation.id, 1)
        if not there and (not form or await self._makes_leads(entry)):
            await self._make(conversation, entry.id, entry, "", "form" if form else "bot")
        elif name and there and there[0].customer_name != name:
            # They have said who they are since.
            await self._.leads.rename(conversation.customer_id, name)
            self._.feed.announce(lead_changed(replace(there[0], customer_name=name)))
        self._known[conversation.id] = name
        if len(self._known) > KNOWN:
            self._known.popitem(last=False)

    async def _makes_leads(self, entry: Interaction) -> bool:
        name, version = entry.data.get("form"), entry.data.get("version")
        if not isinstance(name, str) or not isinstance(version, int):
            return True  # somebody's own form, of which nothing else is said
        form = await self._.forms.version(name, version)
        return form is None or form.lead

    async def make(self, agent: Agent, conversation_id: str) -> Lead:
        """Make a lead of a conversation; the one it has, when one is going already."""
        conversation = await self._.conversations.get(conversation_id)
        if conversation is None:
            raise NotFound("This conversation is not there any more.")
        made = await self._make(conversation, new_id(), None, agent.id, "agent")
        if made is not None:
            after = await self._.conversations.change(conversation.id, {"lead": True})
            self._.feed.announce(*([conversation_changed(after)] if after else []))
            await self._line(agent, conversation, "Made a lead of this")
        return made or await self._going(conversation.id)

    async def _going(self, conversation_id: str) -> Lead:
        lead = await self._.leads.going(conversation_id)
        if lead is None:
            raise Conflict("Somebody else changed this lead a moment ago; look again.")
        return lead

    async def _make(
        self, conversation: Conversation, id: str, entry: Interaction | None, by: str, note: str
    ) -> Lead | None:
        now = clock.now()
        customer = await self._.customers.get(conversation.customer_id)
        lead = Lead(
            id=id,
            conversation_id=conversation.id,
            customer_id=conversation.customer_id,
            customer_name=conversation.customer_name or (customer.name if customer else ""),
            made_at=now,
            touched_at=now,
            owner=conversation.assignee or "",
            source=source_of(conversation, entry, customer, now),
            history=(Change(now, "made", by=by, note=note),),
        )
        lead = replace(lead, alone_at=(await self._rules()).alone_at(lead))
        made = await self._.leads.add(lead)
        if made is not None:
            self._.feed.announce(lead_changed(made))
        return made

    # ------------------------------------------------------------------------------------------ changing

    async def spoken(self, agent: Agent, conversation: Conversation) -> None:
        """An agent answered in a conversation that is a lead: somebody takes care, and who was new is contacted."""
        lead = await self._.leads.going(conversation.id) if conversation.lead else None
        if lead is None:
            return

        def change(lead: Lead, now: datetime) -> tuple[Lead, list[Change]]:
            owned = replace(lead, owner=lead.owner or agent.id)
            if lead.state != "new":
                return owned, []
            return replace(owned, state="contacted"), [Change(now, "state", agent.id, "new", "contacted", "answered")]

        # The answer is on its way: that somebody else is at the lead right now must not look as if it were not.
        with suppress(RequestError):
            await self._change(lead, change)

    async def move(self, agent: Agent, id: str, state: State, reason: str = "", was: str = "") -> Lead:
        """Put a lead into another state; `was` is the one it was seen in. Raises Invalid without a reason for lost."""
        lead = await self._get(id)
        if was and lead.state not in (was, state):
            raise Conflict("Somebody else changed this lead a moment ago; look again.")
        if lead.state == state and state != "lost":
            return lead
        reason = reason_of(reason) if state == "lost" else ""

        def change(lead: Lead, now: datetime) -> tuple[Lead, list[Change]]:
            after = replace(lead, state=state, reason=reason, owner=lead.owner or agent.id)
            after = after if after.going else replace(after, step=None)
            return after, [Change(now, "state", agent.id, lead.state, state, reason)]

        after = await self._change(lead, change)
        data: dict[str, Any] = {"state": sentence_document(WORDS[state])}
        text = "Lead: {state}"
        if reason:
            text, data = "Lead lost: {reason}", {"reason": reason}
        await self._tell(agent, after, text, data)
        return after

    async def own(self, agent: Agent, id: str, owner: str) -> Lead:
        """Give a lead to an agent, or to nobody."""
        name = ""
        if owner:
            other = await self._.agents.get(owner)
            if other is None or not other.active:
                raise Invalid("This agent is not there any more.", field="owner")
            name = other.name
        lead = await self._get(id)
        if lead.owner == owner:
            return lead

        def change(lead: Lead, now: datetime) -> tuple[Lead, list[Change]]:
            return replace(lead, owner=owner), [Change(now, "owner", agent.id, lead.owner, owner)]

        after = await self._change(lead, change)
        await self._tell(agent, after, "Lead given to {name}" if owner else "Lead given to nobody", {"name": name})
        return after

    async def worth(self, agent: Agent, id: str, amount: Decimal | None, currency: str) -> Lead:
        """Say what a lead may bring; None: nobody knows."""
        lead = await self._get(id)
        currency = currency if amount is not None else ""
        if (lead.amount, lead.currency) == (amount, currency):
            return lead

        def change(lead: Lead, now: datetime) -> tuple[Lead, list[Change]]:
            line = Change(now, "value", agent.id, _money(lead.amount, lead.currency), _money(amount, currency))
            return replace(lead, amount=amount, currency=currency), [line]

        return await self._change(lead, change)

    async def plan(self, agent: Agent, id: str, at: datetime, text: str) -> Lead:
        """Plan the next step; the one that was planned before is replaced."""
        step = Step(step_time(at, clock.now()), step_text(text))

        def change(lead: Lead, now: datetime) -> tuple[Lead, list[Change]]:
            if not lead.going:
                raise Conflict("This lead is closed; open it again first.")
            return replace(lead, step=step), [Change(now, "step", agent.id, new=step.text)]

        return await self._change(await self._get(id), change)

    async def done(self, agent: Agent, id: str) -> Lead:
        """The planned step was taken, or need not be."""

        def change(lead: Lead, now: datetime) -> tuple[Lead, list[Change]]:
            if lead.step is None:
                raise Conflict("This step is done already.")
            return replace(lead, step=None), [Change(now, "step", agent.id, old=lead.step.text)]

        return await self._change(await self._get(id), change)

    # ------------------------------------------------------------------------------------------- the rest

    async def _change(self, lead: Lead, change: Callable[[Lead, datetime], tuple[Lead, list[Change]]]) -> Lead:
        """Change `lead`, again on what is true now when somebody is at it too. Whoever changes it takes care of it."""
        rules = await self._rules()
        for _attempt in range(TRIES):
            now = clock.now()
            wanted, lines = change(lead, now)
            wanted = replace(wanted, touched_at=now, flagged=False)
            after = await self._.leads.change(lead, replace(wanted, alone_at=rules.alone_at(wanted)), *lines)
            if after is not None:
                self._.feed.announce(lead_changed(after))
                return after
            newer = await self._get(lead.id)
            if newer.rev == lead.rev:
                raise Conflict("This conversation has another lead that is going. Close that one first.")
            lead = newer
        raise Conflict("Somebody else changed this lead a moment ago; look again.")

    async def _get(self, id: str) -> Lead:
        lead = await self._.leads.get(id)
        if lead is None:
            raise NotFound("This lead is not there any more.")
        return lead

    async def _tell(self, agent: Agent, lead: Lead, text: str, data: dict[str, Any]) -> None:
        conversation = await self._.conversations.get(lead.conversation_id)
        if conversation is not None:
            await self._line(agent, conversation, text, data)

    async def _line(
        self, agent: Agent, conversation: Conversation, text: str, data: dict[str, Any] | None = None
    ) -> None:
        author = Author("agent", agent.id, agent.name)
        line = system_line(conversation, text, key=f"lead:{new_id()}", author=author, data=data)
        if (await self._.interactions.add([line]))[0]:
            self._.feed.announce(entry_changed(line))


def _money(amount: Decimal | None, currency: str) -> str:
    return "" if amount is None else f"{amount:.2f} {currency}"
