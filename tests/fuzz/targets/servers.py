"""What other machines say to us: mail servers that bring mail or take ours, mailboxes, Telegram, sign-in services.

An input is what they say, piece by piece, with a line of three dashes between the pieces.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from channels.email import mailbox
from channels.email.account import read as settings_of
from channels.email.compose import Letter
from channels.email.direct.envelope import Envelope
from channels.email.direct.session import Receiver
from channels.email.direct.terms import Guest, Limits
from channels.email.providers.brevo import Brevo
from channels.email.providers.resend import Resend
from channels.email.providers.ses import Ses
from channels.email.smtp import Postman
from channels.email.tokens import Tokens
from channels.telegram.adapter import Telegram
from core.channel import Account, Address, Outbound
from core.content import Content, File
from core.errors import DeliveryError, IntakeError, Rejected
from core.errors import RetryLater as Later
from tests.channels.email.providers import made, test_brevo, test_resend, test_ses
from tests.channels.telegram.cases import ACCOUNT as BOT
from tests.fuzz.speaker import Speaker
from tests.fuzz.target import Target

_GAP = re.compile(rb"\n---\n")
PIECES = 40  # said at most


def pieces_of(data: bytes) -> list[bytes]:
    """The pieces of an input."""
    return _GAP.split(data)[:PIECES]


def said(*pieces: bytes) -> bytes:
    """The input of these pieces."""
    return b"\n---\n".join(pieces)


# ---------------------------------------------------------------------------------- a mail server brings us mail


class _Side:
    """A door that keeps what it is given, in place of the one that stores it. Implements Serves."""

    limits = Limits(mail=20_000, in_hand=40_000, recipients=5, faults=20)
    name = "mx.shop.test"
    resting = closing = False

    def __init__(self, *, lmtp: bool) -> None:
        self.lmtp = lmtp
        self.held = 0
        self.taken: list[tuple[bytes, Envelope]] = []

    def enter(self, session: Guest, ip: str) -> str:
        """Everybody may."""
        return ""

    def leave(self, session: Guest, ip: str) -> None:
        """Nothing is counted."""

    def hold(self, size: int) -> bool:
        """Whether there is room."""
        if self.held + size > self.limits.in_hand:
            return False
        self.held += size
        return True

    def handed_on(self, ip: IPv4Address | IPv6Address | None) -> bool:
        """No server is ours."""
        return False

    async def account(self, recipient: str) -> Account | None:
        """One mailbox."""
        return Account("email", "help") if recipient.lower() == "help@shop.test" else None

    async def deliver(self, mail: bytes, envelope: Envelope, accounts: dict[str, Account]) -> dict[str, str]:
        """It is kept."""
        self.taken.append((mail, envelope))
        return dict.fromkeys(envelope.recipients, "250 2.0.0 Taken")

    def context(self) -> ssl.SSLContext | None:
        """No TLS."""
        return None


_ANSWER = re.compile(rb"[2-5]\d\d[ -][^\r\n]*\Z")


async def _session(words: bytes, *, lmtp: bool) -> tuple[bytes, _Side]:
    loop = asyncio.get_running_loop()
    side = _Side(lmtp=lmtp)
    ours, theirs = socket.socketpair()
    transport, session = await loop.create_connection(lambda: Receiver(side, loop), sock=ours)
    reader, writer = await asyncio.open_connection(sock=theirs)
    with suppress(ConnectionError):
        writer.write(words)
        await writer.drain()
        writer.write_eof()
    heard = b""
    with suppress(ConnectionError):
        heard = await reader.read()
    writer.close()
    transport.close()
    await session.ended
    return heard, side


def _brought(data: bytes) -> Any:
    lmtp = data.startswith(b"LHLO")
    heard, side = asyncio.run(_session(data, lmtp=lmtp))
    for line in heard.split(b"\r\n")[:-1]:
        assert _ANSWER.match(line), f"no answer of SMTP: {line!r}"
        assert not line.startswith((b"451 4.3.0 That", b"500 5.5.2 Error: (")), f"a command went wrong here: {line!r}"
    assert side.held == 0, f"{side.held} bytes are still held"
    # A mail ends at CRLF.CRLF and nowhere else: there are no more of them than there are such ends.
    assert len(side.taken) <= len(re.findall(rb"\r\n\.(?=\r\n)", b"\r\n" + data))
    for mail, envelope in side.taken:
        assert len(mail) <= len(data)
        assert envelope.recipients
    return heard, side.taken


_MAIL = b"From: a@b.c\r\nSubject: x\r\n\r\nHi\r\n..dot\r\n.\r\n"
_SESSIONS = [
    b"EHLO x\r\nMAIL FROM:<ann@example.org> SIZE=100 BODY=8BITMIME\r\nRCPT TO:<help@shop.test>\r\nDATA\r\n" + _MAIL
    + b"MAIL FROM:<>\r\nRCPT TO:<help@shop.test>\r\nDATA\r\n.\r\nQUIT\r\n",
    b"LHLO x\r\nMAIL FROM:<ann@example.org> SMTPUTF8\r\nRCPT TO:<help@shop.test>\r\nRCPT TO:<nobody@shop.test>\r\n"
    b"RCPT TO:<HELP@shop.test>\r\nDATA\r\n" + _MAIL + b"RSET\r\nNOOP\r\nQUIT\r\n",
    b"HELO x\r\nMAIL FROM:<@a,@b:c@d>\r\nVRFY a\r\nRCPT TO:help@shop.test\r\nDATA\r\n" + b"x" * 3000 + b"\r\n.\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\nEHLO x\r\nSTARTTLS\r\nAUTH PLAIN AAA=\r\nHELP\r\nBDAT 5 LAST\r\nhello",
]  # fmt: skip

# --------------------------------------------------------------------------------------- the clients of other servers


def _mailbox(data: bytes) -> Any:
    with Speaker(pieces_of(data)) as port:
        account = settings_of(Account("email", "help", settings={
            "address": "help@shop.test", "imap_host": "127.0.0.1", "imap_port": port, "imap_security": "none",
            "username": "u"}, secrets={"password": "p"}))  # fmt: skip
        box = mailbox.connect(account)
        try:
            mailbox.open_folder(box, "INBOX")
            found = mailbox.fetch(box, mailbox.sizes(box, mailbox.waiting(box, 0)[:20] or [1]))
        finally:
            mailbox.leave(box)
    return len(found)


_LOGIN = (
    b"* OK [CAPABILITY IMAP4rev1 IDLE] hi\r\n",
    b"* CAPABILITY IMAP4rev1 IDLE\r\nTAG OK x\r\n",
    b"TAG OK in\r\n",
)
_OPENED = b"* 2 EXISTS\r\n* OK [UIDVALIDITY 5] x\r\n* OK [UIDNEXT 9] x\r\nTAG OK [READ-ONLY] done\r\n"
_SIZES = (
    b'* 1 FETCH (UID 1 RFC822.SIZE 5 INTERNALDATE "01-Jan-2026 10:00:00 +0200")\r\n'
    b'* 2 FETCH (UID 2 RFC822.SIZE 70000000 INTERNALDATE " 1-Jan-2026 10:00:00 +0200")\r\nTAG OK x\r\n'
)
_BODY = b"* 1 FETCH (UID 1 BODY[] {5}\r\nhello)\r\nTAG OK x\r\n"
_BOXES = [
    said(*_LOGIN, _OPENED, b"* SEARCH 1 2\r\nTAG OK x\r\n", _SIZES, _BODY, _BODY, b"* BYE\r\nTAG OK x\r\n"),
    said(*_LOGIN, _OPENED, b"* SEARCH 1\r\nTAG OK x\r\n", b"TAG NO x\r\n", b"TAG NO x\r\n",
         b"* SEARCH 1\r\nTAG OK x\r\n", _BODY),
    said(*_LOGIN[:2], b"TAG NO [UNAVAILABLE] later\r\n"),
    said(*_LOGIN, b"TAG NO no such folder\r\n"),
]  # fmt: skip


def _posted(data: bytes) -> str:
    letter = Letter("1@shop.test", "help@shop.test", "ann@example.org", utf8=False, body=b"Subject: x\r\n\r\nHi\r\n")
    with Speaker(pieces_of(data)) as port:
        account = settings_of(Account("email", "help", settings={
            "address": "help@shop.test", "smtp_host": "127.0.0.1", "smtp_port": port,
            "smtp_security": "none"}))  # fmt: skip

        async def deliver() -> str:
            postman = Postman(account)
            try:
                return await postman.deliver(letter)
            finally:
                await postman.close()

        return asyncio.run(deliver())


_TAKEN = [
    said(b"220 hi\r\n", b"250-x\r\n250 SIZE 1000\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n",
         b"250 Ok queued\r\n", b"221 bye\r\n"),
    said(b"220 hi\r\n", b"250 x\r\n", b"250 ok\r\n", b"550 5.1.1 no such user\r\n", b"221 bye\r\n"),
    said(b"220 hi\r\n", b"250 x\r\n", b"452 4.2.2 full\r\n"),
    said(b"554 no\r\n"),
]  # fmt: skip


def _bot(data: bytes) -> Any:
    with Speaker(pieces_of(data), http=True) as port:
        there = Account("telegram", "b", settings={"api_url": f"http://127.0.0.1:{port}"}, secrets=BOT.secrets)

        async def talk() -> Any:
            adapter = Telegram(there)
            message = Outbound("1", Address("telegram", "b", "4711"), Content("Hi"))
            tries = (
                lambda: adapter.handshake("http://hub.test"),
                lambda: adapter.send(message),
                lambda: adapter.fetch(File("a", source="file-1")),
            )
            outcomes: list[Any] = []
            try:
                for one in tries:
                    try:
                        outcomes.append(await one())
                    except DeliveryError as error:
                        outcomes.append((type(error).__name__, error.sentence))
                return outcomes
            finally:
                await adapter.close()

        return asyncio.run(talk())


_OK = b'200\n{"ok":true,"result":'
_BOTS = [
    said(_OK + b'{"id":4200,"is_bot":true,"first_name":"B","username":"b_bot"}}', _OK + b"true}", _OK
         + b'{"url":"http://hub.test/webhooks/telegram/b","has_custom_certificate":false,"pending_update_count":3,'
         b'"last_error_date":1795431600,"last_error_message":"x"}}', _OK + b'{"message_id":7}}',
         _OK + b'{"file_id":"f","file_unique_id":"u","file_path":"a/b.jpg","file_size":3}}', b"200\nabc"),
    said(b'401\n{"ok":false,"error_code":401,"description":"Unauthorized"}',
         b'429\n{"ok":false,"error_code":429,"description":"x","parameters":{"retry_after":5}}',
         b'400\n{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}'),
    said(b"502\n<html>", b"200\n[]", b'403\n{"ok":false,"description":"Forbidden: bot was blocked by the user"}'),
]  # fmt: skip


def _token(data: bytes) -> str:
    with Speaker(pieces_of(data), http=True) as port:
        account = settings_of(Account("email", "help", settings={
            "address": "help@shop.test", "oauth_provider": "other", "oauth_client_id": "c",
            "oauth_token_url": f"http://127.0.0.1:{port}/token"}, secrets={"oauth_refresh_token": "r"}))  # fmt: skip
        assert account.oauth is not None
        return asyncio.run(Tokens("help", account.oauth).get())


_TOKENS = [
    said(b'200\n{"access_token":"abc","expires_in":3600,"refresh_token":"r2","token_type":"Bearer"}'),
    said(b'400\n{"error":"invalid_grant","error_description":"Token was revoked."}'),
    said(b"503\n"),
]


def _completed(data: bytes) -> Any:
    """What a provider's request only names is fetched: the request first, then what is fetched."""
    name, _, rest = data.partition(b"\n")
    body, *answers = pieces_of(rest)

    async def fetch(url: str, headers: Mapping[str, str]) -> bytes:
        assert url.startswith("https://"), f"fetched from {url}"
        answer = answers.pop(0) if answers else b""
        if answer.startswith(b"!"):
            raise (Later if answer.startswith(b"!later") else Rejected)("It cannot be had.")
        return answer

    kind: type[Resend | Brevo | Ses] = Brevo if name == b"brevo" else Ses if name == b"ses" else Resend
    adapter = kind(made.ACCOUNT)
    whole = asyncio.run(adapter.complete(body, {}, fetch))
    return adapter.parse(whole, {})


def _completions() -> list[bytes]:
    mail = b'{"raw":{"download_url":"https://x.test/raw"}}'
    return [
        *(b"resend\n" + said(case.body, mail, made.RAW) for case in test_resend.CASES[:20]),
        *(b"brevo\n" + said(case.body, made.PDF, b"!no") for case in test_brevo.CASES[:20]),
        *(b"ses\n" + said(case.body, b"<x/>") for case in test_ses.CASES[:20]),
        b"ses\n" + said(made.body(test_ses.question()), b"ok"),
    ]


TARGETS: tuple[Target, ...] = (
    Target("direct.session", _brought, lambda: _SESSIONS, "lines", (), (), 4, 250, 6_000),
    Target("mailbox.answers", _mailbox, lambda: _BOXES, "lines", (DeliveryError, *mailbox.TROUBLE), (), 3, 60, 3_000,
           steady=False),
    Target("smtp.answers", _posted, lambda: _TAKEN, "lines", (DeliveryError,), (), 2, 40, 2_000, steady=False),
    Target("telegram.answers", _bot, lambda: _BOTS, "json", (), (), 3, 40, 4_000, steady=False),
    Target("oauth.answers", _token, lambda: _TOKENS, "json", (DeliveryError,), (), 1, 50, 2_000, steady=False),
    Target("provider.complete", _completed, _completions, "json", (IntakeError,), (), 2, 150, 8_000),
)  # fmt: skip
