"""`switchboard bot`: talk to the bot in the terminal, and see what it did for customers."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from switchboard.commands.options import on_the_database, settings, with_stores

if TYPE_CHECKING:
    from bot.studio import Tried
    from core.conversations.reports import FlowReport
    from switchboard.stores import Stores

IDLE = timedelta(hours=24)
_PICK = re.compile(r"/(\d{1,2})")


@click.group(invoke_without_command=True)
@click.option("--channel", default="webchat", show_default=True, help="Speak as on this channel.")
@click.option("--as", "who", metavar="PERSON", help="Be this customer (id, mail or phone): their orders are shown.")
@click.option("--language", type=click.Choice(["en", "ru", "uk"]), help="What is known of the customer's language.")
@click.option("--away", is_flag=True, help="Nobody has the inbox open.")
@on_the_database
@click.pass_context
def bot(
    context: click.Context,
    channel: str,
    who: str | None,
    language: str | None,
    away: bool,
    data: Path | None,
    mongodb_uri: str | None,
) -> None:
    """Talk to the bot in a trial: the real bot on the real orders, questions and hours.

    Nothing you write is kept, nothing is sent, and nothing the bot would do is done. /1 presses the first button, an
    empty line or Ctrl+D ends it.
    """
    if context.invoked_subcommand is not None:
        return
    from channels import CHANNELS

    able = {name: line.capabilities for name, line in CHANNELS.items() if line.capabilities.sends}
    if channel not in able:
        raise click.UsageError(f"There is no channel {channel}. Choose one of: {', '.join(able)}.")
    loaded = settings(data, mongodb_uri)

    async def trial(stores: Stores) -> None:
        from bot import Bot, Studio, Trial
        from core.orders.lookup import OrderLookup
        from switchboard.commands.person import person
        from switchboard.wiring import bot_settings, library_on

        studio = Studio(Bot(bot_settings(loaded), library_on(stores)), OrderLookup(stores.orders), able)
        known = (await person(stores, who, loaded.country)).id if who else None
        at = Trial(language=language)
        offered: list[str] = []
        click.echo(f"Trial on {channel}: nothing is kept or sent. An empty line ends it.")
        while (text := await asyncio.to_thread(_line)) is not None:
            pressed = _PICK.fullmatch(text.strip())
            choice = offered[int(pressed[1]) - 1] if pressed and 0 < int(pressed[1]) <= len(offered) else None
            words = "" if choice else text
            tried = await studio.say(at, words, channel, choice=choice, known=known, on_duty=not away)
            at = tried.trial
            if tried.say:
                offered = [button.value for content in tried.say for button in content.buttons]
            _print(tried)

    with_stores(loaded, trial)


def _line() -> str | None:
    try:
        text = input("you: ")
    except EOFError:
        return None
    return text or None


def _print(tried: Tried) -> None:
    number = 0
    for content in tried.say:
        click.echo("\n".join(f"bot: {line}" for line in content.text.splitlines() or [""]))
        for button in content.buttons:
            number += 1
            click.echo(f"     /{number} {button.label}")
    if not tried.say:
        click.echo("bot says nothing")
    where = f"{tried.flow}.{tried.step}" if tried.flow else "no flow"
    click.echo(f"     ({where}, {tried.outcome})")
    for act in tried.acts:
        click.echo(f"     (would do: {type(act).__name__})")
    if tried.reason:
        click.echo(f"     (would hand over: {tried.reason})")


@bot.command()
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True, help="How far back.")
@on_the_database
def report(days: int, data: Path | None, mongodb_uri: str | None) -> None:
    """What the bot began, what it brought to an end, handed over, and where customers dropped out."""
    now = datetime.now(UTC)

    async def read(stores: Stores) -> list[FlowReport]:
        return await stores.conversations.flows(now - timedelta(days=days), now, idle=now - IDLE)

    rows = with_stores(settings(data, mongodb_uri), read)
    if not rows:
        click.echo(f"The bot did nothing in the last {days} days.")
        return
    click.echo(f"{'flow':<18}{'started':>9}{'finished':>10}{'to people':>11}{'left':>7}{'going':>7}  dropped at")
    for row in rows:
        dropped = ", ".join(f"{step} {count}" for step, count in sorted(row.dropped.items(), key=lambda one: -one[1]))
        counts = f"{row.started:>9}{row.finished:>10}{row.handed_over:>11}{row.left:>7}{row.going:>7}"
        click.echo(f"{row.flow:<18}{counts}  {dropped}".rstrip())
