"""One connection of a server that brings mail: ESMTP (RFC 5321) or LMTP (RFC 2033), on aiosmtpd 1.4.6.

What that library leaves to do: reading the mail in large steps with an end to it (it goes line by line and refuses
lines over 1,000 bytes, which people's mail has), an answer per recipient for LMTP, pipelining and enhanced status
codes, bounds on faults and connections, and addresses read without the standard library's grammar. Commands end at a
line feed; a mail ends at CRLF.CRLF and nothing else, so there is nothing to smuggle.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from ipaddress import ip_address
from typing import Any

import structlog
from aiosmtpd.smtp import MISSING, SMTP, syntax
from aiosmtpd.smtp import Envelope as Spoken
from aiosmtpd.smtp import Session as Peer

from channels.email.direct.delivery import LATER
from channels.email.direct.envelope import Envelope
from channels.email.direct.terms import Serves
from core.channel import Account

log = structlog.get_logger(__name__)

NULL = "<>"  # aiosmtpd's word for the sender of a bounce, which must not be empty
CHUNK = 64 * 1024
_END = b"\r\n.\r\n"
_BRACKETED = re.compile(r"<([^<>\x00-\x1f\x7f]*)>(.*)\Z", re.DOTALL)
_BARE = re.compile(r"([^<>\s\x00-\x1f\x7f]+)(.*)\Z", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_CODED = re.compile(r"[245]\d\d[ -][245]\.\d{1,3}\.\d{1,3}(?: |\Z)")
# Enhanced status codes (RFC 2034, which LMTP requires) for the library's own answers.
_CODES = {"220": "2.0.0", "221": "2.0.0", "250": "2.0.0", "252": "2.0.0", "454": "4.7.0", "500": "5.5.2",
          "501": "5.5.4", "502": "5.5.1", "503": "5.5.1", "530": "5.7.0", "552": "5.3.4", "553": "5.1.3",
          "554": "5.7.0", "555": "5.5.4"}  # fmt: skip


class Receiver(SMTP):
    """The server's side of one connection."""

    line_length_limit = CHUNK  # what is read at once; the length of a command is bounded below

    def __init__(self, door: Serves, loop: asyncio.AbstractEventLoop) -> None:
        self._door = door
        self._accounts: dict[str, Account] = {}
        self._faults = 0
        self._ip = ""
        self._refused = False
        self.busy = False  # a mail is being read or stored
        self.ended: asyncio.Future[None] = loop.create_future()
        super().__init__(
            self,
            data_size_limit=door.limits.mail,
            enable_SMTPUTF8=True,
            hostname=door.name,
            ident="ESMTP" if not door.lmtp else "LMTP",
            tls_context=door.context(),
            timeout=door.limits.command,
            auth_exclude_mechanism=("PLAIN", "LOGIN"),
            loop=loop,
        )
        # The library keeps these for all connections in common and lets each change them.
        self.command_size_limits = defaultdict(lambda: 2048)
        self.command_size_limit = 2048
        unwanted = {"AUTH", "EXPN", "HELP", *({"EHLO", "HELO"} if door.lmtp else {"LHLO"})}
        self._smtp_methods = {name: method for name, method in self._smtp_methods.items() if name not in unwanted}
        if not self.tls_context:
            self._smtp_methods.pop("STARTTLS", None)

    # ------------------------------------------------------------------------------------------- the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let in, or turned away when there are too many. Called a second time when TLS begins."""
        if self._original_transport is None:
            peer = transport.get_extra_info("peername")
            self._ip = str(peer[0]) if isinstance(peer, tuple) else ""
            if refusal := self._door.enter(self, self._ip):
                self._refused = True
                if isinstance(transport, asyncio.WriteTransport):
                    transport.write(refusal.encode() + b"\r\n")
                transport.close()
                return
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """The place of the connection is free again."""
        if self._refused:
            return
        self._door.leave(self, self._ip)
        if not self.ended.done():
            self.ended.set_result(None)
        super().connection_lost(error)

    def eof_received(self) -> bool | None:
        """The peer says no more."""
        return False if self._refused else super().eof_received()

    def end(self) -> None:
        """Say goodbye and close; for a connection that is not busy."""
        if self.transport is not None and not self._refused:
            self._writer.write(f"421 4.3.2 {self._door.name} is closing\r\n".encode())
            self.transport.close()

    async def push(self, status: str | bytes) -> None:
        """Answer, with an enhanced status code; who was told of too many faults is sent away."""
        line = status.decode("utf-8", "replace") if isinstance(status, bytes) else status
        line = _CONTROL.sub("?", line)  # the library repeats what it did not understand, as it came
        if line[3:4] == " " and line[:3] in _CODES and not _CODED.match(line) and not self._greeting:
            line = f"{line[:4]}{_CODES[line[:3]]} {line[4:]}"
        await super().push(line)
        self._faults += line[:1] == "5"
        if self._faults >= self._door.limits.faults and self.transport is not None:
            await super().push("421 4.7.0 Too many faults, goodbye")
            self.transport.close()

    _greeting = True  # neither the greeting nor the answer to EHLO has such a code

    async def handle_exception(self, error: Exception) -> str:
        """Called by aiosmtpd when a command failed in a way nobody foresaw: the peer is to come again."""
        log.warning("direct.command", error=f"{type(error).__name__}: {error}"[:300])
        return "451 4.3.0 That went wrong here, please try again"

    # --------------------------------------------------------------------------------------------- the commands

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802  # aiosmtpd's name
        """What the door can do."""
        self._greeting = True
        await super().smtp_EHLO(hostname)
        self._greeting = False

    async def smtp_HELO(self, hostname: str) -> None:  # noqa: N802  # aiosmtpd's name
        """The old greeting."""
        self._greeting = True
        await super().smtp_HELO(hostname)
        self._greeting = False

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, hostname: str) -> None:  # noqa: N802  # aiosmtpd's name
        """LMTP's greeting."""
        await self.smtp_EHLO(hostname)

    async def smtp_VRFY(self, arg: str) -> None:  # noqa: N802  # aiosmtpd's name
        """Nobody is told who is here."""
        await self.push("252 2.5.2 Please send the mail, then it will be seen")

    async def _hang_up(self, _: str) -> None:
        """A browser that was led here to say things in somebody's name (a cross-protocol attack)."""
        await self.push("421 4.7.0 This is a mail server")
        if self.transport is not None:
            self.transport.close()

    smtp_GET = smtp_POST = smtp_PUT = smtp_CONNECT = smtp_OPTIONS = _hang_up  # noqa: N815  # aiosmtpd's names

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Peer, envelope: Spoken, hostname: str, responses: list[str]
    ) -> list[str]:
        """Called by aiosmtpd with what it offers: no sign-in, nobody sends through us."""
        session.host_name = hostname
        offered = [line for line in responses if not line.startswith(("250-AUTH", "250 HELP"))]
        return [*offered, "250-PIPELINING", "250 ENHANCEDSTATUSCODES"]

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """The address in MAIL or RCPT and what follows it; a null sender is `<>`, None what is no address."""
        words = arg.strip()
        match = _BRACKETED.match(words) or _BARE.match(words)
        if match is None or _SURROGATE.search(words):
            return None, None
        address = match[1].strip()
        if address.startswith("@") and ":" in address:
            address = address.partition(":")[2]  # a source route (RFC 5321 appendix C)
        if not address:
            return NULL, match[2]
        plain = "@" in address[1:-1] or address.lower() == "postmaster"
        return (address, match[2]) if plain and len(address) <= 320 else (None, None)

    async def handle_MAIL(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Peer, envelope: Spoken, address: str, options: list[str]
    ) -> Any:
        """Called by aiosmtpd at the sender."""
        if self._door.closing:
            return "421 4.3.2 This server is closing"
        if self._door.resting:
            return LATER
        self._accounts = {}
        return MISSING

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Peer, envelope: Spoken, address: str, options: list[str]
    ) -> Any:
        """Called by aiosmtpd at each recipient: ours or not, with one answer for all that are not."""
        if len(envelope.rcpt_tos) >= self._door.limits.recipients:
            return "452 4.5.3 Too many recipients"
        try:
            account = await self._door.account(address)
        except Exception as error:
            # Nobody is told that a mailbox is missing because we could not look.
            log.warning("direct.recipients", error=f"{type(error).__name__}: {error}"[:300])
            return LATER
        if account is None or address == NULL:
            return "550 5.1.1 There is no such mailbox here"
        self._accounts[address] = account
        return MISSING

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  # aiosmtpd's name
        """Read the mail, hand it on, answer: once, or for LMTP once per recipient."""
        if await self.check_helo_needed():
            return
        if self.envelope is None or not self.envelope.rcpt_tos:
            await self.push("503 Error: need RCPT command")
            return
        if arg:
            await self.push("501 Syntax: DATA")
            return
        self.busy = True
        held = [0]
        try:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            mail = await self._read(held)
            self._reset_timeout(self._door.limits.whole)
            told = list(dict.fromkeys(self.envelope.rcpt_tos))
            if isinstance(mail, str):
                answers = dict.fromkeys(told, mail)
            else:
                answers = await self._door.deliver(mail, self._described(told), self._accounts)
            replies = [answers[one] for one in self.envelope.rcpt_tos] if self._door.lmtp else [_worst(answers)]
        finally:
            self._door.hold(-held[0])
            self.busy = False
        self.envelope = self._create_envelope()
        self._reset_timeout()
        for reply in replies:
            await self.push(reply)
        if self._door.closing:
            self.end()

    async def _read(self, held: list[int]) -> bytes | str:
        """The mail without its final dot, or the answer to one that is too large. `held[0]`: bytes accounted for."""
        limits, reader = self._door.limits, self._reader
        ends = self.loop.time() + limits.whole
        # The mail may be empty: its end then follows the line end of DATA itself.
        reader._buffer[:0] = b"\r\n"  # type: ignore[attr-defined]  # as aiosmtpd does; nothing public puts bytes back
        pieces: list[bytes] = []
        size, refusal = 0, ""
        while True:
            self._reset_timeout(min(limits.block, max(0.1, ends - self.loop.time())))
            try:
                piece = await reader.readuntil(_END)
                done = True
            except asyncio.LimitOverrunError as overrun:
                piece = await reader.readexactly(overrun.consumed)
                done = False
            size += len(piece)
            if not refusal:
                if size > limits.mail + len(_END) + 2:
                    refusal = "552 5.3.4 The mail is too large"
                elif self._door.hold(len(piece)):
                    held[0] += len(piece)
                    pieces.append(piece)
                else:
                    refusal = "452 4.3.1 Too much mail at once, please try again"
                if refusal:
                    pieces.clear()
                    self._door.hold(-held[0])
                    held[0] = 0
            elif size > 4 * limits.mail and self.transport is not None:
                # Whoever goes on and on has not read the size that was announced.
                await self.push(refusal)
                self.transport.close()
            if done:
                break
        if refusal:
            return refusal
        return _unstuffed(pieces)

    def _described(self, recipients: list[str]) -> Envelope:
        session, spoken = self.session, self.envelope
        assert session is not None  # noqa: S101  # for the type checker: there is one from the first byte on
        assert spoken is not None  # noqa: S101  # and an envelope likewise
        ip = ip_address(self._ip.partition("%")[0]) if self._ip else None
        protocol = "LMTP" if self._door.lmtp else "ESMTP" if session.extended_smtp else "SMTP"
        return Envelope(
            sender="" if spoken.mail_from in (None, NULL) else str(spoken.mail_from),
            recipients=tuple(recipients),
            peer=ip,
            helo=str(session.host_name or ""),
            protocol=f"{'UTF8' if spoken.smtp_utf8 else ''}{protocol}{'S' if session.ssl is not None else ''}",
            handed_on=self._door.lmtp or self._door.handed_on(ip),
        )


def _unstuffed(pieces: list[bytes]) -> bytes:
    """The mail in `pieces`, which it empties: without the line end before it, its final dot, and doubled dots.

    Done at the edges first, so that a large mail is not copied once for each.
    """
    pieces[-1] = pieces[-1][: 2 - len(_END)]
    pieces[0] = pieces[0][3 if pieces[0].startswith(b"\r\n.") else 2 :]
    whole = b"".join(pieces)
    pieces.clear()
    return whole.replace(b"\r\n.", b"\r\n") if b"\r\n." in whole else whole


def _worst(answers: dict[str, str]) -> str:
    """One answer for all: only when every account has the mail it is taken; what has it already knows it again."""
    return max(answers.values(), key=lambda answer: {"2": 0, "5": 1, "4": 2}[answer[:1]])
