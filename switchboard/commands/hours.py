"""`switchboard hours`: when people are there, and the days that are different."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from switchboard.commands.options import on_the_database, settings, with_stores

if TYPE_CHECKING:
    from core.hours.hours import Hours
    from switchboard.stores import Stores

BY = "command line"


@click.group()
def hours() -> None:
    """Set and show when people are there. The bot tells customers, and plans calls within."""


@hours.command()
@on_the_database
def show(data: Path | None, mongodb_uri: str | None) -> None:
    """Show the opening hours, and whether it is open now."""
    from core.hours.hours import closes_at, next_open
    from core.hours.written import write_intervals, write_week

    known = with_stores(settings(data, mongodb_uri), lambda stores: stores.hours.get())
    if known is None:
        click.echo("No opening hours are set: whoever has the inbox open is who is there.")
        return
    click.echo(write_week(known) or "Closed all week.")
    click.echo(f"Time zone {known.time_zone}.")
    for day, intervals in sorted(known.days.items()):
        click.echo(f"{day} {write_intervals(intervals)}")
    now = datetime.now(UTC)
    closes, opens = closes_at(known, now), next_open(known, now)
    if closes:
        click.echo(f"Open now, until {closes.astimezone(known.zone):%a %d %b %H:%M}.")
    elif opens:
        click.echo(f"Closed now, open again {opens.astimezone(known.zone):%a %d %b %H:%M}.")
    else:
        click.echo("Closed now, and not open again within 400 days.")


@hours.command("set")
@click.argument("week")
@click.option("--zone", help="The time zone, such as Europe/Kyiv. What was set before stays.")
@on_the_database
def set_week(week: str, zone: str | None, data: Path | None, mongodb_uri: str | None) -> None:
    """Set the WEEK, such as "mon-fri 9:00-13:00 14:00-18:00, sat 22:00-2:00". Days not named are closed."""
    from core.hours.written import read_week

    intervals = read_week(week)

    def change(known: Hours) -> Hours:
        return replace(known, week=intervals, time_zone=zone or known.time_zone)

    _change(data, mongodb_uri, change)


@hours.command()
@click.argument("day")
@click.argument("times", default="closed")
@on_the_database
def holiday(day: str, times: str, data: Path | None, mongodb_uri: str | None) -> None:
    """Make a DAY different: 2026-12-25, or 12-25 for every year. TIMES as "10:00-14:00", or "closed"."""
    from core.hours.written import read_date, read_intervals

    name, intervals = read_date(day), read_intervals(times)
    _change(data, mongodb_uri, lambda known: replace(known, days={**known.days, name: intervals}))


@hours.command()
@click.argument("day")
@on_the_database
def usual(day: str, data: Path | None, mongodb_uri: str | None) -> None:
    """Make a DAY like any other of its kind again."""
    from core.hours.written import read_date

    name = read_date(day)
    _change(data, mongodb_uri, lambda known: replace(known, days={d: i for d, i in known.days.items() if d != name}))


@hours.command()
@on_the_database
def clear(data: Path | None, mongodb_uri: str | None) -> None:
    """Have no opening hours: whoever has the inbox open is who is there."""
    with_stores(settings(data, mongodb_uri), lambda stores: stores.hours.clear())
    click.echo("The opening hours are gone.")


def _change(data: Path | None, mongodb_uri: str | None, change: Callable[[Hours], Hours]) -> None:
    from core.hours.hours import Hours
    from core.hours.written import write_week

    async def changed(stores: Stores) -> Hours:
        known = await stores.hours.get() or Hours()
        return await stores.hours.save(change(known), by=BY, now=datetime.now(UTC))

    kept = with_stores(settings(data, mongodb_uri), changed)
    different = f"; days that are different: {len(kept.days)}" if kept.days else ""
    click.echo(f"{write_week(kept) or 'Closed all week'} ({kept.time_zone}){different}.")
