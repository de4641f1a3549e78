"""desk: what an agent does with a conversation. Each verb writes once, announces it, and leaves a line people see."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from core import clock
from core.addresses.store import Addresses
from core.agents.agent import Agent
from core.agents.store import Agents
from core.content import Content
from core.conversations.conversation import Conversation, preview
from core.conversations.store import Conversations
from core.elsewhere import for_channel
from core.errors import Conflict, Invalid, NotAllowed, NotFound, SaidBefore
from core.feed import Feed, conversation_changed, entry_changed, lane_due
from core.ids import new_id
from core.interactions import status
from core.interactions.interaction import MAX_TEXT, Author, Interaction
from core.interactions.store import Interactions
from core.perform import Perform, system_line
from core.rating import AskRating
from core.said import Said
from core.send import Send
from core.teams.store import Teams

FARTHEST = timedelta(days=366)
SAID_BEFORE = "The earlier version did arrive: look at the history. Send again to say this as well."


class Desk:
    """The agents' verbs. An agent's first word pauses the bot: the conversation is theirs in the same write."""

    def __init__(
        self,
        conversations: Conversations,
        interactions: Interactions,
        addresses: Addresses,
        agents: Agents,
        teams: Teams,
        send: Send,
        feed: Feed,
        perform: Perform,
        rating: AskRating,
        spoken: Callable[[Agent, Conversation], Awaitable[None]] | None = None,
    ) -> None:
        # Told of every answer of an agent, once it is queued (leads).
        self._spoken = spoken
        self._perform = perform
        self._rating = rating
        self._conversations = conversations
        self._interactions = interactions
        self._addresses = addresses
        self._agents = agents
        self._teams = teams
        self._send = send
        self._feed = feed

    # -------------------------------------------------------------------------------------------- speaking

    async def reply(
        self,
        agent: Agent,
        conversation_id: str,
        content: Content,
        *,
        key: str,
        due_at: datetime | None = None,
        address: str | None = None,
        resolve: bool = False,
    ) -> Interaction:
        """Answer the customer; returns the (last) queued entry. The same `key` again is the same reply.

        Raises SaidBefore, having changed nothing, when it was used for other words: their answer was lost on its way.
        `address` is another address of the same customer; the conversation then goes on there. With `due_at` the
        reply is planned. A resolved conversation is reopened by it. Raises NotFound, and Invalid (having changed
        nothing) for an empty or overlong reply and for an address that cannot be written to.
        """
        self.check(content, due_at)
        conversation = await self._get(conversation_id)
        target = await self._target(conversation, address)
        able = self._send.check(target)
        if (content.cc or content.bcc) and not able.subject:
            raise Invalid("Copies can be sent by mail only. Choose a mail address, or take them away.", field="cc")
        key, said = f"reply:{conversation.id}:{key}", _fingerprint(content, due_at)
        before = await self._interactions.by_key(target, key)
        if before is not None and before.data.get("said", said) != said:
            raise SaidBefore(SAID_BEFORE)
        fields: dict[str, Any] = {
            "last": {
                "at": clock.now(),
                "preview": preview(content.text) or content.files[0].name,
                "author": "agent",
                "id": "",
            },
            "unread": 0,
            "read_at": clock.now(),
            "reply_address": target,
        }
        # First the conversation, then the words: from this write on the bot's commits fail, so it cannot answer too.
        conversation = await self._take(agent, conversation, fields, resolve=resolve)
        # What the bot decided before that is said before it too, and not after an agent has begun to speak.
        await self._perform(conversation)
        signature = await self.signature(agent, conversation)
        entries = await self._send(
            target,
            content,
            Author("agent", agent.id, agent.name),
            key=key,
            conversation=conversation,
            due_at=due_at,
            data={"said": said, **({"signature": signature} if signature else {})},
        )
        if self._spoken is not None:
            await self._spoken(agent, conversation)
        if resolve:
            self._feed.announce(conversation_changed(await self._rating(conversation)))
        return entries[-1]

    async def signature(self, agent: Agent, conversation: Conversation) -> str:
        """What signs the agent's letters here: their own, else that of the conversation's team; empty: the line's."""
        if agent.signature.strip() or not conversation.team:
            return agent.signature
        team = await self._teams.get(conversation.team)
        return team.signature if team else ""

    def check(self, content: Content, due_at: datetime | None = None) -> None:
        """Raises Invalid for what can never be sent: nothing, too much, or at an impossible time."""
        if not content.text.strip() and not content.files:
            raise Invalid("Write something first.", field="text")
        _short_enough(content.text)
        if due_at is not None and not timedelta(0) < due_at - clock.now() < FARTHEST:
            raise Invalid("Choose a time from now up to a year ahead.", field="due_at")

    async def _target(self, conversation: Conversation, address: str | None) -> str:
        if address is None or address == conversation.reply_address:
            return conversation.reply_address
        theirs = await self._addresses.of_customer(conversation.customer_id)
        if address not in {known.id for known in theirs}:
            raise Invalid("This is not an address of this customer.", field="address")
        return address

    async def _take(
        self, agent: Agent, conversation: Conversation, fields: dict[str, Any], *, resolve: bool
    ) -> Conversation:
        """Make the conversation the agent's, from whatever state it is in."""
        if not conversation.assignee:
            fields["assignee"] = agent.id
        if resolve:
            fields |= {"status": "resolved", "active": False}
            after = await self._conversations.change(conversation.id, fields, unset=("waiting_since", "snoozed_until"))
        elif conversation.active:
            fields["status"] = "open"
            after = await self._conversations.change(
                conversation.id,
                fields,
                where={"active": True},
                unset=("waiting_since", "snoozed_until"),
            )
            if after is None:  # resolved by somebody else in between
                after = await self._conversations.reopen(conversation.id, {**fields, "status": "open"})
        else:
            after = await self._conversations.reopen(conversation.id, {**fields, "status": "open"})
            if after is None:
                # Another conversation with this address is active; the words still go out, in this thread.
                after = await self._conversations.change(conversation.id, fields)
        if after is None:
            raise NotFound("This conversation is not there any more.")
        self._feed.announce(conversation_changed(after))
        return after

    async def note(self, agent: Agent, conversation_id: str, text: str, *, key: str) -> Interaction:
        """Write a private note, which only agents see. Raises SaidBefore when `key` was used for another one."""
        if not text.strip():
            raise Invalid("Write something first.", field="text")
        _short_enough(text)
        conversation = await self._get(conversation_id)
        line = system_line(conversation, text, key=f"note:{conversation.id}:{key}", author=_author(agent))
        there = await self._line(replace(line, kind="note"))
        if there.content.text != line.content.text:
            raise SaidBefore(SAID_BEFORE)
        return there

    # ----------------------------------------------------------------------------------------- the state

    async def assign(self, agent: Agent, conversation_id: str, assignee: str | None) -> Conversation:
        """Give the conversation to an agent, or to nobody. Giving it to a person takes it from the bot."""
        name = ""
        if assignee:
            other = await self._agents.get(assignee)
            if other is None or not other.active:
                raise Invalid("This agent is not there any more.", field="assignee")
            name = other.name
        conversation = await self._get(conversation_id)
        fields: dict[str, Any] = {"assignee": assignee or None}
        if assignee and conversation.status == "pending":
            fields["status"] = "open"
        words = ("Assigned to {name}", {"name": name}) if assignee else ("Unassigned", {})
        return await self._change(agent, conversation, fields, *words)

    async def hand(self, agent: Agent, conversation_id: str, team: str | None) -> Conversation:
        """Give the conversation to a team (its id), or take it from the one that has it.

        Whoever of them has it keeps it. Giving it to a team takes it from the bot.
        """
        conversation = await self._get(conversation_id)
        if (team or None) == (conversation.team or None):
            return conversation
        if not team:
            known = {one.id: one.name for one in await self._teams.all()}
            had = conversation.team or ""
            data = {"name": known.get(had, had)}
            return await self._change(agent, conversation, {"team": None}, "Taken from the team {name}", data)
        given = await self._teams.get(team)
        if given is None:
            raise Invalid("This team is not there any more.", field="team")
        fields = {"team": given.id, **({"status": "open"} if conversation.status == "pending" else {})}
        return await self._change(agent, conversation, fields, "Given to the team {name}", {"name": given.name})

    async def snooze(self, agent: Agent, conversation_id: str, until: datetime) -> Conversation:
        """Put the conversation aside until `until`, or until the customer writes again."""
        if not timedelta(0) < until - clock.now() < FARTHEST:
            raise Invalid("Choose a time from now up to a year ahead.", field="until")
        conversation = await self._get(conversation_id)
        if not conversation.active:
            raise Conflict("This conversation is resolved; reopen it first.")
        fields = {"status": "snoozed", "snoozed_until": until}
        return await self._change(agent, conversation, fields, "Snoozed until {until}", {"until": until})

    async def resolve(self, agent: Agent, conversation_id: str) -> Conversation:
        """Close the conversation; what the customer writes next begins a new one with the bot."""
        conversation = await self._get(conversation_id)
        if not conversation.active:
            return conversation
        fields = {"status": "resolved", "active": False, "unread": 0}
        resolved = await self._change(
            agent, conversation, fields, "Resolved", unset=("waiting_since", "snoozed_until", "said")
        )
        return await self._rating(resolved)

    async def reopen(self, agent: Agent, conversation_id: str) -> Conversation:
        """Open a resolved or snoozed conversation again. Raises Conflict when the customer has a newer active one."""
        conversation = await self._get(conversation_id)
        if conversation.status == "open":
            return conversation
        if conversation.active:
            return await self._change(agent, conversation, {"status": "open"}, "Reopened", unset=("snoozed_until",))
        after = await self._conversations.reopen(conversation.id, {"status": "open"})
        if after is None:
            raise Conflict("The customer has a newer conversation here; answer in that one.")
        self._feed.announce(conversation_changed(after))
        await self._line(system_line(after, "Reopened", key=f"act:{new_id()}", author=_author(agent)))
        return after

    async def read(self, agent: Agent, conversation_id: str) -> Conversation:
        """Clear the unread mark: somebody has looked."""
        after = await self._conversations.change(
            conversation_id, {"unread": 0, "read_at": clock.now()}, where={"unread": {"$gt": 0}}
        )
        if after is None:
            return await self._get(conversation_id)
        self._feed.announce(conversation_changed(after))
        return after

    async def _change(
        self,
        agent: Agent,
        conversation: Conversation,
        fields: dict[str, Any],
        text: str,
        data: dict[str, Any] | None = None,
        *,
        unset: tuple[str, ...] = (),
    ) -> Conversation:
        after = await self._conversations.change(
            conversation.id, fields, where={"status": conversation.status}, unset=unset
        )
        if after is None:
            raise Conflict("Somebody else changed this conversation a moment ago; look again.")
        self._feed.announce(conversation_changed(after))
        line = system_line(after, text, key=f"act:{new_id()}", author=_author(agent), data=data)
        await self._line(line)
        return after

    # -------------------------------------------------------------------------------------- deliveries

    async def retry(self, agent: Agent, interaction_id: str) -> Interaction:
        """Send a failed or uncertain message again, because a person says so."""
        return await self._again(await self._interactions.retry(interaction_id, clock.now()))

    async def elsewhere(self, agent: Agent, interaction_id: str, address: str) -> Interaction:
        """Send a message that did not arrive to another address of the customer; pressed twice it goes there once.

        Raises NotFound, Conflict when it did arrive, and Invalid for an address that is not theirs or cannot be used.
        """
        entry = await self._interactions.get(interaction_id)
        if entry is None or entry.direction != "out":
            raise NotFound("This message is not there any more.")
        if entry.status != status.FAILED:
            raise Conflict("This message is not in that state any more; look again.")
        theirs = await self._addresses.of_customer(entry.customer_id) if entry.customer_id else []
        if address == entry.address or address not in {known.id for known in theirs}:
            raise Invalid("This is not an address of this customer.", field="address")
        content = for_channel(entry, self._send.check(address))
        key = f"elsewhere:{entry.id}"
        if entry.conversation_id:
            sent = await self.reply(agent, entry.conversation_id, content, key=key, address=address)
        else:
            author = Author("agent", agent.id, agent.name)
            sent = (await self._send(address, content, author, key=key, customer_id=entry.customer_id))[-1]
        await self._interactions.goes_on(entry, address)
        self._feed.announce(entry_changed(entry))
        return sent

    async def settle(self, agent: Agent, interaction_id: str, outcome: Literal["sent", "failed"]) -> Interaction:
        """Say what became of an uncertain message."""
        if outcome not in (status.SENT, status.FAILED):
            raise Invalid("Say whether it arrived or not.")
        return self._changed(await self._interactions.settle(interaction_id, outcome))

    async def cancel(self, agent: Agent, interaction_id: str) -> Interaction:
        """Take back a planned message."""
        return self._changed(await self._interactions.settle(interaction_id, status.CANCELLED))

    async def _again(self, entry: Interaction | None) -> Interaction:
        entry = self._changed(entry)
        await self._addresses.flag([entry.address], clock.now())
        self._feed.announce(lane_due("out", entry.address))
        return entry

    def _changed(self, entry: Interaction | None) -> Interaction:
        if entry is None:
            raise Conflict("This message is not in that state any more; look again.")
        self._feed.announce(entry_changed(entry))
        return entry

    async def _line(self, line: Interaction) -> Interaction:
        if (await self._interactions.add([line]))[0]:
            self._feed.announce(entry_changed(line))
            return line
        return await self._interactions.by_key(line.address, line.key) or line

    async def _get(self, conversation_id: str) -> Conversation:
        conversation = await self._conversations.get(conversation_id)
        if conversation is None:
            raise NotFound("This conversation is not there any more.")
        return conversation


def _fingerprint(content: Content, due_at: datetime | None) -> str:
    """Tells the same words, files, copies and minute from others."""
    files = [(file.name, file.sha256) for file in content.files]
    minute = due_at.replace(second=0, microsecond=0).isoformat() if due_at else None
    said = repr((content.text, content.subject, files, content.cc, content.bcc, minute))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _short_enough(text: str) -> None:
    if len(text) > MAX_TEXT:
        limit = Said(
            "This is too long; {limit} characters fit. Send the rest in another message.", limit=f"{MAX_TEXT:,}"
        )
        raise Invalid(limit, field="text")


def _author(agent: Agent) -> Author:
    return Author("agent", agent.id, agent.name)


def may_administer(agent: Agent) -> None:
    """Raises NotAllowed unless `agent` is an administrator."""
    if agent.role != "admin":
        raise NotAllowed("Only administrators may do this.")
