"""`switchboard erase`: everything known of one person, gone for good."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from switchboard.commands.options import on_the_database, settings, with_stores
from switchboard.commands.person import person

if TYPE_CHECKING:
    from core.customers.customer import Customer
    from switchboard.stores import Stores


@click.command()
@click.argument("who", metavar="PERSON")
@click.option("--confirm", metavar="NAME", help="The person's name as it is shown (or the id), instead of typing it.")
@on_the_database
def erase(who: str, confirm: str | None, data: Path | None, mongodb_uri: str | None) -> None:
    """Delete everything known of PERSON (customer id, mail address or phone number). There is no way back.

    Payloads that could not be read (Problems in the inbox) belong to nobody; look through them yourself.
    """
    loaded = settings(data, mongodb_uri)
    customer = with_stores(loaded, lambda stores: person(stores, who, loaded.country))
    name = customer.name or customer.id
    shown = ", ".join([*customer.keys, *customer.claims]) or "no mail address or phone number"
    click.echo(f"{name} ({shown}), customer {customer.id}")
    if confirm is None:
        confirm = click.prompt("Everything of this person is deleted for good. Type the name to go on", default="")
    if confirm.strip() != name:
        raise click.ClickException("That is not the name. Nothing was deleted.")
    counts = with_stores(loaded, lambda stores: _erased(stores, customer))
    click.echo("Deleted " + ", ".join(f"{count} {what}" for what, count in counts.items()) + ".")


async def _erased(stores: Stores, customer: Customer) -> dict[str, int]:
    """The record goes last: should anything fail on the way, the person is still found and it is done again."""
    from core.interactions.file_references import FileReferences

    references = FileReferences(stores.database)
    files = await references.of_customer(customer.id)
    counts = {
        "interactions": await stores.interactions.erase(customer.id),
        "conversations": await stores.conversations.erase(customer.id),
        "orders": await stores.orders.erase(customer.id),
        "leads": await stores.leads.erase(customer.id),
        "addresses": await stores.addresses.erase(customer.id),
    }
    # The same bytes are kept once, whoever sent them.
    gone = files - await references.still_used(sorted(files)) if files else files
    counts["files"] = [await stores.files.remove(sha256) for sha256 in sorted(gone)].count(True)
    contacts = [key.partition(":")[2] for key in (*customer.keys, *customer.claims)]
    counts["forms held back as spam"] = await stores.caught.erase(contacts)
    counts["records"] = await stores.customers.erase(customer.id)
    return counts
