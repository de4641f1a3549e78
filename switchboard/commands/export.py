"""`switchboard export`: everything known of one person, in one archive to hand over."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from switchboard.commands.options import on_the_database, settings, with_stores
from switchboard.commands.person import person

if TYPE_CHECKING:
    from switchboard.stores import Stores


@click.command()
@click.argument("who", metavar="PERSON")
@click.option("--to", "target", type=click.Path(path_type=Path, dir_okay=False), help="The archive to write.")
@on_the_database
def export(who: str, target: Path | None, data: Path | None, mongodb_uri: str | None) -> None:
    """Write everything known of PERSON (customer id, mail address or phone number) into a zip archive.

    It holds JSON and the files, and is readable by you alone. Orders come without their tracking tokens.
    """
    loaded = settings(data, mongodb_uri)

    async def work(stores: Stores) -> tuple[Path, dict[str, int]]:
        customer = await person(stores, who, loaded.country)
        path = target or Path(f"export-{customer.id}.zip")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise click.ClickException(f"{path} is there already. Name another file with --to.") from None
        except OSError as error:
            raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from error
        try:
            with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                return path, await _written(stores, customer.id, archive)
        except BaseException:
            path.unlink(missing_ok=True)  # half an archive is none
            raise

    path, counts = with_stores(loaded, work)
    click.echo(f"Wrote {path}: " + ", ".join(f"{count} {what}" for what, count in counts.items()) + ".")


async def _written(stores: Stores, customer_id: str, archive: zipfile.ZipFile) -> dict[str, int]:
    from core.interactions.file_references import FileReferences

    customer = await stores.customers.get(customer_id)
    merged = [await stores.customers.exactly(entry["id"]) for entry in customer.merged] if customer else []
    records = [one.document() for one in (customer, *merged) if one]
    addresses = [asdict(address) for address in await stores.addresses.of_customer(customer_id)]
    conversations = [one.document() for one in await stores.conversations.of_customer(customer_id, limit=100_000)]
    orders = [_without_token(order.document()) async for order in stores.orders.every_of(customer_id)]
    leads = [lead.document() for lead in await stores.leads.of_customer(customer_id, 100_000)]
    for name, documents in (
        ("customer", records),
        ("addresses", addresses),
        ("conversations", conversations),
        ("orders", orders),
        ("leads", leads),
    ):
        archive.writestr(f"{name}.json", _json(documents))
    entries = 0
    with archive.open("interactions.jsonl", "w") as lines:
        async for entry in stores.interactions.of_customer(customer_id):
            lines.write(_json_line(entry.document()))
            entries += 1
    files = 0
    for sha256 in sorted(await FileReferences(stores.database).of_customer(customer_id)):
        content = await stores.files.get(sha256)
        if content is not None:
            archive.writestr(f"files/{sha256}", content)
            files += 1
    return {
        "addresses": len(addresses),
        "conversations": len(conversations),
        "orders": len(orders),
        "leads": len(leads),
        "interactions": entries,
        "files": files,
    }


def _without_token(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "token"}


def _json(documents: Iterable[dict[str, Any]]) -> bytes:
    import orjson

    return orjson.dumps(list(documents), default=_shown, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)


def _json_line(document: dict[str, Any]) -> bytes:
    import orjson

    return orjson.dumps(document, default=_shown, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE)


def _shown(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
