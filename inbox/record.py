"""What an agent writes into a customer's record: an address that works again, a consent that was withdrawn."""

from __future__ import annotations

from aiohttp import web

from core.errors import Invalid, NotFound
from core.feed import Change
from core.ids import new_id
from inbox.page import done
from inbox.visit import Visit, text_field


async def reachable(visit: Visit) -> web.StreamResponse:
    """The posted `address` of this customer can be written to again."""
    id = visit.request.match_info["id"]
    customer = await visit.needs.customers.get(id)
    address = text_field(await visit.form(), "address", 1000)
    known = await visit.needs.addresses.get(address) if address else None
    if customer is None or known is None or known.customer_id != customer.id:
        raise NotFound("This is not an address of this customer.")
    await visit.needs.addresses.learn(known.id, reachable=True)
    _announce(visit, customer.id)
    return done(visit, "reachable", await back_of(visit, id))


async def withdraw(visit: Visit) -> web.StreamResponse:
    """The customer told an agent that they want no more messages of the posted `purpose`."""
    id = visit.request.match_info["id"]
    customer = await visit.needs.customers.get(id)
    purpose = text_field(await visit.form(), "purpose", 40)
    if customer is None:
        raise NotFound("This customer is not there any more.")
    if purpose not in customer.consents:
        raise Invalid("There is no such consent.")
    if not customer.declined(purpose):
        await visit.needs.customers.consent(
            customer.id, purpose, given=False, at=visit.now, how="agent", entry=new_id(), by=visit.agent.name
        )
        _announce(visit, customer.id)
    return done(visit, "withdrawn", await back_of(visit, id))


async def back_of(visit: Visit, id: str) -> str:
    """Where the form was: the conversation it names, else the customer's page."""
    conversation = text_field(await visit.form(), "c", 40)
    return f"/inbox/c/{conversation}" if conversation.isalnum() else f"/inbox/customers/{id}"


def _announce(visit: Visit, id: str) -> None:
    visit.needs.feed.announce(Change("customer", id, ("conversations", f"customer:{id}")))
