"""One IMAP connection: sign in, look for mails after a UID, fetch them whole, wait for news. Blocking; one thread's.

Folders are opened read-only (EXAMINE) and bodies read with BODY.PEEK[], so nothing here can mark or delete a mail.
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxLoginError

from channels.email.account import MailAccount
from core.errors import Rejected, RetryLater
from core.said import Said

TIMEOUT = 60.0
NOT_LET_IN = "The mail server does not accept the user name or password of this mailbox. Please enter them again."
OAUTH_REFUSED = (
    "The mail server does not accept the OAuth2 sign-in of this mailbox. Please check the user name, and that IMAP is "
    "allowed for it; then sign in again: switchboard account authorise email {name}"
)
MAX_MAIL = 60_000_000  # bytes of one mail that are fetched
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_ARRIVED = re.compile(rb'\bINTERNALDATE "([^"]{1,40})"')
_TEMPORARY = re.compile(
    r"(?i)\[(?:unavailable|inuse|limit|serverbug)\]|tempor|try again|too many|rate|unavailable|later|shutting"
)

TROUBLE = (OSError, imaplib.IMAP4.error, ImapToolsError, UnicodeError, ValueError, IndexError)


class Listed(NamedTuple):
    """A mail that waits: its UID, its size in bytes, when the server got it (ISO 8601, empty when unknown)."""

    uid: int
    size: int
    arrived: str


class Fetched(NamedTuple):
    """A mail's bytes; `problem` says in words what is missing from them."""

    listed: Listed
    raw: bytes
    problem: str = ""


def connect(account: MailAccount) -> BaseMailBox:
    """A signed-in connection, no folder open. Raises RetryLater, or Rejected when a person must mend the account."""
    server = account.imap
    if server is None:
        raise Rejected("This mail account has no IMAP server yet. Please enter one.", code="setup")
    context = account.tls() if server.security != "none" else None
    try:
        box: BaseMailBox
        if server.security == "tls":
            box = MailBox(server.host, server.port, timeout=TIMEOUT, ssl_context=context)
        elif server.security == "starttls":
            box = MailBoxStartTls(server.host, server.port, timeout=TIMEOUT, ssl_context=context)
        else:
            box = MailBoxUnencrypted(server.host, server.port, timeout=TIMEOUT)
    except ssl.SSLCertVerificationError as error:
        raise Rejected(
            Said("The certificate of {host} is not valid:", error.verify_message, host=server.host), code="tls"
        ) from error
    except TROUBLE as error:
        raise RetryLater(
            Said("The mailbox at {host} cannot be reached:", brief(error), host=server.host), code="connection"
        ) from error
    with suppress(OSError):
        box.client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    try:
        if account.access_token:
            _show_token(box, account)
        elif (account.username + account.password).isascii():
            box.login(account.username, account.password, initial_folder=None)
        else:
            box.login_utf8(account.username, account.password, initial_folder=None)
    except (MailboxLoginError, imaplib.IMAP4.error) as error:
        leave(box)
        if isinstance(error, imaplib.IMAP4.abort) or _TEMPORARY.search(str(error)):
            raise RetryLater(
                Said("The mail server does not let us in right now:", brief(error)), code="login"
            ) from error
        wrong = Said(OAUTH_REFUSED, name=account.name) if account.access_token else NOT_LET_IN
        raise Rejected(wrong, code="auth") from error
    except TROUBLE as error:
        leave(box)
        raise RetryLater(
            Said("The mailbox at {host} broke off:", brief(error), host=server.host), code="connection"
        ) from error
    return box


def _show_token(box: BaseMailBox, account: MailAccount) -> None:
    """Sign in with the access token: XOAUTH2, or OAUTHBEARER (RFC 7628) where a server knows only that."""
    user, bearer = account.username, f"auth=Bearer {account.access_token}\x01"
    mechanism, words = "XOAUTH2", f"user={user}\x01{bearer}\x01"
    able = box.client.capabilities
    if "AUTH=OAUTHBEARER" in able and "AUTH=XOAUTH2" not in able:
        quoted = user.replace("=", "=3D").replace(",", "=2C")
        mechanism, words = "OAUTHBEARER", f"n,a={quoted},\x01{bearer}\x01"
    # A server that says no first tells why, and waits for an empty line.
    answers = iter((words.encode(),))
    box.client.authenticate(mechanism, lambda _: next(answers, b""))


def hang_up(box: BaseMailBox) -> None:
    """Close the socket, from any thread: whoever reads from it is woken. No goodbye, nothing raised."""
    with suppress(OSError, AttributeError):
        socket.socket.shutdown(box.client.sock, socket.SHUT_RDWR)


def leave(box: BaseMailBox) -> None:
    """Say goodbye and free the socket; from the connection's own thread."""
    with suppress(*TROUBLE):
        box.client.sock.settimeout(1)
        box.logout()
    with suppress(*TROUBLE):
        box.client.shutdown()


def open_folder(box: BaseMailBox, name: str) -> tuple[int, int]:
    """Open `name` for reading only: its UIDVALIDITY and UIDNEXT (0: not told). Raises Rejected when it is not there."""
    try:
        box.folder.set(name, readonly=True)
    except MailboxFolderSelectError as error:
        if _TEMPORARY.search(str(error)):
            raise
        raise Rejected(
            Said("The mailbox has no folder called “{name}”. Please check its name.", name=name), code="folder"
        ) from error
    return _told(box, "UIDVALIDITY"), _told(box, "UIDNEXT")


def _told(box: BaseMailBox, code: str) -> int:
    found = box.client.response(code)[1]
    return int(found[-1]) if found and found[-1] and bytes(found[-1]).isdigit() else 0


def waiting(box: BaseMailBox, after: int) -> list[int]:
    """The UIDs above `after`, ascending. (`n:*` always names the last mail, even one below n.)

    A mail that came during the search may be told of and not be found: then it is looked for again, since the server
    will not tell of it a second time.
    """
    while True:
        box.client.response("EXISTS")  # what was told before is found now
        found = sorted(uid for uid in map(int, box.uids(f"UID {after + 1}:*", charset=None)) if uid > after)
        if found or box.client.response("EXISTS")[1] == [None]:
            return found


def sizes(box: BaseMailBox, uids: Sequence[int]) -> list[Listed]:
    """What the server tells of `uids`, ascending; those deleted meanwhile are missing."""
    status, lines = box.client.uid("FETCH", _set(uids), "(UID RFC822.SIZE INTERNALDATE)")
    found: dict[int, Listed] = {}
    if status == "OK":
        for line in lines:
            told = line if isinstance(line, bytes) else b" ".join(line) if line else b""
            if uid := _UID.search(told):
                size = _SIZE.search(told)
                found[int(uid[1])] = Listed(int(uid[1]), int(size[1]) if size else 0, _arrived(told))
    # A server that cannot even tell sizes is asked for the mails one by one.
    return [found.get(uid) or Listed(uid, 0, "") for uid in uids if status != "OK" or uid in found]


def fetch(box: BaseMailBox, mails: Sequence[Listed]) -> list[Fetched]:
    """The mails in full, in the order given. One that the server cannot give whole comes as what there is of it."""
    plain = [mail for mail in mails if mail.size <= MAX_MAIL]
    bodies = _bodies(box, [mail.uid for mail in plain], "BODY.PEEK[]") if plain else {}
    found: list[Fetched] = []
    for mail in mails:
        raw = bodies.get(mail.uid)
        if raw:
            found.append(Fetched(mail, raw))
        elif mail.size > MAX_MAIL:
            part = _bodies(box, [mail.uid], f"BODY.PEEK[]<0.{MAX_MAIL}>").get(mail.uid, b"")
            found.append(Fetched(mail, part, f"Only the first {MAX_MAIL // 1_000_000} MB of this mail were read."))
        else:
            raw = _bodies(box, [mail.uid], "BODY.PEEK[]").get(mail.uid)
            if raw:
                found.append(Fetched(mail, raw))
            elif _there(box, mail.uid):
                head = _bodies(box, [mail.uid], "BODY.PEEK[HEADER]").get(mail.uid, b"")
                found.append(Fetched(mail, head, "The mail server could not give out the body of this mail."))
    return found


def _there(box: BaseMailBox, uid: int) -> bool:
    return str(uid) in box.uids(f"UID {uid}", charset=None)


def _bodies(box: BaseMailBox, uids: Sequence[int], what: str) -> dict[int, bytes]:
    try:
        status, items = box.client.uid("FETCH", _set(uids), f"(UID {what})")
    except imaplib.IMAP4.abort:
        raise  # the connection is broken, not the mail
    except imaplib.IMAP4.error:
        return {}
    found: dict[int, bytes] = {}
    if status != "OK":
        return found
    for index, item in enumerate(items):
        if not isinstance(item, tuple):
            continue
        after = items[index + 1] if index + 1 < len(items) else b""
        uid = _UID.search(item[0]) or (_UID.search(after) if isinstance(after, bytes) else None)
        if uid:
            found[int(uid[1])] = item[1]
    return found


def _set(uids: Sequence[int]) -> str:
    return ",".join(map(str, uids))


def _arrived(told: bytes) -> str:
    found = _ARRIVED.search(told)
    if not found:
        return ""
    try:
        moment = datetime.strptime(found[1].decode("ascii").strip(), "%d-%b-%Y %H:%M:%S %z")
    except ValueError:
        return ""
    return moment.astimezone(UTC).isoformat()


def wait_for_news(box: BaseMailBox, seconds: float) -> None:
    """Returns when the server has news, at the latest after `seconds`. Raises when the connection is dead.

    IDLE (RFC 2177). What came together with the server's "+ idling" is already in the reader's buffer, where polling
    the socket would not see it: it is looked for first. An empty poll means nothing new or a dead line; NOOP tells.
    """
    box.idle.start()  # type: ignore[no-untyped-call]  # imap-tools leaves it so
    try:
        if not _buffered(box):
            box.idle.poll(timeout=seconds)
    finally:
        box.idle.stop()  # type: ignore[no-untyped-call]  # imap-tools leaves it so
    box.client.noop()


def _buffered(box: BaseMailBox) -> bool:
    sock = box.client.sock
    before = sock.gettimeout()
    sock.settimeout(0)
    try:
        return bool(box.client._file.peek(1))  # imaplib's own reader has no public name
    except (OSError, AttributeError):
        return False
    finally:
        sock.settimeout(before)


def can_idle(box: BaseMailBox) -> bool:
    """Whether the server pushes."""
    return "IDLE" in box.client.capabilities


def brief(error: BaseException) -> str:
    """An error's own words, on one short line."""
    return " ".join(str(error).split())[:200] or type(error).__name__
