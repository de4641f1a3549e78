"""`switchboard doctor`: looks at everything a hub needs and says what to mend."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from switchboard.commands.options import on_the_database
from switchboard.commands.options import settings as load

if TYPE_CHECKING:
    from core.channel import Account, Channel
    from core.settings import Settings
    from switchboard.stores import Stores

PATIENCE = 20  # seconds for each line's provider
LITTLE = 1024**3  # bytes of disk


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. `bad` must be mended; `note` is worth knowing."""

    what: str
    says: str
    bad: bool = False
    note: bool = False


@click.command()
@on_the_database
def doctor(data: Path | None, mongodb_uri: str | None) -> None:
    """Check the set-up and say what to mend. Ends with 1 when something must be."""
    from core.errors import SetupError

    try:
        settings = load(data, mongodb_uri)
    except SetupError as error:
        _print(Finding("Settings", error.sentence, bad=True))
        sys.exit(1)
    _print(Finding("Settings", "can be read"))
    sys.exit(asyncio.run(_all(settings)))


async def _all(settings: Settings) -> int:
    worst = 0
    async for finding in _findings(settings):
        _print(finding)
        worst = max(worst, int(finding.bad))
    return worst


def _print(finding: Finding) -> None:
    mark = "✗" if finding.bad else "!" if finding.note else "✓"
    first, *more = finding.says.splitlines()
    click.echo(f"{mark} {finding.what:<12} {first}")
    for line in more:
        click.echo(f"  {'':<12} {line.strip()}")


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    from core.errors import SwitchboardError
    from switchboard.stores import open_stores

    yield _public(settings)
    yield _disk(settings)
    if settings.smtp_listen or settings.lmtp_listen:
        yield _mail(settings)
    if settings.private_mongodb:
        yield _program(settings)
    try:
        async with open_stores(settings) as stores:
            yield Finding("MongoDB", "answers, and is a replica set")
            yield await _indexes(stores)
            yield await _people(stores)
            yield await _unread(stores)
            try:
                accounts = await stores.accounts.all()
            except SwitchboardError as error:
                yield Finding("Lines", error.sentence, bad=True)
                return
            if not accounts:
                yield Finding("Lines", "none yet: switchboard account add", note=True)
            for account in accounts:
                yield await _line(account)
    except SwitchboardError as error:
        yield Finding("MongoDB", error.sentence, bad=True)


def _public(settings: Settings) -> Finding:
    if settings.public_url is None:
        return Finding(
            "Public URL", "is not set: links in messages and Telegram's webhooks need SWITCHBOARD_PUBLIC_URL", note=True
        )
    if not settings.public_url.startswith("https://"):
        return Finding("Public URL", f"{settings.public_url} is not https: providers refuse it", note=True)
    return Finding("Public URL", settings.public_url)


def _mail(settings: Settings) -> Finding:
    """How other mail servers find this hub."""
    from cryptography import x509

    from core.errors import SetupError
    from switchboard.maildoor import plan_of

    where = ", ".join((*settings.smtp_listen, *settings.lmtp_listen))
    try:
        plan = plan_of(settings)
    except SetupError as error:
        return Finding("Mail", error.sentence, bad=True)
    says = f"is taken in at {where} as {plan.name}"
    if plan.name == "localhost":
        return Finding("Mail", f"{says}: give it a name with SWITCHBOARD_SMTP_NAME, or some will refuse it", note=True)
    if plan.certificate is None:
        if settings.smtp_listen:
            return Finding("Mail", f"{says}, without encryption: set SWITCHBOARD_SMTP_TLS_CERTIFICATE", note=True)
        return Finding("Mail", says)
    try:
        ends = x509.load_pem_x509_certificate(plan.certificate.read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as error:
        return Finding("Mail", f"the certificate {plan.certificate} cannot be read: {error}", bad=True)
    if ends < datetime.now(UTC):
        return Finding("Mail", f"the certificate {plan.certificate} ended on {ends:%Y-%m-%d}", bad=True)
    return Finding("Mail", f"{says}, encrypted; the certificate is valid until {ends:%Y-%m-%d}")


def _disk(settings: Settings) -> Finding:
    folder = next(path for path in (settings.data, *settings.data.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    says = f"{free / 1024**3:.1f} GB free for {settings.data}"
    return Finding("Disk", f"only {says}" if free < LITTLE else says, bad=free < LITTLE)


def _program(settings: Settings) -> Finding:
    from core.errors import SetupError
    from core.mongod import find_mongod

    try:
        return Finding("mongod", str(settings.mongod or find_mongod()))
    except SetupError as error:
        return Finding("mongod", error.sentence, bad=True)


async def _indexes(stores: Stores) -> Finding:
    from switchboard.stores import INDEXES

    there = {
        name: set(await stores.database.collection(name).index_information())
        for name in {index.collection for index in INDEXES}
    }
    missing = [f"{index.collection}.{index.name}" for index in INDEXES if index.name not in there[index.collection]]
    if not missing:
        return Finding("Indexes", "are up to date")
    return Finding("Indexes", f"{len(missing)} are missing: run switchboard migrate, or start the hub", note=True)


async def _people(stores: Stores) -> Finding:
    if await stores.agents.anybody():
        return Finding("Agents", "there is somebody to sign in")
    return Finding("Agents", "nobody yet; the first start makes an administrator, or: switchboard agent add", note=True)


async def _unread(stores: Stores) -> Finding:
    count = await stores.failed.count()
    if not count:
        return Finding("Intake", "everything that came in could be read")
    return Finding("Intake", f"{count} payloads could not be read; see Problems in the inbox", note=True)


async def _line(account: Account) -> Finding:
    import importlib

    from channels import CHANNELS
    from core.errors import SwitchboardError

    what = f"{account.channel}:{account.name}"
    if not account.enabled:
        return Finding("Line", f"{what} is off", note=True)
    if account.channel not in CHANNELS:
        return Finding("Line", f"{what}: this version has no such channel", bad=True)
    module, _, name = CHANNELS[account.channel].adapter.partition(":")
    adapter: Channel = getattr(await asyncio.to_thread(importlib.import_module, module), name)(account)
    try:
        facts = await _shaken(adapter)
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


async def _shaken(adapter: Channel) -> Mapping[str, Any] | None:
    """What the provider tells, None where there is none to ask."""
    from core.abilities import Handshakes

    if not isinstance(adapter, Handshakes):
        return None
    async with asyncio.timeout(PATIENCE):
        return await adapter.handshake(None)
