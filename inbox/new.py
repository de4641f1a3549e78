"""Write to a customer, or to an address, before they have written."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from core.addresses.address import KnownAddress
from core.channel import Account, Address
from core.customers.customer import Customer
from core.errors import Invalid, NotFound
from core.ids import new_id
from core.interactions.interaction import MAX_TEXT
from inbox.composed import composed, mail_address
from inbox.moments import chosen
from inbox.page import done
from inbox.page import page as rendered
from inbox.visit import Visit, text_field

_FIELDS = {"address": 400, "line": 100, "to": 400, "subject": 900, "cc": 10_000, "bcc": 10_000, "later": 40}


async def page(visit: Visit) -> web.StreamResponse:
    """The empty letter: to `?customer=`, or to an address that is typed."""
    customer = await _customer(visit, visit.query("customer", 40))
    return await _form(visit, customer, {"to": visit.query("to", 400), "address": visit.query("address", 400)})


async def post(visit: Visit) -> web.StreamResponse:
    """Begin the conversation and go to it; what cannot be sent comes back with everything that was written."""
    form = await visit.form()
    typed = {name: text_field(form, name, longest).strip() for name, longest in _FIELDS.items()}
    typed |= {"text": text_field(form, "text", MAX_TEXT), "key": text_field(form, "key", 60) or new_id()}
    customer = await _customer(visit, text_field(form, "customer", 40))
    try:
        address, claim = await _to(visit, customer, typed)
        conversation = await visit.needs.write_first(
            visit.agent,
            address,
            await composed(visit, form, address),
            key=typed["key"],
            customer_id=customer.id if customer else "",
            claim=claim,
            due_at=chosen(typed["later"], visit.request.cookies.get("zone")) if typed["later"] else None,
        )
    except Invalid as error:
        if visit.scripted:
            raise
        return await _form(visit, customer, typed, 422, wrong=error.sentence, field=error.field)
    return done(visit, "planned" if typed["later"] else "written", f"/inbox/c/{conversation.id}")


async def _form(
    visit: Visit, customer: Customer | None, typed: dict[str, str], status: int = 200, **shown: Any
) -> web.Response:
    targets, lines = await asyncio.gather(_targets(visit, customer), _lines(visit))
    usual: dict[str, Any] = {"wrong": "", "field": ""}
    return await rendered(
        visit,
        "new.html",
        status=status,
        customer=customer,
        targets=targets,
        lines=lines,
        able=visit.needs.able,
        signature=visit.agent.signature or next((str(s) for one in lines if (s := one.settings.get("signature"))), ""),
        typed=typed,
        key=typed.get("key") or new_id(),
        **{**usual, **shown},
    )


async def _to(visit: Visit, customer: Customer | None, typed: dict[str, str]) -> tuple[str, str]:
    """(address, the claim about who is there) the letter goes to. Raises Invalid."""
    if typed["address"]:
        if typed["address"] not in [known.id for known in await _targets(visit, customer)]:
            raise Invalid("This is not an address of this customer.", field="to")
        parts = Address.of(typed["address"])
        return typed["address"], f"email:{parts.person}" if _letters(visit, parts.channel) else ""
    person = mail_address(typed["to"])
    line = next((one for one in await _lines(visit) if f"{one.channel}:{one.name}" == typed["line"]), None)
    if line is None:
        raise Invalid("Choose the line it goes out on.", field="line")
    return str(Address(line.channel, line.name, person)), f"email:{person}"


async def _targets(visit: Visit, customer: Customer | None) -> list[KnownAddress]:
    """Where the customer can be written to: addresses that are known, then their mail address on each mail line."""
    if customer is None:
        return []
    able = visit.needs.able
    known = [
        one
        for one in await visit.needs.addresses.of_customer(customer.id)
        if (can := able.get(one.parts.channel)) is not None and can.sends
    ]
    mails = [key.removeprefix("email:") for key in (*customer.keys, *customer.claims) if key.startswith("email:")]
    new = [str(Address(line.channel, line.name, mail)) for mail in mails for line in await _lines(visit)]
    there = {one.id for one in known}
    known.sort(key=lambda one: (one.reachable, one.last_in is not None, str(one.last_in)), reverse=True)
    return known + [KnownAddress(address) for address in new if address not in there]


async def _lines(visit: Visit) -> list[Account]:
    """The lines letters go out on."""
    return [one for one in await visit.needs.accounts.all() if one.enabled and _letters(visit, one.channel)]


def _letters(visit: Visit, channel: str) -> bool:
    can = visit.needs.able.get(channel)
    return can is not None and can.sends and can.subject


async def _customer(visit: Visit, id: str) -> Customer | None:
    if not id:
        return None
    customer = await visit.needs.customers.get(id)
    if customer is None:
        raise NotFound("This customer is not there any more.")
    return customer
