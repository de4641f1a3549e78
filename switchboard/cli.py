"""The command line: `switchboard COMMAND`. A command's module is imported when it is called, so `--help` is quick."""

from __future__ import annotations

import importlib
import sys

import click

from core.errors import SwitchboardError

# Command → where it is, and its line in the help (the module need not be imported to print it).
COMMANDS = {
    "serve": ("switchboard.commands.serve:serve", "Run the hub: pages, webhooks and workers."),
    "migrate": ("switchboard.commands.migrate:migrate", "Bring the database's indexes up to date."),
    "rotate": ("switchboard.commands.rotate:rotate", "Encrypt stored secrets anew after a change of the secret key."),
    "account": ("switchboard.commands.account:account", "Add, list and remove lines: bots, mailboxes, sites, shops."),
    "agent": ("switchboard.commands.agent:agent", "Add people, list them, give new passwords."),
    "bot": ("switchboard.commands.bot:bot", "Talk to the bot in a trial, and see what it did for customers."),
    "hours": ("switchboard.commands.hours:hours", "Set and show when people are there."),
    "doctor": ("switchboard.commands.doctor:doctor", "Check the set-up and say what to mend."),
    "normalise": ("switchboard.commands.normalise:normalise", "Print what an adapter makes of raw payloads."),
    "export": ("switchboard.commands.export:export", "Hand over everything known of one person."),
    "erase": ("switchboard.commands.erase:erase", "Delete everything known of one person."),
}


class Commands(click.Group):
    """The group of all commands, each loaded when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table as help, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="switchboard")
def cli() -> None:
    """Switchboard: every customer, every channel, one log."""


def main() -> None:
    """The entry point: what goes wrong on purpose is one sentence, not a traceback."""
    try:
        cli()
    except SwitchboardError as error:
        click.echo(error.sentence, err=True)
        sys.exit(1)
