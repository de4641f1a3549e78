"""Finds the one person a command is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import NotFound

if TYPE_CHECKING:
    from core.customers.customer import Customer
    from switchboard.stores import Stores


async def person(stores: Stores, who: str, country: str) -> Customer:
    """The customer with this id, mail address or phone number. Raises NotFound, naming who only claims it."""
    who = who.strip()
    found = await stores.customers.get(who)
    if found is not None:
        return found
    keys = [f"email:{who.lower()}"] if "@" in who else [f"phone:{_e164(who, country)}"]
    known = await stores.customers.by_keys(keys)
    if known:
        return known[0]
    claimants = await stores.customers.claimants(keys, but="")
    if claimants:
        listed = ", ".join(f"{one.id} ({one.name or 'no name'})" for one in claimants)
        raise NotFound(f"Nobody is proved to be {who}, but these said so: {listed}. Name one by the id.")
    raise NotFound(f"There is no customer with the id, mail address or phone number {who}.")


def _e164(who: str, country: str) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(who, country)
    except phonenumbers.NumberParseException:
        return who
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
