"""This machine: its settings, disk and limits, the program of the private MongoDB, and whether a hub runs here."""

from __future__ import annotations

import asyncio
import json
import resource
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime

from cryptography import x509

from core.errors import SetupError
from core.mongod import find_mongod
from core.settings import Settings
from switchboard.checks.finding import Finding
from switchboard.maildoor import plan_of

LITTLE = 1024**3  # bytes of disk
# Each visitor and each agent's page is an open file, and each connection to the database.
FEW_FILES = 4096
PATIENCE = 3  # seconds


def machine(settings: Settings) -> Iterator[Finding]:
    """Everything that needs no database."""
    yield public(settings)
    yield disk(settings)
    yield files()
    if settings.smtp_listen or settings.lmtp_listen:
        yield mail(settings)
    if settings.private_mongodb:
        yield program(settings)


def public(settings: Settings) -> Finding:
    """Where customers and providers find this hub."""
    if settings.public_url is None:
        return Finding(
            "Public URL", "is not set: links in messages and Telegram's webhooks need SWITCHBOARD_PUBLIC_URL", note=True
        )
    if not settings.public_url.startswith("https://"):
        return Finding("Public URL", f"{settings.public_url} is not https: providers refuse it", note=True)
    return Finding("Public URL", settings.public_url)


def mail(settings: Settings) -> Finding:
    """How other mail servers find this hub."""
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


def disk(settings: Settings) -> Finding:
    """The room for the data folder."""
    folder = next(path for path in (settings.data, *settings.data.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    says = f"{free / 1024**3:.1f} GB free for {settings.data}"
    return Finding("Disk", f"only {says}" if free < LITTLE else says, bad=free < LITTLE)


def files() -> Finding:
    """How many files a process may have open; the hub takes as many as it may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard >= FEW_FILES:
        return Finding("Open files", "as many as are needed" if hard < 0 else f"up to {hard:,} a process")
    says = f"only {hard:,} a process: each visitor needs one. Raise the limit (LimitNOFILE= in systemd, ulimit -Hn)"
    return Finding("Open files", says, note=True)


def program(settings: Settings) -> Finding:
    """The program of the private MongoDB."""
    try:
        return Finding("mongod", str(settings.mongod or find_mongod()))
    except SetupError as error:
        return Finding("mongod", error.sentence, bad=True)


async def hub(settings: Settings) -> Finding:
    """Whether a hub answers where these settings would have it listen."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104  # only compared
    place = f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
    status, body = await asyncio.to_thread(_asked, f"{place}/readyz")
    if status == 200 and body.get("ready"):
        return Finding("Hub", f"answers at {place} and is ready")
    if status == 503 and "sentence" in body:
        return Finding("Hub", f"at {place} is not ready: {body['sentence']}", bad=True)
    if status:
        return Finding("Hub", f"something else answers at {place}: choose another port with --port", note=True)
    return Finding("Hub", f"none answers at {place}; fine where it runs elsewhere or is stopped", note=True)


def _asked(url: str) -> tuple[int, dict[str, object]]:
    """The status and the JSON behind `url`; 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - the operator's own setting
            return answer.status, _json(answer.read(10_000))
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _json(error.read(10_000))
    except (OSError, ValueError):
        return 0, {}


def _json(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
