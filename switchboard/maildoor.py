"""Opens the door for mail that comes in directly (SMTP, LMTP), where the settings ask for one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.channel import Account, Parses
from core.errors import SetupError
from core.settings import Settings, dns_server
from switchboard.wiring import Parts

if TYPE_CHECKING:
    from channels.email.direct.door import Plan


def wanted(settings: Settings) -> bool:
    """Whether this process takes in mail."""
    return settings.role != "worker" and bool(settings.smtp_listen or settings.lmtp_listen)


def plan_of(settings: Settings) -> Plan:
    """Where and how to listen. Raises SetupError when the certificate is there without its key, or the reverse."""
    # Loaded where mail comes in directly, and only there: DNS and SMTP are of no use to most.
    from channels.email.direct.door import Plan
    from channels.email.direct.terms import Limits

    if (settings.smtp_tls_certificate is None) != (settings.smtp_tls_key is None):
        raise SetupError(
            "SWITCHBOARD_SMTP_TLS_CERTIFICATE and SWITCHBOARD_SMTP_TLS_KEY belong together: set both, or none.",
            code="smtp_tls",
        )
    return Plan(
        smtp=settings.smtp_listen,
        lmtp=settings.lmtp_listen,
        name=settings.smtp_name or urlsplit(settings.public_url or "").hostname or "localhost",
        certificate=settings.smtp_tls_certificate,
        key=settings.smtp_tls_key,
        relays=settings.trusted_proxies,
        dns=tuple(dns_server(server) for server in settings.dns_servers),
        limits=Limits(mail=settings.smtp_max_mail),
    )


@asynccontextmanager
async def taking_mail(parts: Parts) -> AsyncIterator[Sequence[str]]:
    """Mail is taken in until the block ends, which finishes what is in hand; yields where."""
    if not wanted(parts.settings):
        yield ()
        return
    from channels.email.direct.door import Door

    async def accounts() -> list[Account]:
        return await parts.stores.accounts.all("email")

    async def take(account: Account, mail: bytes, headers: Mapping[str, str]) -> None:
        adapter = await parts.lines.get(account.channel, account.name)
        if isinstance(adapter, Parses):
            await parts.receive.take(account, adapter, mail, headers, keep_foreign=True)

    door = Door(plan_of(parts.settings), accounts, take)
    await door.open()
    try:
        yield door.addresses
    finally:
        await door.close()
