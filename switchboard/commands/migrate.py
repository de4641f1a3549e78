"""`switchboard migrate`: indexes up to date, before a new version takes over or by itself."""

from __future__ import annotations

from pathlib import Path

import click

from switchboard.commands.options import on_the_database, settings, with_stores


@click.command()
@on_the_database
def migrate(data: Path | None, mongodb_uri: str | None) -> None:
    """Bring the database's indexes up to date. A hub does this by itself when it starts; doing it twice is fine."""
    from switchboard.stores import migrated

    changes = with_stores(settings(data, mongodb_uri), migrated)
    for change in changes:
        click.echo(change)
    click.echo(f"{len(changes)} changes." if changes else "Everything is up to date.")
