"""The options that commands share, and how a command gets its settings and stores."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from core.settings import Settings
    from switchboard.stores import Stores

C = TypeVar("C", bound=Callable[..., Any])
R = TypeVar("R")


def on_the_database(command: C) -> C:
    """Gives a command `--data` and `--mongodb-uri`; pass its keyword arguments of these names to `settings`."""
    for option in (
        click.option("--mongodb-uri", help="Use this MongoDB instead of the private one."),
        click.option("--data", type=click.Path(path_type=Path), help="The data folder."),
    ):
        command = option(command)
    return command


def settings(data: Path | None, mongodb_uri: str | None) -> Settings:
    """The settings; quiet logs. Raises SetupError."""
    from core.settings import Settings
    from switchboard.logs import configure

    loaded = Settings.load(data=data, mongodb_uri=mongodb_uri, log_level="error")
    configure(loaded)
    return loaded


def with_stores(settings: Settings, work: Callable[[Stores], Awaitable[R]]) -> R:
    """Runs `work` on the stores, starting or joining the private MongoDB where there is no other. Raises SetupError."""
    from switchboard.stores import open_stores

    async def run() -> R:
        async with open_stores(settings) as stores:
            return await work(stores)

    return asyncio.run(run())


def secret_from(name: str, variable: str | None, file: Path | None) -> str | None:
    """A secret named on the command line without being written there: from an environment variable or a file's text."""
    from core.settings import environment_secret

    if variable is not None:
        value = environment_secret(variable)
        if not value:
            raise click.ClickException(f"The environment variable {variable} for {name} is not set.")
        return value
    if file is not None:
        try:
            value = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise click.ClickException(f"The file {file} for {name} cannot be read: {error}") from error
        if not value:
            raise click.ClickException(f"The file {file} for {name} is empty.")
        return value
    return None
