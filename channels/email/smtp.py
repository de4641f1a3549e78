"""Handing a letter to an SMTP server, and what its answers mean.

The moment that matters is the final dot. Before it is sent nothing was accepted, so every trouble is `RetryLater`;
after it, only an answer tells, and where none comes the letter is `Uncertain`. DATA is therefore spoken here, not
through aiosmtplib's one call for both halves.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import cast

import aiosmtplib
from aiosmtplib.protocol import SMTPProtocol

from channels.email.account import MailAccount
from channels.email.compose import Letter
from channels.email.tokens import Tokens
from core.errors import DeliveryError, RecipientGone, Rejected, RetryLater, Uncertain
from core.said import Said

CONNECTIONS = 4
REST = 30.0  # seconds a connection is kept warm
NOT_LET_IN = "The mail server does not accept the user name or password:"
NO_SIGN_IN = "The mail server does not accept the OAuth2 sign-in:"
TIMEOUT = 30.0  # for a command
DATA_TIMEOUT = 120.0  # for the answer to a whole mail: servers scan it first (RFC 5321 section 4.5.3.2.6 says 600)
_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_NOBODY = re.compile(
    r"(?i)(?:user|recipient|mailbox|address|account)\W+(?:\S+\W+){0,4}?(?:unknown|not found|does(?:n't| not) exist|"
    r"no longer|unavailable|invalid|disabled)|(?:no such|unknown|invalid) (?:user|recipient|mailbox|address|account)|"
    r"unrouteable address"
)


class Postman:
    """A few connections to one server, reused while they are warm and closed after `rest` seconds without a letter."""

    def __init__(self, account: MailAccount, tokens: Tokens | None = None, *, rest: float = REST) -> None:
        """`tokens` are for a server that wants an access token instead of the password."""
        self._account = account
        self._tokens = tokens
        self._rest = rest
        self._rested: list[aiosmtplib.SMTP] = []
        self._busy = asyncio.Semaphore(CONNECTIONS)
        self._closing: asyncio.TimerHandle | None = None

    async def deliver(self, letter: Letter) -> str:
        """Returns what the server said when it had taken the letter. Raises a DeliveryError."""
        async with self._busy:
            reused = bool(self._rested)
            try:
                async with self._connection() as client:
                    return await _speak(client, letter)
            except _WentStale:
                if not reused:
                    raise
                self._drop()
                async with self._connection() as client:
                    return await _speak(client, letter)

    async def close(self) -> None:
        """Say goodbye on every resting connection."""
        if self._closing:
            self._closing.cancel()
        rested, self._rested = self._rested, []
        for client in rested:
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await asyncio.wait_for(client.quit(), 2)
            client.close()

    def _drop(self) -> None:
        rested, self._rested = self._rested, []
        for client in rested:
            client.close()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiosmtplib.SMTP]:
        client = self._rested.pop() if self._rested else await _connect(self._account, self._tokens)
        clean = False
        try:
            yield client
            clean = True
        except (RecipientGone, Rejected, RetryLater):
            # The server said no to this letter; the connection is as good as before.
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.rset(timeout=TIMEOUT)
                clean = True
            raise
        finally:
            if clean and client.is_connected:
                self._rested.append(client)
                if self._closing:
                    self._closing.cancel()
                self._closing = asyncio.get_running_loop().call_later(self._rest, self._drop)
            else:
                client.close()


class _WentStale(RetryLater):
    """The connection was gone before the server had heard of the letter."""


async def _connect(account: MailAccount, tokens: Tokens | None) -> aiosmtplib.SMTP:
    server = account.smtp
    if server is None:
        raise RetryLater("This mail account has no SMTP server yet. Please enter one.", account_wide=True, code="setup")
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        local_hostname=account.domain if re.fullmatch(r"[a-z0-9.-]+", account.domain) else "localhost",
        use_tls=server.security == "tls",
        start_tls=server.security == "starttls",
        tls_context=account.tls() if server.security != "none" else None,
        timeout=TIMEOUT,
    )
    try:
        await client.connect()
        if client.is_ehlo_or_helo_needed:
            try:
                await client.ehlo()
            except aiosmtplib.SMTPHeloError:
                await client.helo()
        if tokens is not None:
            await _show_token(client, account, tokens)
        # A relay in the own network may know us by our address and want no password, though the mailbox has one.
        elif account.password and (server.security != "none" or client.supports_extension("auth")):
            await client.login(account.username, account.password)
    except aiosmtplib.SMTPAuthenticationError as error:
        client.close()
        # Retried, not final: a changed password must not fail every waiting message for good.
        raise RetryLater(
            Said(NOT_LET_IN if tokens is None else NO_SIGN_IN, _said(error.code, error.message)),
            account_wide=True,
            code="auth",
        ) from error
    except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
        client.close()
        if isinstance(error.__cause__ or error, ssl.SSLCertVerificationError):
            sentence = Said("The certificate of the mail server {host} is not valid.", host=server.host)
            raise RetryLater(sentence, account_wide=True, code="tls") from error
        raise RetryLater(
            Said("The mail server {host} cannot be used right now:", _brief(error), host=server.host),
            account_wide=True,
            code="connection",
        ) from error
    return client


async def _show_token(client: aiosmtplib.SMTP, account: MailAccount, tokens: Tokens) -> None:
    """Sign in with an access token (XOAUTH2); one that is refused is renewed once."""
    try:
        token = await tokens.get()
        try:
            await client.auth_xoauth2(account.username, token)
        except aiosmtplib.SMTPAuthenticationError:
            renewed = await tokens.get(refused=token)
            await client.auth_xoauth2(account.username, renewed)
    except Rejected as error:
        # The account is wrong, not the letter: it waits until somebody has signed in again.
        client.close()
        raise RetryLater(error.sentence, account_wide=True, code=error.code) from error
    except RetryLater:
        client.close()
        raise


async def _speak(client: aiosmtplib.SMTP, letter: Letter) -> str:
    options = []
    encoding = "ascii"
    if letter.utf8:
        if not client.supports_extension("smtputf8"):
            raise Rejected("The mail server cannot write to addresses in this alphabet.", code="smtputf8")
        options.append("SMTPUTF8")
        encoding = "utf-8"
    if client.supports_extension("size"):
        limit = client.esmtp_extensions.get("size", "").strip()
        if limit.isdigit() and 0 < int(limit) < len(letter.body):
            raise Rejected(
                Said(
                    "The message is too large for the mail server ({size} MB; it takes {limit} MB).",
                    size=len(letter.body) // 1_000_000 + 1,
                    limit=int(limit) // 1_000_000,
                ),
                code="too_large",
            )
        options.append(f"SIZE={len(letter.body)}")
    reports = client.supports_extension("dsn")
    if reports:
        # What fails or is late is told to us with the head of the mail, and with our mark (RFC 3461).
        options.append("RET=HDRS")
        if letter.mark:
            options.append(f"ENVID={letter.mark}")
    try:
        await client.mail(letter.sender, options=options, encoding=encoding, timeout=TIMEOUT)
    except aiosmtplib.SMTPResponseException as error:
        if error.code == 421:
            raise _WentStale(Said("The mail server closed:", _said(error.code, error.message)), code="421") from error
        raise _refused(error.code, error.message, recipient=False) from error
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        raise _WentStale(
            Said("The connection to the mail server was lost:", _brief(error)), code="connection"
        ) from error
    try:
        for one in (letter.recipient, *letter.copies):
            wanted = ["NOTIFY=FAILURE,DELAY", *_original(one)] if reports else []
            await client.rcpt(one, options=wanted, encoding=encoding, timeout=TIMEOUT)
        answer = await client.execute_command(b"DATA", timeout=TIMEOUT)
    except aiosmtplib.SMTPRecipientRefused as error:
        if error.recipient != letter.recipient and 500 <= error.code < 600:
            # Before the first word of it was sent: nobody has it, so it can be sent again without this copy.
            raise Rejected(
                Said(
                    "Nothing was sent, because the copy to {address} was refused:",
                    _said(error.code, error.message),
                    address=error.recipient,
                ),
                code="copy",
            ) from error
        raise _refused(error.code, error.message, recipient=error.recipient == letter.recipient) from error
    except aiosmtplib.SMTPResponseException as error:
        raise _refused(error.code, error.message, recipient=False) from error
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        raise RetryLater(
            Said("The connection to the mail server was lost:", _brief(error)), code="connection"
        ) from error
    if answer.code != 354:
        raise _refused(answer.code, answer.message, recipient=False)
    return await _data(client, letter.body)


def _original(recipient: str) -> list[str]:
    """ORCPT, so that a report names the recipient as we know it; xtext (RFC 3461 section 4) for what is special."""
    if not recipient.isascii():
        return []
    coded = "".join(c if "!" <= c <= "~" and c not in "+=" else f"+{ord(c):02X}" for c in recipient)
    return [f"ORCPT=rfc822;{coded}"]


async def _data(client: aiosmtplib.SMTP, body: bytes) -> str:
    protocol = client.protocol
    if protocol is None:
        raise RetryLater("The connection to the mail server was lost.", code="connection")
    try:
        protocol.write(re.sub(rb"(?m)^\.", b"..", body))
        await _drained(protocol)
        # Nothing waits between writing the dot and reading the answer, so no answer can be missed.
        protocol.write(b".\r\n")
    except (aiosmtplib.SMTPException, OSError) as error:
        client.close()
        raise RetryLater(
            Said("The connection to the mail server was lost:", _brief(error)), code="connection"
        ) from error
    except asyncio.CancelledError:
        client.close()
        raise
    try:
        answer = await protocol.read_response(timeout=DATA_TIMEOUT)
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        client.close()
        raise Uncertain(
            "The connection was lost just after the message was handed over. It may have been sent; "
            "please ask or look before sending it again.",
            code="no_answer",
        ) from error
    if not 200 <= answer.code < 300:
        raise _refused(answer.code, answer.message, recipient=False)
    return answer.message


async def _drained(protocol: SMTPProtocol) -> None:
    """Returns when the kernel has all of it. Raises SMTPServerDisconnected when the line is lost or stands still."""
    stalled, last = 0.0, -1
    while True:
        transport = protocol.transport
        if transport is None or transport.is_closing():
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        waiting = cast("asyncio.WriteTransport", transport).get_write_buffer_size()
        if waiting == 0:
            return
        stalled = stalled + 0.02 if waiting == last else 0.0
        last = waiting
        if stalled > TIMEOUT:
            raise aiosmtplib.SMTPServerDisconnected("The server reads no further")
        await asyncio.sleep(0.02)


def _refused(code: int, message: str, *, recipient: bool) -> DeliveryError:
    """What an answer other than yes means (RFC 5321 section 4.2, RFC 3463)."""
    said = _said(code, message)
    enhanced = _ENHANCED.search(message)
    status = enhanced[0] if enhanced else str(code)
    if not 500 <= code < 600:
        return RetryLater(Said("The mail server asks to try again later:", said), code=status)
    if recipient and (
        (enhanced and enhanced[2] == "1" and enhanced[3] not in ("7", "8"))
        or (not enhanced and code in (550, 551, 553) and _NOBODY.search(message))
    ):
        return RecipientGone(Said("This mail address does not exist (any more).", said), code=status)
    return Rejected(Said("The mail server refused the message:", said), code=status)


def _said(code: int, message: str) -> str:
    return f"{code} {' '.join(message.encode('utf-8', 'replace').decode().split())[:300]}"


def _brief(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
