"""Customers: the list, one person's page with a timeline over all channels, their record, and its export."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from aiohttp import web

from core.customers.customer import Customer
from core.errors import NotFound
from inbox.conversation import about, thread
from inbox.page import done
from inbox.page import page as rendered
from inbox.visit import Visit, text_field

PAGE = 50


async def index(visit: Visit) -> web.StreamResponse:
    """Customers, newest first, or those a search finds."""
    q, before = visit.query("q"), visit.query("before", 40) or None
    customers = visit.needs.customers
    found = await customers.search(q, PAGE) if q else await customers.newest(PAGE + 1, before)
    onward = found[PAGE - 1].id if len(found) > PAGE else ""
    return await rendered(visit, "customers.html", q=q, customers=found[:PAGE], onward=onward, older=bool(before))


async def page(visit: Visit) -> web.StreamResponse:
    """Everything there is of one customer. A merged record leads to the one it is part of."""
    customer = await _customer(visit)
    if customer.id != visit.request.match_info["id"]:
        raise web.HTTPSeeOther(f"/inbox/customers/{customer.id}")
    known = await about(visit, customer.id)
    history = await thread(visit, customer_id=customer.id)
    q = visit.query("find")
    others = [other for other in await visit.needs.customers.search(q, 8) if other.id != customer.id] if q else []
    names = {agent.id: agent.name for agent in await visit.needs.agents.all()}
    return await rendered(visit, "customer.html", **{**known, **history}, find=q, others=others, names=names)


async def change(visit: Visit) -> web.StreamResponse:
    """Name and language, as the agent knows them."""
    customer = await _customer(visit)
    form = await visit.form()
    name, language = text_field(form, "name", 200).strip(), text_field(form, "language", 5)
    known = language if language in visit.needs.languages else None
    after = await visit.needs.customers.learn(customer.id, name=name or None, language=known)
    if after and after.name != customer.name:
        await visit.needs.conversations.rename(customer.id, after.name)
        await visit.needs.leads.rename(customer.id, after.name)
    return done(visit, "renamed", f"/inbox/customers/{customer.id}")


async def export(visit: Visit) -> web.StreamResponse:
    """One person's data as JSON lines: the record, addresses, conversations, orders, leads, then every entry."""
    needs, customer = visit.needs, await _customer(visit)
    response = web.StreamResponse(
        headers={
            "Content-Type": "application/x-ndjson",
            "Content-Disposition": f'attachment; filename="customer-{customer.id}.jsonl"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
    )
    await response.prepare(visit.request)

    async def write(kind: str, value: Any) -> None:
        line = json.dumps({"kind": kind, **asdict(value)}, ensure_ascii=False, default=_written)
        await response.write(line.encode("utf-8", "replace") + b"\n")

    await write("customer", customer)
    for address in await needs.addresses.of_customer(customer.id):
        await write("address", address)
    for conversation in await needs.conversations.of_customer(customer.id, 10_000):
        await write("conversation", conversation)
    for order in await needs.orders.of_customer(customer.id, 10_000):
        await write("order", order)
    for lead in await needs.leads.of_customer(customer.id, 10_000):
        await write("lead", lead)
    async for entry in needs.interactions.of_customer(customer.id):
        await write("interaction", entry)
    await response.write_eof()
    return response


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else repr(value) if isinstance(value, bytes) else str(value)


async def _customer(visit: Visit) -> Customer:
    customer = await visit.needs.customers.get(visit.request.match_info["id"])
    if customer is None:
        raise NotFound("This customer is not there any more.")
    return customer
