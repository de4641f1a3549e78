"""One conversation: its history, where it can be answered, and the customer beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from core.addresses.address import KnownAddress
from core.conversations.conversation import Conversation
from core.customers.customer import Customer
from core.errors import NotFound
from core.ids import new_id
from core.interactions.interaction import Interaction
from core.reach import best
from core.teams.team import names_of
from inbox.amended import amendable
from inbox.composed import own_addresses
from inbox.deliveries import reach
from inbox.leads import panel
from inbox.moments import presets
from inbox.overview import listed, number
from inbox.page import page as rendered
from inbox.participants import participants, suggested
from inbox.visit import Visit

PAGE = 50
MOST = 1000
# How much of a thread is searched for who takes part.
LOOKED_AT = 200


async def page(visit: Visit) -> web.StreamResponse:
    """The conversation, the list on its left and the customer on its right. Looking at it makes it read."""
    needs = visit.needs
    conversation = await needs.conversations.get(visit.request.match_info["id"])
    if conversation is None:
        raise NotFound("This conversation is not there any more.")
    if conversation.unread and not visit.partial:
        conversation = await needs.desk.read(visit.agent, conversation.id)
    beside = listed(visit)
    values, history, customer = await asyncio.gather(
        beside, thread(visit, conversation_id=conversation.id), side(visit, conversation)
    )
    if "agents" not in values and visit.wants("head", "thread", "main", "side"):
        agents, teams = await asyncio.gather(needs.agents.all(), needs.teams.all())
        values |= {"agents": agents, "names": {agent.id: agent.name for agent in agents}}
        values |= {"teams": teams, "team_names": names_of(teams)}
    return await rendered(
        visit,
        "conversation.html",
        current=conversation.id,
        conversation=conversation,
        snoozes=presets(visit.now, visit.request.cookies.get("zone")) if visit.wants("head") else (),
        key=new_id(),
        able=needs.able,
        amendable=amendable(visit),
        **{**values, **history, **customer},
    )


async def thread(visit: Visit, **whose: str) -> dict[str, Any]:
    """One page of history: the newest, as many as are shown already, or those before an id."""
    if not visit.wants("thread"):
        return {}
    limit = number(visit.query("lines"), PAGE, MOST)
    before = visit.query("earlier") or None
    found = await visit.needs.interactions.page(**whose, before=before, limit=limit + 1)
    shown = found[-limit:]
    return {
        "entries": shown,
        "reach": await reach(visit, shown),
        "earlier": shown[0].id if len(found) > limit else "",
        "older_page": bool(before),
    }


async def side(visit: Visit, conversation: Conversation) -> dict[str, Any]:
    """The customer beside a conversation; the addresses also say where a reply may go."""
    if not visit.wants("side", "main"):
        return {}
    known, letters = await asyncio.gather(about(visit, conversation.customer_id), _letters(visit, conversation))
    return {**known, **letters, "targets": targets(visit, conversation, known["addresses"])}


async def _letters(visit: Visit, conversation: Conversation) -> dict[str, Any]:
    """Who takes part and whom an answer copies, where conversations are letters; who signs them."""
    usual = conversation.reply_address
    can = visit.needs.able.get(usual.partition(":")[0])
    signature = await visit.needs.desk.signature(visit.agent, conversation)
    if can is None or not can.subject:
        return {"taking_part": [], "copied": [], "others": [], "signature": signature}
    entries, own, line = await asyncio.gather(
        visit.needs.interactions.page(conversation_id=conversation.id, limit=LOOKED_AT),
        own_addresses(visit),
        visit.needs.accounts.get(*usual.split(":")[:2]),
    )
    people = participants(conversation, entries, own)
    copied, others = suggested(entries, people, usual, own)
    return {
        "taking_part": people,
        "copied": copied,
        "others": others,
        "signature": signature or str((line.settings if line else {}).get("signature") or ""),
    }


async def about(visit: Visit, customer_id: str) -> dict[str, Any]:
    """Everything that is shown of a customer beside their messages."""
    needs = visit.needs
    customer = await needs.customers.get(customer_id) or Customer(id=customer_id)
    keys = [*customer.keys, *customer.claims]
    addresses, conversations, orders, matches, leads, around = await asyncio.gather(
        needs.addresses.of_customer(customer.id),
        needs.conversations.of_customer(customer.id),
        needs.orders.of_customer(customer.id, 20),
        needs.customers.claimants(keys, customer.id),
        needs.leads.of_customer(customer.id, 20),
        panel(visit),
    )
    return {
        "customer": customer,
        "addresses": addresses,
        "conversations": conversations,
        "orders": orders,
        "matches": matches,
        "leads": leads,
        **around,
    }


def targets(
    visit: Visit, conversation: Conversation, addresses: Sequence[KnownAddress]
) -> list[tuple[str, KnownAddress]]:
    """(address, what is known of it) of where a reply may go, the usual one first."""
    able = visit.needs.able
    reachable = {
        known.id: known for known in addresses if (can := able.get(known.parts.channel)) is not None and can.sends
    }
    usual = conversation.reply_address
    can = able.get(usual.partition(":")[0])
    if usual not in reachable and can is not None and can.sends:
        # Whoever wrote could not be shown to own the address: it is nobody's here, and answers go to its owner.
        reachable[usual] = KnownAddress(usual)
    if usual not in reachable:
        found = best(addresses, able)
        usual = found.id if found else ""
    return sorted(reachable.items(), key=lambda item: (item[0] != usual, not item[1].reachable, item[0]))


def attached(entry: Interaction, sha256: str) -> bool:
    """Whether a stored file belongs to `entry`."""
    return any(file.sha256 == sha256 for file in entry.content.files)
