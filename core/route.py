"""route: joins what arrived to a customer and a conversation, and lets the bot answer what is the bot's.

One address is handled by one worker at a time, in order. Every step can be repeated: ids and keys follow from the
entry, and what was decided is committed in one guarded write. So a crash anywhere repeats nothing and loses nothing,
and a bot and an agent never both answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from core import clock
from core.addresses.address import Claim, KnownAddress
from core.addresses.store import Addresses
from core.agents.duty import Duty
from core.channel import Account, Address, Arrival, Capabilities, Identity
from core.checkpoint import reached
from core.conversations.conversation import UNBORN, Conversation
from core.conversations.store import Conversations
from core.customers.customer import Customer, key_of, purpose_of
from core.customers.identify import Identify, Introduction
from core.customers.store import Customers
from core.database import away
from core.decide import Decides, Decision, LooksUpOrders, Person, Turn
from core.errors import CannotStore, Conflict, UnknownAccount
from core.feed import Feed, conversation_changed, entry_changed
from core.go_on import GoOn
from core.ids import id_of, time_of
from core.intake.store import FailedIntakes
from core.interactions import status
from core.interactions.interaction import Author, Interaction, content_of
from core.interactions.lanes import PAGE
from core.interactions.store import Interactions
from core.join import Join
from core.lines import Lines
from core.onward import onward
from core.perform import Perform, system_line
from core.rating import rates
from core.send import Send
from core.trace import follow
from core.typing import Typing

log = structlog.get_logger(__name__)

PATIENCE = 5


# How long an edit waits for the message it is about, and the longest that parts of an entry are waited for.
EDIT_PATIENCE = timedelta(seconds=3)
LONGEST_WAIT = timedelta(seconds=10)
# Nobody handles a lane again sooner than so long after somebody else began to: leases and back-off are longer.
SOONEST = timedelta(seconds=0.4)


class _Wait(Exception):
    """An entry, and what came after it, is to be handled `until` then."""

    def __init__(self, until: datetime) -> None:
        self.until = until


JOINED = "{name} ({address}) was copied in and now takes part"


class HandlesOrders(Protocol):
    """What route asks of the orders: handle one order entry and say whose it is."""

    async def __call__(self, entry: Interaction) -> str | None:
        """Apply the event, notify the customer; returns the customer's id. Repeatable."""
        ...


class HandlesForms(Protocol):
    """What route asks of the forms: who gets a submission, and what its sender is answered."""

    async def __call__(self, entry: Interaction, conversation: Conversation) -> Conversation:
        """Do it; the conversation after it. Repeatable."""
        ...


@dataclass(frozen=True)
class Parts:
    """What route needs of the rest."""

    interactions: Interactions
    addresses: Addresses
    conversations: Conversations
    customers: Customers
    failed: FailedIntakes
    feed: Feed
    lines: Lines
    send: Send
    identify: Identify
    join: Join
    duty: Duty
    bot: Decides
    perform: Perform
    typing: Typing
    go_on: GoOn
    order_facts: LooksUpOrders
    orders: HandlesOrders
    forms: HandlesForms
    leads: Callable[[Interaction, Conversation], Awaitable[None]]


class Route:
    """Handles one claimed address."""

    def __init__(self, parts: Parts) -> None:
        self._ = parts

    async def __call__(self, claim: Claim) -> datetime | None:
        """Handle what is unhandled at the claimed address, in order; None: nothing is left for later."""
        _ = self._
        until, lease = claim.until, max(claim.until - clock.now(), timedelta(seconds=1))
        entries = await _.interactions.unhandled(claim.address.id)
        reached("claimed")
        address = claim.address
        for place, entry in enumerate(entries):
            if until - clock.now() < lease / 2:
                # Whoever has the lane after us has handled these by now: doing it again would take them for new.
                until = clock.now() + lease
                if not await _.addresses.renew(claim, until):
                    return None
            follow(entry)
            try:
                address = await self._handle(address, entry, first=not place)
            except CannotStore:
                raise
            except _Wait as wait:
                return wait.until
            except Exception as error:
                # A database that is away says nothing about the entry.
                if away(error) or claim.failures + 1 < PATIENCE:
                    raise
                await self._set_aside(entry, error)
        # A page of a hundred was full: there may be more, so the lane stays due.
        return clock.now() if len(entries) >= PAGE else None

    async def _set_aside(self, entry: Interaction, error: Exception) -> None:
        reason = f"{type(error).__name__}: {error}"
        _ = self._
        _.interactions.steps.stuck(entry, reason[:500])
        now = clock.now()
        await _.failed.keep(entry.channel, entry.account, b"", {}, f"It could not be handled: {reason}", now, entry.id)
        await _.interactions.stuck(entry)

    async def _handle(self, address: KnownAddress, entry: Interaction, *, first: bool) -> KnownAddress:
        _ = self._
        now = clock.now()
        if entry.wait_until and now < entry.wait_until < now + LONGEST_WAIT:
            raise _Wait(entry.wait_until)
        if entry.kind == "order":
            customer_id = await _.orders(entry)
            await self._handled(entry, customer_id, None)
            return address
        if "withdrawal" in entry.data and entry.kind == "system":
            await self._withdraw(address, entry)
            return address
        if "answer" in entry.data and entry.kind == "system":
            content = content_of(entry.data["answer"])
            await _.send(entry.address, content, Author("system"), key="ignored-answer")
            await self._handled(entry, None, None)
            return address
        if entry.edit_of:
            edited = await _.interactions.edit(entry)
            if edited is not None:
                _.feed.announce(entry_changed(edited))
                # It shows on the message it is about, not as a line of its own.
                await self._handled(entry, edited.customer_id or address.customer_id, None)
                return address
            if now < (until := time_of(entry.id) + EDIT_PATIENCE) < now + LONGEST_WAIT:
                raise _Wait(min(until, now + timedelta(seconds=0.5)))  # the message may be on its way
        if entry.data.get("start_payload") and (moved := await _.go_on(entry, address, now)):
            address = moved
            entry = replace(entry, data={**entry.data, "continued": True})
        who = introduction(entry)
        customer = await _.identify(address, who, now)
        if any(identity.doubted for identity in who.identities):
            # Not known to be the address's owner, so nothing is learned of the address and nothing shown of it.
            address = replace(address, customer_id=customer.id, verified=False)
        else:
            address = await self._known(address, entry, customer, now)
        # Of a lane that somebody has left half-way, only the first entry can have been committed already.
        taken = await self._taken(entry, customer) if first and now - time_of(entry.id) > SOONEST else None
        conversation = await self._settle(entry, address, customer, now, taken)
        await self._agreed(entry, customer)
        if entry.kind == "form":
            conversation = await _.forms(entry, conversation)
        if conversation.lead:
            await _.leads(entry, conversation)
        joined = entry.address in conversation.participants  # somebody else, in a conversation that is not theirs
        await self._handled(entry, customer.id if joined else conversation.customer_id, conversation.id)
        return address

    async def _handled(self, entry: Interaction, customer_id: str | None, conversation_id: str | None) -> None:
        await self._.interactions.handled(entry, customer_id=customer_id, conversation_id=conversation_id)
        reached("handled")
        done = replace(entry, status=status.HANDLED, customer_id=customer_id, conversation_id=conversation_id)
        self._.feed.announce(entry_changed(done))
        self._.interactions.steps.handled(done)

    async def _withdraw(self, address: KnownAddress, entry: Interaction) -> None:
        """Write down that the customer declined a purpose. An address nobody knows has nothing sent to it either."""
        _ = self._
        customer_id = entry.customer_id or address.customer_id
        customer = await _.customers.get(customer_id) if customer_id else None
        if customer is not None:
            said = entry.data["withdrawal"]
            await _.customers.consent(
                customer.id, said["purpose"], given=False, at=entry.at, how=said["how"], entry=entry.id
            )
        await self._handled(entry, customer.id if customer else None, entry.conversation_id)

    async def _agreed(self, entry: Interaction, customer: Customer) -> None:
        """Write down what the customer agreed to in a form, in the words they read; repeatable."""
        agreed: dict[str, list[str]] = {}
        for one in entry.data.get("consents", ()):
            purpose = str(one.get("purpose") or "") or purpose_of(str(one.get("field", "")))
            # What is to be confirmed by mail counts only then (core.forms.confirm).
            if purpose and not one.get("confirm"):
                agreed.setdefault(purpose, []).append(str(one.get("words", "")))
        for purpose, words in agreed.items():
            await self._.customers.consent(
                customer.id, purpose, given=True, at=entry.at, how="form", entry=entry.id, words="\n".join(words)
            )

    async def _known(
        self, address: KnownAddress, entry: Interaction, customer: Customer, now: datetime
    ) -> KnownAddress:
        """Write what this entry told about the address, at most once a minute for a busy one."""
        name, language = entry.who.get("name") or None, entry.who.get("language") or None
        stale = address.last_in is None or (now - address.last_in).total_seconds() > 60
        news = (name and name != address.name) or (language and language != address.language)
        if stale or news or not address.reachable:
            await self._.addresses.learn(address.id, name=name, language=language, last_in=now, reachable=True)
        return replace(
            address,
            customer_id=customer.id,
            name=name or address.name,
            language=language or address.language,
            last_in=now if stale else address.last_in,
            reachable=True,
            verified=address.verified or any(i.verified for i in introduction(entry).identities),
        )

    async def _taken(self, entry: Interaction, customer: Customer) -> Conversation | None:
        """The conversation that took `entry` before a crash: it is the one, even if it was resolved since."""
        latest = await self._.conversations.of_customer(customer.id, limit=5)
        return next((one for one in latest if entry.id in one.seen.get(id_of(entry.address), ())), None)

    async def _settle(
        self,
        entry: Interaction,
        address: KnownAddress,
        customer: Customer,
        now: datetime,
        there: Conversation | None,
    ) -> Conversation:
        """Join, decide, commit, say. When an agent is faster than our commit, decide anew on what is true now.

        `there` is the conversation, where it is known already.
        """
        _ = self._
        mark = id_of(entry.address)
        for _attempt in range(10):
            before = there or await _.join(entry, customer, now)
            reached("joined")
            seen = before.seen.get(mark, ())
            if entry.id in seen:
                # Committed before a crash; what the bot decided then may not have been said yet.
                await self._welcome(entry, before)
                await self._perform(entry, before)
                return before
            async with self._.typing.while_thinking(entry.address):
                decision = await self._decide(entry, before, address, customer, now)
            reached("decided")
            known = (before.address, before.reply_address, *before.participants)
            joins = customer.id != before.customer_id and entry.address not in known
            after = replace(
                onward(before, entry, decision, letters=self._able(entry).subject),
                participants=(*before.participants, entry.address)[-50:] if joins else before.participants,
                seen={**before.seen, mark: (*seen, entry.id)[-10:]},
                rev=before.rev + 1,
                customer_id=customer.id if before.address == entry.address else before.customer_id,
                customer_name=(customer.name if before.address == entry.address else "") or before.customer_name,
            )
            if await _.conversations.commit(before, after):
                reached("committed")
                _.feed.announce(conversation_changed(after))
                await self._welcome(entry, after)
                await self._perform(entry, after)
                await self._learn(customer, decision)
                return after
            # Begun by this very entry before a crash, it is the one, even if it was resolved since.
            there = await _.conversations.get(before.id) if before.rev == UNBORN else None
        raise Conflict("This conversation changes faster than it can be handled.")

    async def _learn(self, customer: Customer, decision: Decision | None) -> None:
        """Write down what the bot learned of the customer. Lost in a crash, it is learned another time."""
        if decision is None:
            return
        language = decision.language if decision.language != customer.language else None
        known = {*customer.keys, *customer.claims}
        claims = [key for key in map(key_of, decision.identities) if key not in known]
        name = decision.name if decision.name and not customer.name else None
        if language or claims or name:
            await self._.customers.note(customer.id, claims=claims, language=language, name=name)

    async def _decide(
        self, entry: Interaction, conversation: Conversation, address: KnownAddress, customer: Customer, now: datetime
    ) -> Decision | None:
        """The bot's decision, None when people answer this conversation or nobody may."""
        if entry.kind != "message" or entry.direction == "out":
            return None
        if not (conversation.status == "pending" or rates(entry, conversation)):
            return None
        if entry.data.get("automatic"):
            # No machine of ours answers a machine. What disturbs nobody leaves the bot where it is.
            return None if entry.data.get("quiet") else Decision(state=conversation.bot, hand_over=True)
        account = await self._account(entry)
        if account is not None and account.settings.get("bot") is False:
            return Decision(hand_over=True, reason="")
        turn = Turn(
            message=arrival_of(entry),
            state=conversation.bot,
            person=Person(
                customer_id=customer.id,
                name=customer.name,
                language=customer.language or address.language,
                identities=customer.identities,
                known=address.verified,
            ),
            capabilities=self._able(entry),
            orders=self._.order_facts,
            now=now,
            first=not conversation.seen,
            on_duty=await self._.duty(now),
            resolved=conversation.status == "resolved",
        )
        return await self._.bot.decide(turn)

    async def _perform(self, entry: Interaction, conversation: Conversation) -> None:
        """Do what the bot decided about `entry`; repeatable."""
        if conversation.said and conversation.said.get("to") == entry.id:
            await self._.perform(conversation)

    async def _welcome(self, entry: Interaction, conversation: Conversation) -> None:
        """The line that tells people when somebody else has joined the conversation, once per person."""
        if entry.address not in conversation.participants:
            return
        key = f"joined:{conversation.id}:{id_of(entry.address)}"
        who = Address.of(entry.address).person
        line = system_line(conversation, JOINED, key=key, data={"name": entry.who.get("name") or who, "address": who})
        if (await self._.interactions.add([line]))[0]:
            self._.feed.announce(entry_changed(line))

    async def _account(self, entry: Interaction) -> Account | None:
        try:
            return await self._.lines.account(entry.channel, entry.account)
        except UnknownAccount:
            return None  # removed meanwhile; what it brought is handled all the same

    def _able(self, entry: Interaction) -> Capabilities:
        return self._.lines.able.get(entry.channel) or Capabilities(sends=False)


def introduction(entry: Interaction) -> Introduction:
    """What an entry tells about who wrote it."""
    identities = tuple(Identity(**identity) for identity in entry.who.get("identities", ()))
    return Introduction(entry.who.get("name", ""), entry.who.get("language"), identities)


def arrival_of(entry: Interaction) -> Arrival:
    """The arrival an entry was made of, as the bot reads it: its text is what was written now."""
    who: Mapping[str, Any] = entry.who
    return Arrival(
        address=Address.of(entry.address),
        key=entry.key,
        kind="message",
        content=replace(entry.content, text=entry.content.said, visible=None),
        at=entry.at,
        name=who.get("name", ""),
        language=who.get("language"),
        external_id=entry.external_id,
        reply_to=entry.reply_to,
        choice=entry.choice,
        edits=entry.edit_of,
        identities=introduction(entry).identities,
        data=entry.data,
    )
