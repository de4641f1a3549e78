"""`switchboard agent`: the people who answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from switchboard.commands.options import on_the_database, secret_from, settings, with_stores

if TYPE_CHECKING:
    from switchboard.stores import Stores


@click.group()
def agent() -> None:
    """Add people, list them, give new passwords."""


def _password(command: click.decorators.FC) -> click.decorators.FC:
    file = click.option(
        "--password-file", type=click.Path(path_type=Path, dir_okay=False), help="Read the password from this file."
    )
    variable = click.option("--password-env", metavar="VARIABLE", help="Read the password from this variable.")
    return file(variable(command))


@agent.command()
@click.argument("name")
@click.argument("email")
@click.option("--role", type=click.Choice(["agent", "admin"]), default="agent", show_default=True)
@click.option("--language", type=click.Choice(["en", "ru", "uk"]), default="en", show_default=True)
@_password
@on_the_database
def add(
    name: str,
    email: str,
    role: Literal["agent", "admin"],
    language: str,
    password_env: str | None,
    password_file: Path | None,
    data: Path | None,
    mongodb_uri: str | None,
) -> None:
    """Add a person. Without a password of yours, one is made and shown once."""
    if not name.strip() or "@" not in email.strip(" @"):
        raise click.UsageError("Give a name and a mail address.")
    chosen = _chosen(password_env, password_file)
    word = chosen or _made()
    with_stores(
        settings(data, mongodb_uri),
        lambda stores: stores.agents.add(name.strip(), email, word, role=role, language=language),
    )
    click.echo(f"Added {name.strip()} <{email.strip().lower()}>.")
    if not chosen:
        click.echo(f"Password: {word}   (shown once)")


@agent.command("list")
@on_the_database
def listed(data: Path | None, mongodb_uri: str | None) -> None:
    """List everybody."""
    for one in with_stores(settings(data, mongodb_uri), lambda stores: stores.agents.all()):
        state = "" if one.active else "  (inactive)"
        click.echo(f"{one.email:<40} {one.role:<6} {one.language}  {one.name}{state}")


@agent.command()
@click.argument("email")
@_password
@on_the_database
def password(
    email: str, password_env: str | None, password_file: Path | None, data: Path | None, mongodb_uri: str | None
) -> None:
    """Give a person a new password; it ends their sessions. Without one of yours, one is made and shown once."""
    chosen = _chosen(password_env, password_file)
    word = chosen or _made()

    async def change(stores: Stores) -> bool:
        found = await stores.agents.by_email(email)
        return found is not None and await stores.agents.change(found.id, password=word) is not None

    if not with_stores(settings(data, mongodb_uri), change):
        raise click.ClickException(f"There is nobody with the mail address {email}. See: switchboard agent list")
    click.echo("The password was changed, and all sessions ended.")
    if not chosen:
        click.echo(f"Password: {word}   (shown once)")


def _chosen(variable: str | None, file: Path | None) -> str | None:
    from core.agents.passwords import LONGEST, SHORTEST

    chosen = secret_from("the password", variable, file)
    if chosen is not None and not SHORTEST <= len(chosen) <= LONGEST:
        raise click.ClickException(f"A password has {SHORTEST} to {LONGEST} characters.")
    return chosen


def _made() -> str:
    from core.agents.passwords import new_password

    return new_password()
