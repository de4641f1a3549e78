"""Listens for mail servers, on TCP or on a local socket, until it is closed; then what is in hand is finished."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import stat
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path
from typing import Any

import structlog

from channels.email.direct.delivery import Delivery, Takes
from channels.email.direct.envelope import Envelope
from channels.email.direct.lookup import Lookup
from channels.email.direct.recipients import Recipients
from channels.email.direct.session import Receiver
from channels.email.direct.terms import Guest, Limits
from core.channel import Account
from core.errors import SetupError

log = structlog.get_logger(__name__)

GRACE = 20.0  # seconds for mails in hand when the hub stops
REST = (4.0, 60.0)  # seconds without reading mail after the database was away: at first, at most


@dataclass(frozen=True, slots=True)
class Plan:
    """Where and how to listen. An address is `host:port` or, for a local socket, a path.

    `relays` are networks of our own mail servers: what they hand on was sent by somebody else.
    """

    smtp: tuple[str, ...] = ()
    lmtp: tuple[str, ...] = ()
    name: str = "localhost"
    certificate: Path | None = None
    key: Path | None = None
    relays: tuple[IPv4Network | IPv6Network, ...] = ()
    dns: tuple[tuple[str, int], ...] = ()
    limits: Limits = field(default_factory=Limits)


class Door:
    """The intake. `open()` raises SetupError when it cannot listen; `addresses` says where it does."""

    def __init__(self, plan: Plan, accounts: Callable[[], Awaitable[Sequence[Account]]], take: Takes) -> None:
        self._plan = plan
        self._recipients = Recipients(accounts)
        self._delivery = Delivery(take, Lookup(plan.dns), plan.name, self._troubled)
        self._certificate = _Certificate(plan.certificate, plan.key) if plan.certificate and plan.key else None
        self._servers: list[asyncio.Server] = []
        self._sockets: list[Path] = []
        self._sessions: set[Guest] = set()
        self._per_ip: Counter[str] = Counter()
        self._deliveries: set[asyncio.Task[dict[str, str]]] = set()
        self._in_hand = 0
        self._rest_until = 0.0
        self._rest = REST[0]
        self.closing = False
        self.addresses: list[str] = []

    # ------------------------------------------------------------------------------------------ begin and end

    async def open(self) -> None:
        """Begin to listen. Raises SetupError."""
        if self._certificate is not None:
            self._certificate.context()
        try:
            for address in self._plan.smtp:
                await self._listen(address, _Side(self, lmtp=False))
            for address in self._plan.lmtp:
                await self._listen(address, _Side(self, lmtp=True))
        except BaseException:
            await self.close()
            raise

    async def _listen(self, address: str, side: _Side) -> None:
        loop = asyncio.get_running_loop()

        def session() -> Receiver:
            return Receiver(side, loop)

        try:
            if "/" in address:
                path = Path(address)
                _clear(path)
                self._servers.append(await loop.create_unix_server(session, address))
                self._sockets.append(path)
                _share(path)
                self.addresses.append(address)
            else:
                host, _, port = address.rpartition(":")
                server = await loop.create_server(session, host.strip("[]"), int(port), backlog=128)
                self._servers.append(server)
                self.addresses.append(f"{host}:{server.sockets[0].getsockname()[1]}")
        except OSError as error:
            raise SetupError(
                f"Mail cannot be taken in at {address} ({error.strerror or error}). "
                "Choose another address, or free this one.",
                code="smtp_listen",
            ) from error

    async def close(self, grace: float = GRACE) -> None:
        """Listen no more, finish the mails in hand, at most `grace` seconds, and part from everybody."""
        self.closing = True
        for server in self._servers:
            server.close()
        for session in list(self._sessions):
            if not session.busy:
                session.end()
        # Who brings a mail just now is told what became of it, and parted from then.
        await _all([session.ended for session in self._sessions], grace)
        for session in list(self._sessions):
            session.end()
        await _all([session.ended for session in self._sessions], 1)
        await _all(self._deliveries, grace)
        for server in self._servers:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(server.wait_closed(), 1)
        for path in self._sockets:
            path.unlink(missing_ok=True)

    # ------------------------------------------------------------------------------------ for its connections

    @property
    def limits(self) -> Limits:
        """What this door bears."""
        return self._plan.limits

    @property
    def name(self) -> str:
        """What this host calls itself."""
        return self._plan.name

    @property
    def resting(self) -> bool:
        """Whether the database was away a moment ago."""
        return time.monotonic() < self._rest_until

    def enter(self, session: Guest, ip: str, *, bounded: bool) -> str:
        """Count a connection in; the answer that ends it when there are too many."""
        if self.closing:
            return "421 4.3.2 This server is closing"
        if len(self._sessions) >= self.limits.connections or (bounded and self._per_ip[ip] >= self.limits.per_ip):
            return "421 4.7.0 Too many connections, please try again"
        self._sessions.add(session)
        self._per_ip[ip] += 1
        return ""

    def leave(self, session: Guest, ip: str) -> None:
        """Count it out."""
        if session in self._sessions:
            self._sessions.discard(session)
            self._per_ip[ip] -= 1
            if not self._per_ip[ip]:
                del self._per_ip[ip]

    def hold(self, size: int) -> bool:
        """Account for bytes in hand; False when there is no room for so many more."""
        if size > 0 and self._in_hand and self._in_hand + size > self.limits.in_hand:
            return False
        self._in_hand += size
        return True

    def handed_on(self, ip: IPv4Address | IPv6Address | None) -> bool:
        """Whether a server there is one of ours, which hands on what others sent."""
        return ip is not None and any(ip in network for network in self._plan.relays)

    async def account(self, recipient: str) -> Account | None:
        """Whose address it is. Raises what the database raises when it is away."""
        try:
            return await self._recipients.account(recipient)
        except Exception:
            self._troubled()
            raise

    async def deliver(self, mail: bytes, envelope: Envelope, accounts: dict[str, Account]) -> dict[str, str]:
        """Hand a mail on, to its end even if the connection breaks: it is whole, and known again if it comes again."""
        task = asyncio.create_task(self._delivery(mail, envelope, accounts))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)
        answers = await asyncio.shield(task)
        if any(answer.startswith("2") for answer in answers.values()):
            self._rest = REST[0]
        return answers

    def _troubled(self) -> None:
        """Nothing can be stored, most likely because the database is away: read no mail for a while, then longer."""
        if not self.resting:
            self._rest_until = time.monotonic() + self._rest
            self._rest = min(2 * self._rest, REST[1])

    def context(self) -> ssl.SSLContext | None:
        """What STARTTLS needs; None where there is no certificate."""
        return self._certificate.context() if self._certificate else None


class _Side:
    """One of the two languages a door speaks, for its connections."""

    def __init__(self, door: Door, *, lmtp: bool) -> None:
        self._door = door
        self.lmtp = lmtp
        self.limits = door.limits
        self.name = door.name
        self.leave = door.leave
        self.hold = door.hold
        self.handed_on = door.handed_on
        self.account = door.account
        self.deliver = door.deliver
        self.context = door.context

    def enter(self, session: Guest, ip: str) -> str:
        # A mail server of ours may come as often as it likes.
        return self._door.enter(session, ip, bounded=not self.lmtp)

    @property
    def resting(self) -> bool:
        return self._door.resting

    @property
    def closing(self) -> bool:
        return self._door.closing


class _Certificate:
    """The certificate, read anew when its file changes, since certificates are renewed while a hub runs."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._paths = certificate, key
        self._read_at: tuple[float, ...] = ()
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """The context to use now. Raises SetupError when there is none yet and none can be had."""
        try:
            changed = tuple(path.stat().st_mtime for path in self._paths)
            if self._context is None or changed != self._read_at:
                context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                context.load_cert_chain(*self._paths)
                self._context, self._read_at = context, changed
        except (OSError, ssl.SSLError) as error:
            if self._context is None:
                raise SetupError(
                    f"The certificate for mail cannot be used ({error.strerror or error}). Check "
                    "SWITCHBOARD_SMTP_TLS_CERTIFICATE and SWITCHBOARD_SMTP_TLS_KEY.",
                    code="smtp_tls",
                ) from error
            log.warning("direct.certificate", error=str(error)[:200])  # the old one serves on
        return self._context


async def _all(futures: Iterable[asyncio.Future[Any]], seconds: float) -> None:
    if waiting := list(futures):
        await asyncio.wait(waiting, timeout=seconds)


def _share(path: Path) -> None:
    """For the hub's user and group; the mail server has to be in that group."""
    path.chmod(0o660)


def _clear(path: Path) -> None:
    """Remove a local socket that a killed process left behind; OSError when somebody still listens there."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise OSError(f"there is a file named {path}")
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()
                return
        raise OSError("another process listens there")
