"""`switchboard doctor`: looks at everything a hub needs and says what to mend."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from switchboard.checks.finding import Finding
from switchboard.commands.options import on_the_database
from switchboard.commands.options import settings as load

if TYPE_CHECKING:
    from core.settings import Settings


@click.command()
@on_the_database
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for monitoring.")
def doctor(data: Path | None, mongodb_uri: str | None, as_json: bool) -> None:
    """Check the set-up and say what to mend. Ends with 1 when something must be."""
    from core.errors import SetupError

    try:
        settings = load(data, mongodb_uri)
    except SetupError as error:
        wrong = Finding("Settings", error.sentence, bad=True)
        _print_all([wrong]) if as_json else _print(wrong)
        sys.exit(1)
    sys.exit(asyncio.run(_all(settings, as_json)))


async def _all(settings: Settings, as_json: bool) -> int:
    found = []
    async for finding in _findings(settings):
        found.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        _print_all(found)
    return int(any(finding.bad for finding in found))


def _print(finding: Finding) -> None:
    mark = "✗" if finding.bad else "!" if finding.note else "✓"
    first, *more = finding.says.splitlines()
    click.echo(f"{mark} {finding.what:<12} {first}")
    for line in more:
        click.echo(f"  {'':<12} {line.strip()}")


def _print_all(found: list[Finding]) -> None:
    told = [{"what": finding.what, "level": finding.level, "says": finding.says} for finding in found]
    ok = not any(finding.bad for finding in found)
    click.echo(json.dumps({"ok": ok, "findings": told}, ensure_ascii=False, indent=2))


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    from core.errors import SwitchboardError
    from switchboard.checks.lines import lines
    from switchboard.checks.machine import hub, machine
    from switchboard.checks.mongodb import mongodb
    from switchboard.checks.work import work
    from switchboard.stores import open_stores

    yield Finding("Settings", "can be read")
    for finding in machine(settings):
        yield finding
    yield await hub(settings)
    try:
        async with open_stores(settings) as stores:
            for check in (mongodb(stores, settings), work(stores, settings), lines(stores)):
                async for finding in check:
                    yield finding
    except SwitchboardError as error:
        yield Finding("MongoDB", error.sentence, bad=True)
