"""`switchboard account`: the lines, each an account of a channel."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from switchboard.commands.options import on_the_database, secret_from, settings, with_stores

if TYPE_CHECKING:
    from core.channel import Account, Field, Line
    from switchboard.stores import Stores

_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


@click.group()
def account() -> None:
    """Add, list and remove lines: bots, mailboxes, sites, shops."""


@account.command()
@click.argument("channel")
@click.argument("name")
@click.option("--title", default="", help="What agents see.")
@click.option("--set", "given", multiple=True, metavar="FIELD=VALUE", help="A setting; not for secrets.")
@click.option("--secret-env", "variables", multiple=True, metavar="FIELD=VARIABLE", help="A secret, from a variable.")
@click.option("--secret-file", "files", multiple=True, metavar="FIELD=FILE", help="A secret, from a file.")
@click.option("--off", is_flag=True, help="Add it switched off.")
@click.option("--replace", is_flag=True, help="Change the line of this name; what is not given stays.")
@on_the_database
def add(
    channel: str,
    name: str,
    title: str,
    given: Sequence[str],
    variables: Sequence[str],
    files: Sequence[str],
    off: bool,
    replace: bool,
    data: Path | None,
    mongodb_uri: str | None,
) -> None:
    """Add the line NAME of CHANNEL. What is missing is asked for; secrets are never written on the command line."""
    from core.accounts.made import with_made_secrets
    from core.channel import Account

    line = _line(channel)
    if not _NAME.fullmatch(name):
        raise click.UsageError("Use 1 to 40 letters, digits, - or _ for the name.")
    values = {field.name: _typed(field, value) for field, value in _pairs(line, given, secret=False)}
    secrets = {
        **{f.name: secret_from(f.name, variable, None) or "" for f, variable in _pairs(line, variables, secret=True)},
        **{f.name: secret_from(f.name, None, Path(path)) or "" for f, path in _pairs(line, files, secret=True)},
    }
    loaded = settings(data, mongodb_uri)
    known = with_stores(loaded, lambda stores: stores.accounts.get(channel, name))
    if known and not replace:
        raise click.ClickException(f"There is a line {channel} {name} already. To change it, add --replace.")
    _ask(line, values, secrets, known)
    wanted = Account(
        channel,
        name,
        title or (known.title if known else ""),
        {**_defaults(line), **(known.settings if known else {}), **values},
        secrets,
        enabled=not off,
    )
    complete, made = with_made_secrets(wanted, line, known)
    with_stores(loaded, lambda stores: stores.accounts.save(complete))
    click.echo(f"{'Changed' if known else 'Added'} {channel} {name}.")
    for secret, value in made.items():
        click.echo(f"{secret}: {value}   (shown once)")


@account.command("list")
@on_the_database
def listed(data: Path | None, mongodb_uri: str | None) -> None:
    """List every line and what is wrong with it."""

    async def read(stores: Stores) -> list[tuple[Account, str]]:
        states = await stores.accounts.states()
        return [(a, states.get(f"{a.channel}:{a.name}", {}).get("problem") or "") for a in await stores.accounts.all()]

    for one, problem in with_stores(settings(data, mongodb_uri), read):
        state = problem or ("on" if one.enabled else "off")
        click.echo(f"{one.channel:<10} {one.name:<24} {one.title:<24} {state}".rstrip())


@account.command()
@click.argument("channel")
@click.argument("name")
@on_the_database
def show(channel: str, name: str, data: Path | None, mongodb_uri: str | None) -> None:
    """Show one line; of its secrets only whether they are set."""
    line = _line(channel)
    loaded = settings(data, mongodb_uri)

    async def read(stores: Stores) -> tuple[Account | None, dict[str, Any]]:
        states = await stores.accounts.states()
        return await stores.accounts.get(channel, name), dict(states.get(f"{channel}:{name}", {}))

    found, state = with_stores(loaded, read)
    if found is None:
        raise click.ClickException(_nothing(channel, name))
    click.echo(f"{channel} {name}{f' ({found.title})' if found.title else ''}: {'on' if found.enabled else 'off'}")
    for field in line.fields:
        value = found.secrets.get(field.name) if field.secret else found.settings.get(field.name)
        shown = "not set" if value in (None, "") else "set, and not shown" if field.secret else value
        click.echo(f"  {field.name:<18} {shown}")
    for fact, told in (state.get("facts") or {}).items():
        click.echo(f"  {fact:<18} {told}")
    if state.get("problem"):
        click.echo(f"  problem            {state['problem']}")


@account.command()
@click.argument("channel")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@on_the_database
def remove(channel: str, name: str, yes: bool, data: Path | None, mongodb_uri: str | None) -> None:
    """Remove a line. What came over it stays in the log."""
    if not yes:
        click.confirm(f"Remove {channel} {name} with its settings and secrets?", abort=True)
    if not with_stores(settings(data, mongodb_uri), lambda stores: stores.accounts.remove(channel, name)):
        raise click.ClickException(_nothing(channel, name))
    click.echo(f"Removed {channel} {name}.")


@account.command()
@click.argument("channel")
@click.argument("name")
@on_the_database
def authorise(channel: str, name: str, data: Path | None, mongodb_uri: str | None) -> None:
    """Sign in at the provider, so that the line NAME may work without a password."""
    from core.errors import Invalid
    from core.keyring import Authorises
    from core.lines import Lines
    from core.network import Network

    table = {channel: _line(channel)}
    loaded = settings(data, mongodb_uri)

    async def sign_in(stores: Stores) -> dict[str, str]:
        found = await stores.accounts.get(channel, name)
        if found is None:
            raise click.ClickException(_nothing(channel, name))
        adapter = await Lines(stores.accounts, table, Network(loaded.private_networks)).make(found)
        if not isinstance(adapter, Authorises):
            raise Invalid(f"Nobody signs in on a line of {channel}.")
        try:
            return dict(await adapter.authorise(click.echo, _answer))
        finally:
            await adapter.close()

    async def keep(stores: Stores) -> None:
        found = await stores.accounts.get(channel, name)
        if found is None:
            raise click.ClickException(_nothing(channel, name))
        await stores.accounts.save(dataclasses.replace(found, secrets=secrets))

    secrets = with_stores(loaded, sign_in)
    with_stores(loaded, keep)
    click.echo(f"Signed in. {channel} {name} can work now.")


async def _answer(question: str) -> str:
    # Nothing else is at work here that could be kept waiting.
    answer: str = click.prompt(question)
    return answer


def _nothing(channel: str, name: str) -> str:
    return f"There is no line {channel} {name}. See: switchboard account list"


def _line(channel: str) -> Line:
    from channels import CHANNELS

    if channel not in CHANNELS:
        raise click.UsageError(f"There is no channel {channel}; there are {', '.join(CHANNELS)}.")
    return CHANNELS[channel]


def _pairs(line: Line, given: Sequence[str], *, secret: bool) -> list[tuple[Field, str]]:
    fields = {field.name: field for field in line.fields if field.secret is secret}
    pairs = []
    for one in given:
        name, is_pair, value = one.partition("=")
        if not is_pair or name not in fields:
            kind = "secret" if secret else "setting"
            there = ", ".join(fields) or "none"
            raise click.UsageError(f"{name} is no {kind} of {line.name}, or has no =. There are: {there}.")
        pairs.append((fields[name], value))
    return pairs


def _typed(field: Field, value: str) -> str | int | bool:
    if isinstance(field.default, bool):
        if value.lower() not in ("yes", "no", "true", "false", "1", "0"):
            raise click.UsageError(f"{field.name} is yes or no.")
        return value.lower() in ("yes", "true", "1")
    if isinstance(field.default, int):
        if not re.fullmatch("[0-9]{1,9}", value, re.ASCII):
            raise click.UsageError(f"{field.name} is a whole number.")
        return int(value)
    return value


def _defaults(line: Line) -> dict[str, str | int | bool]:
    return {field.name: field.default for field in line.fields if field.default is not None and not field.secret}


def _ask(line: Line, values: dict[str, Any], secrets: dict[str, str], known: Account | None) -> None:
    """Ask for what is required and missing, at a terminal; elsewhere name it."""
    missing = []
    for field in line.fields:
        holder: dict[str, Any] = secrets if field.secret else values
        kept = (known.secrets if field.secret else known.settings).get(field.name) if known else None
        if holder.get(field.name) or kept or field.default is not None:
            continue
        if not sys.stdin.isatty():
            if field.required:
                missing.append(field.name)
            continue
        if field.required or field.secret:
            answer = click.prompt(
                f"{field.label}{f' ({field.help})' if field.help else ''}",
                default=None if field.required else "",
                show_default=False,
                hide_input=field.secret,
            )
            if answer:
                holder[field.name] = answer if field.secret else _typed(field, answer)
    if missing:
        raise click.UsageError(
            f"{line.name} needs {', '.join(missing)}: give --set FIELD=VALUE, --secret-env or --secret-file."
        )
