"""Listening to a real mailbox (dovecot): nothing missed, nothing doubled, whatever breaks in between."""

from __future__ import annotations

import asyncio
import imaplib
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from channels.email.adapter import Email
from core.abilities import Listens
from core.channel import Arrival, Haul
from core.errors import Rejected, RetryLater
from tests.channels.email.conftest import MakeAccount
from tests.channels.email.mails import ACCOUNT
from tests.servers.mail import DOMAIN, MailServer
from tests.servers.tls import Certificate


def numbered(number: int, size: int = 0) -> bytes:
    return (
        f"From: Ann <ann@example.org>\r\nSubject: mail {number}\r\nMessage-ID: <n{number}@example.org>\r\n\r\n"
        f"Number {number}\r\n{'x' * 70}\r\n".encode() + (b"y" * 70 + b"\r\n") * (size // 72)
    )  # fmt: skip


async def look(hauls: AsyncIterator[Haul], seconds: float = 120) -> Haul:
    return await asyncio.wait_for(anext(hauls), seconds)


async def take(hauls: AsyncIterator[Haul], count: int) -> tuple[list[str], Mapping[str, Any]]:
    """The subjects of the next `count` mails and the cursor after them."""
    found: list[str] = []
    cursor: Mapping[str, Any] = {}
    while len(found) < count:
        haul = await look(hauls)
        assert len(haul.parcels) <= 50
        found += subjects(haul)
        cursor = haul.cursor
    return found, cursor


def subjects(haul: Haul) -> list[str]:
    adapter = Email(ACCOUNT)
    events = [event for parcel in haul.parcels for event in adapter.parse(parcel.body, parcel.headers)]
    return [event.content.subject or "" for event in events if isinstance(event, Arrival)]


def names(numbers: range) -> list[str]:
    return [f"mail {number}" for number in numbers]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    deadline = time.monotonic() + 120
    while any(thread.name.startswith("imap-") for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "a reader's thread went on after its listener was closed"
        time.sleep(0.01)


async def test_a_mail_is_pushed_at_once(mail_server: MailServer, make_account: MakeAccount, address: str) -> None:
    adapter = Email(make_account())
    assert isinstance(adapter, Listens)
    hauls = adapter.listen(None)
    await mail_server.deliver(address, numbered(1))
    await take(hauls, 1)
    waiting = asyncio.ensure_future(look(hauls))
    await asyncio.sleep(0.3)  # now it idles
    began = time.monotonic()
    await mail_server.deliver(address, numbered(2))
    haul = await waiting
    assert time.monotonic() - began < 40, "without waiting until it asks anew, after 45 s"
    assert subjects(haul) == ["mail 2"]
    assert mail_server.flags(address) == ["", ""], "reading marks nothing"
    await hauls.aclose()


async def test_each_mail_comes_once_over_many_restarts(
    mail_server: MailServer, make_account: MakeAccount, address: str
) -> None:
    await mail_server.deliver(address, *(numbered(n) for n in range(120)))
    found: list[str] = []
    cursor: Mapping[str, Any] | None = None
    for round_ in range(5):
        hauls = Email(make_account()).listen(cursor)
        haul = await look(hauls)
        found += subjects(haul)
        cursor = haul.cursor
        await mail_server.deliver(address, numbered(120 + round_))
        await hauls.aclose()
    hauls = Email(make_account()).listen(cursor)
    found += (await take(hauls, 125 - len(found)))[0]
    with pytest.raises(TimeoutError):
        await look(hauls, 0.3)
    assert found == names(range(125))


async def test_what_was_handed_over_but_not_stored_comes_again(
    mail_server: MailServer, make_account: MakeAccount, address: str
) -> None:
    await mail_server.deliver(address, *(numbered(n) for n in range(60)))
    hauls = Email(make_account()).listen(None)
    first = await look(hauls)
    await look(hauls)  # taken, and then the process dies before it is stored
    await hauls.aclose()
    again = Email(make_account()).listen(first.cursor)
    assert (await take(again, 10))[0] == names(range(50, 60))
    await again.aclose()


async def test_a_new_uidvalidity_starts_the_folder_again(
    mail_server: MailServer, make_account: MakeAccount, address: str
) -> None:
    await mail_server.deliver(address, numbered(0), numbered(1))
    hauls = Email(make_account()).listen(None)
    found, cursor = await take(hauls, 2)
    await hauls.aclose()
    mail_server.forget_uids(address)
    hauls = Email(make_account()).listen(cursor)
    found, later = await take(hauls, 2)
    await hauls.aclose()
    assert found == names(range(2))
    assert later["folders"][0]["uidvalidity"] != cursor["folders"][0]["uidvalidity"]


async def test_gaps_left_by_deleted_mails_are_no_trouble(
    mail_server: MailServer, make_account: MakeAccount, address: str
) -> None:
    await mail_server.deliver(address, *(numbered(n) for n in range(8)))
    with imaplib.IMAP4("127.0.0.1", mail_server.imap_port) as box:
        box.login(address, "secret")
        box.select("INBOX")
        box.store("1:3,6", "+FLAGS", r"(\Deleted)")
        box.expunge()
    hauls = Email(make_account()).listen(None)
    assert (await take(hauls, 4))[0] == ["mail 3", "mail 4", "mail 6", "mail 7"]
    await hauls.aclose()


async def test_a_haul_is_bounded_in_bytes(mail_server: MailServer, make_account: MakeAccount, address: str) -> None:
    await mail_server.deliver(address, *(numbered(n, 9_000_000) for n in range(3)), numbered(3))
    hauls = Email(make_account()).listen(None)
    first, second = await look(hauls), await look(hauls)
    assert [len(first.parcels), len(second.parcels)] == [2, 2]
    await hauls.aclose()


async def test_from_now_on_leaves_the_past_alone(
    mail_server: MailServer, make_account: MakeAccount, address: str
) -> None:
    await mail_server.deliver(address, numbered(0), numbered(1))
    account = make_account(**{"from": "now"})
    hauls = Email(account).listen(None)
    haul = await look(hauls)
    assert haul.parcels == ()
    await hauls.aclose()
    await mail_server.deliver(address, numbered(2))
    hauls = Email(account).listen(haul.cursor)
    assert (await take(hauls, 1))[0] == ["mail 2"]
    await hauls.aclose()


async def test_several_folders(mail_server: MailServer, make_account: MakeAccount, address: str) -> None:
    await mail_server.deliver(address, numbered(0))
    with imaplib.IMAP4("127.0.0.1", mail_server.imap_port) as box:
        box.login(address, "secret")
        box.create("Sales")
        box.append("Sales", "", None, numbered(1))
    hauls = Email(make_account(imap_folder="INBOX, Sales")).listen(None)
    found, cursor = await take(hauls, 2)
    await hauls.aclose()
    assert sorted(found) == names(range(2))
    assert [folder["name"] for folder in cursor["folders"]] == ["INBOX", "Sales"]


# ------------------------------------------------------------------------------------------------ when it breaks


class Proxy:
    """A TCP proxy on `port` that counts the bytes from the server and drops a connection after `limit` of them."""

    def __init__(self, target: int, limit: int = 10**12) -> None:
        self._target, self._limit = target, limit
        self.passed = self.port = 0
        self._open: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(asyncio.ensure_future(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)

        async def up() -> None:
            with suppress(OSError):
                while data := await reader.read(65536):
                    far_writer.write(data)
            far_writer.close()

        upward = asyncio.ensure_future(up())
        left = self._limit
        try:
            while left > 0 and (data := await far_reader.read(min(65536, left))):
                writer.write(data)
                left -= len(data)
                self.passed += len(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            upward.cancel()
            for end in (writer, far_writer):
                end.close()
                with suppress(OSError):
                    await end.wait_closed()


async def test_a_wrong_password_asks_for_a_person(make_account: MakeAccount) -> None:
    with pytest.raises(Rejected, match="user name or password"):
        await look(Email(make_account(password="wrong")).listen(None))


async def test_a_missing_folder_asks_for_a_person(
    mail_server: MailServer, make_account: MakeAccount, address: str
) -> None:
    await mail_server.deliver(address, numbered(0))
    with pytest.raises(Rejected, match="Nowhere"):
        await look(Email(make_account(imap_folder="Nowhere")).listen(None))


async def test_a_server_that_is_away_is_tried_later(make_account: MakeAccount) -> None:
    with pytest.raises(RetryLater):
        await look(Email(make_account(imap_port=1)).listen(None))


async def test_a_restart_of_the_server_is_noticed_while_idling(make_account: MakeAccount) -> None:
    async with MailServer() as own:
        account = make_account(imap_port=own.imap_port)
        box = str(account.settings["address"])
        await own.deliver(box, numbered(0))
        hauls = Email(account).listen(None)
        _, cursor = await take(hauls, 1)
        waiting = asyncio.ensure_future(look(hauls, 20))
        await asyncio.sleep(0.3)
        own.stop_dovecot()
        with pytest.raises(RetryLater):
            await waiting
        own.start_dovecot()
        await own.deliver(box, numbered(1))
        hauls = Email(account).listen(cursor)
        assert (await take(hauls, 1))[0] == ["mail 1"]
        await hauls.aclose()


async def test_a_connection_cut_anywhere_loses_and_doubles_nothing(
    mail_server: MailServer, make_account: MakeAccount, address: str
) -> None:
    await mail_server.deliver(address, *(numbered(n) for n in range(130)))
    found: list[str] = []
    cursor: Mapping[str, Any] | None = None
    cuts = 0
    for limit in (40, 300, 700, 1500, 4000, 9000, 20_000, 30_000, 45_000, 10**9):
        async with Proxy(mail_server.imap_port, limit) as proxy:
            hauls = Email(make_account(imap_port=proxy.port)).listen(cursor)
            try:
                while len(found) < 130:
                    haul = await look(hauls)
                    found += subjects(haul)
                    cursor = haul.cursor
            except RetryLater:
                cuts += 1
            await hauls.aclose()
    assert found == names(range(130))
    assert cuts >= 6


async def test_closing_is_prompt_while_it_connects_and_while_it_idles(
    mail_server: MailServer, make_account: MakeAccount, address: str
) -> None:
    lines: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: lines.append(writer), "127.0.0.1", 0)
    hauls = Email(make_account(imap_port=silent.sockets[0].getsockname()[1])).listen(None)
    waiting = asyncio.ensure_future(anext(hauls))
    await asyncio.sleep(0.1)
    waiting.cancel()
    began = time.monotonic()
    with suppress(asyncio.CancelledError):
        await waiting
    assert time.monotonic() - began < 60
    silent.close()
    for line in lines:
        line.close()
        await line.wait_closed()

    await mail_server.deliver(address, numbered(0))
    hauls = Email(make_account()).listen(None)
    await take(hauls, 1)
    await asyncio.sleep(0.2)
    began = time.monotonic()
    await hauls.aclose()
    assert time.monotonic() - began < 60


async def test_at_most_one_haul_is_fetched_ahead(
    mail_server: MailServer, make_account: MakeAccount, address: str
) -> None:
    await mail_server.deliver(address, *(numbered(n, 200_000) for n in range(200)))
    async with Proxy(mail_server.imap_port) as proxy:
        hauls = Email(make_account(imap_port=proxy.port)).listen(None)
        await look(hauls)
        await asyncio.sleep(0.8)
        received = proxy.passed
        await hauls.aclose()
    # The one in hand, the one waiting, and the one being handed over: never the rest of the mailbox.
    assert received < 3.2 * 50 * 205_000


# ------------------------------------------------------------------------------------------------------------ TLS


async def test_tls_and_starttls_with_a_certificate_of_our_own(make_account: MakeAccount, tmp_path: Path) -> None:
    made = Certificate(tmp_path)
    async with MailServer(certificate=(made.certificate, made.key)) as own:
        for port, security in ((own.imaps_port, "tls"), (own.imap_port, "starttls")):
            box = f"{security}@{DOMAIN}"
            account = make_account(
                address=box,
                imap_port=port,
                imap_security=security,
                imap_host="localhost",
                ca_file=str(made.certificate),
            )
            await own.deliver(box, numbered(0))
            hauls = Email(account).listen(None)
            assert (await take(hauls, 1))[0] == ["mail 0"]
            waiting = asyncio.ensure_future(look(hauls))
            await asyncio.sleep(0.2)
            await own.deliver(box, numbered(1))
            assert subjects(await waiting)
            await hauls.aclose()
        with pytest.raises(Rejected, match="certificate"):
            await look(
                Email(make_account(imap_port=own.imaps_port, imap_security="tls", imap_host="localhost")).listen(None)
            )
