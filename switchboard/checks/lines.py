"""The lines: whether their secrets open, their providers answer, and when something last came."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from channels import CHANNELS
from core.abilities import Handshakes
from core.channel import Account, Channel
from core.errors import SwitchboardError
from switchboard.checks.finding import Finding, for_how_long
from switchboard.stores import Stores

PATIENCE = 20  # seconds for each line's provider
SILENT = timedelta(days=3)
# A listener renews its lease all the time; one that ran out so long ago has nobody.
UNHEARD = timedelta(minutes=2)


async def lines(stores: Stores) -> AsyncIterator[Finding]:
    """Each line."""
    sealed = await stores.accounts.sealed()
    if sealed:
        says = f"of {', '.join(sealed)} were encrypted with another key and cannot be opened. Start with the key they "
        says += "were made with (SWITCHBOARD_SECRET_KEY, or the data folder), or enter them anew"
        yield Finding("Secrets", says, bad=True)
        return
    accounts = await stores.accounts.all()
    if not accounts:
        yield Finding("Lines", "none yet: switchboard account add", note=True)
        return
    yield Finding("Secrets", "of every line can be opened")
    last, kept = await stores.accounts.last_in(), await stores.accounts.states()
    for account in accounts:
        yield await line(account)
        if account.enabled:
            state = kept.get(f"{account.channel}:{account.name}", {})
            for finding in _seen(account, last.get((account.channel, account.name)), state):
                yield finding


def _seen(account: Account, last: datetime | None, state: Mapping[str, Any]) -> list[Finding]:
    """What the hubs themselves noted of a line."""
    now, what = datetime.now(UTC), f"{account.channel}:{account.name}"
    found = []
    if state.get("problem"):
        found.append(Finding("Line", f"{what}: the hub noted: {state['problem']}", bad=True))
    if (until := state.get("listener_until")) and until < now - UNHEARD:
        says = f"{what}: nobody reads it since {for_how_long(until, now)}; is a worker running?"
        found.append(Finding("Line", says, bad=True))
    if last is not None and last < now - SILENT:
        found.append(Finding("Line", f"{what}: nothing came for {for_how_long(last, now)}", note=True))
    return found


async def line(account: Account) -> Finding:
    """Whether its provider answers, where there is one to ask."""
    what = f"{account.channel}:{account.name}"
    if not account.enabled:
        return Finding("Line", f"{what} is off", note=True)
    if account.channel not in CHANNELS:
        return Finding("Line", f"{what}: this version has no such channel", bad=True)
    module, _, name = CHANNELS[account.channel].adapter.partition(":")
    adapter: Channel = getattr(await asyncio.to_thread(importlib.import_module, module), name)(account)
    try:
        facts = await shaken(adapter)
    except SwitchboardError as error:
        return Finding("Line", f"{what}: {error.sentence}", bad=True)
    except TimeoutError:
        return Finding("Line", f"{what} did not answer within {PATIENCE} seconds", bad=True)
    finally:
        await adapter.close()
    if facts is None:
        return Finding("Line", f"{what} is set up")
    if facts.get("problem"):
        return Finding("Line", f"{what}: {facts['problem']}", bad=True)
    told = ", ".join(f"{key} {value}" for key, value in facts.items())
    return Finding("Line", f"{what} answers{f' ({told})' if told else ''}")


async def shaken(adapter: Channel) -> Mapping[str, Any] | None:
    """What the provider tells, None where there is none to ask."""
    if not isinstance(adapter, Handshakes):
        return None
    async with asyncio.timeout(PATIENCE):
        return await adapter.handshake(None)
