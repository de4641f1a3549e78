"""`switchboard rotate`: stored secrets under the present secret key, so that the former one can be dropped."""

from __future__ import annotations

from pathlib import Path

import click

from switchboard.commands.options import on_the_database, settings, with_stores


@click.command()
@click.option("--new-key", is_flag=True, help="First of all: make a new key in the data folder. Then restart the hub.")
@on_the_database
def rotate(data: Path | None, mongodb_uri: str | None, *, new_key: bool) -> None:
    """Encrypt every stored secret anew with the present secret key. Safe while hubs run, and to be stopped half-way.

    Every hub must know the present key by then; docs/operate.md has the steps.
    """
    from core.secret_key import OLD_KEYS, begin_new_key

    loaded = settings(data, mongodb_uri)
    if new_key:
        begin_new_key(loaded)
        click.echo(f"There is a new key in {loaded.data}; the one before is in {OLD_KEYS}.")
        click.echo("Restart the hub, so that it uses the new one. Then run: switchboard rotate")
        return
    renewed, there = with_stores(loaded, lambda stores: stores.accounts.rotate())
    click.echo(f"{renewed} secrets were encrypted anew, {there} already had the present key.")
    click.echo("Nothing stored needs a former key any more. Links in messages that were sent, and chats of visitors,")
    click.echo("still do: list it for as long as those should work.")
