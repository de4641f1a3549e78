"""The doors for mail, SMTP and LMTP, as their rows in the table say: what is refused, and what the rest hear of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import fields

import pytest
import pytest_asyncio

from channels.email.direct.terms import Limits
from core.settings import Settings
from tests.channels.email.direct.office import OURS, Office, mail, office
from tests.security.doors import MAIL_DOORS, MB, MailDoor
from tests.servers.mongo import database_name_for

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("mail doors")]

EVERY = pytest.mark.parametrize("door", MAIL_DOORS, ids=lambda door: door.speaks)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(database_uri: str) -> AsyncIterator[Office]:
    async with office(database_uri, database_name_for("mail_doors"), smtp_max_mail=MB) as shop:
        yield shop


class Line:
    """One connection, spoken to line by line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, shop: Office, door: MailDoor) -> Line:
        return cls(*await asyncio.open_connection(*(shop.smtp if door.speaks == "SMTP" else shop.lmtp)))

    async def hears(self) -> str:
        """The next answer, its last line; empty when the door hung up."""
        while True:
            line = (await asyncio.wait_for(self._reader.readline(), 120)).decode()
            if line[3:4] != "-":
                return line.strip()

    async def says(self, words: str | bytes) -> str:
        self._writer.write(words if isinstance(words, bytes) else words.encode("utf-8", "surrogatepass") + b"\r\n")
        await self._writer.drain()
        return await self.hears()

    async def begins(self, door: MailDoor) -> Line:
        assert (await self.hears()).startswith("220")
        assert (await self.says(f"{door.greeting} there")).startswith("250")
        assert (await self.says("MAIL FROM:<ann@example.org>")).startswith("250")
        return self

    def closes(self) -> None:
        self._writer.close()


async def test_every_door_for_mail_has_a_row_with_its_own_bounds() -> None:
    listening = {name for name in Settings.model_fields if name.endswith("_listen")}
    assert listening == {door.setting for door in MAIL_DOORS}
    usual = Limits()
    for door in MAIL_DOORS:
        assert (usual.mail, usual.recipients, usual.connections, usual.faults) == (
            door.most, door.recipients, door.connections, door.faults
        )  # fmt: skip
        assert door.per_place in (0, usual.per_ip)
    assert all(getattr(usual, one.name) > 0 for one in fields(usual))
    assert Settings.model_fields["smtp_max_mail"].default == usual.mail


@EVERY
async def test_who_is_not_here_is_one_answer_whoever_they_are(shop: Office, door: MailDoor) -> None:
    """Nor does any command tell who is: agents, customers and lines' names are mailboxes like none at all."""
    await shop.account("closed", "closed@shop.test")
    line = await (await Line.to(shop, door)).begins(door)
    strangers = ("nobody@shop.test", "ann@example.org", "admin@shop.test", "closed@shop.test.evil.example", "help",
                 "help@other.test", "{$gt:}@shop.test", "$where@shop.test", "a" * 60 + "@shop.test", "*@shop.test",
                 "help%00@shop.test")  # fmt: skip
    answers = {await line.says(f"RCPT TO:<{one}>") for one in strangers if "@" in one}
    assert len(answers) == 1
    assert answers.pop().startswith(door.refused)
    for command in ("VRFY help@shop.test", "VRFY nobody@shop.test"):
        assert (await line.says(command)).startswith("252")
    for command in ("EXPN help", "AUTH PLAIN AGEAYg==", "TURN", "ETRN shop.test", "DEBUG"):
        assert (await line.says(command))[0] == "5"
    line.closes()


@EVERY
async def test_what_is_no_address_is_no_recipient_and_no_query(shop: Office, door: MailDoor) -> None:
    line = await (await Line.to(shop, door)).begins(door)
    for odd in (b"RCPT TO:<a\x00b@shop.test>\r\n", b"RCPT TO:<\xff\xfe@shop.test>\r\n", b'RCPT TO:{"$gt":""}\r\n',
                b"RCPT TO:<>\r\n", b"RCPT TO:<@>\r\n", b"RCPT TO:<[$ne]@x>\r\n",
                "RCPT TO:<\u202eplh@shop.test>\r\n".encode()):  # fmt: skip
        assert (await line.says(odd))[0] == "5", odd
    assert (await line.says(f"RCPT TO:<{OURS}>")).startswith("250")
    line.closes()


@EVERY
async def test_too_large_is_refused_announced_or_not_and_the_next_mail_is_taken(shop: Office, door: MailDoor) -> None:
    line = await Line.to(shop, door)
    assert (await line.hears()).startswith("220")
    await line.says(f"{door.greeting} there")
    assert (await line.says(f"MAIL FROM:<ann@example.org> SIZE={MB + 1}")).startswith("552")
    for content, answer in ((b"x" * (MB + 100), "552"), (mail(id=f"small-{door.speaks}"), "250")):
        assert (await line.says("MAIL FROM:<ann@example.org>")).startswith("250")
        assert (await line.says(f"RCPT TO:<{OURS}>")).startswith("250")
        assert (await line.says("DATA")).startswith("354")
        assert (await line.says(content + b"\r\n.\r\n")).startswith(answer)
    line.closes()
    assert all(len(entry.content.text) < 100 for entry in await shop.log())


@EVERY
async def test_recipients_are_bounded(shop: Office, door: MailDoor) -> None:
    line = await (await Line.to(shop, door)).begins(door)
    answers = [await line.says(f"RCPT TO:<{OURS}>") for _ in range(door.recipients + 1)]
    assert {answer[:3] for answer in answers[:-1]} == {"250"}
    assert answers[-1].startswith("452")
    line.closes()


@EVERY
async def test_who_only_errs_is_sent_away_and_others_go_on(shop: Office, door: MailDoor) -> None:
    line, other = await (await Line.to(shop, door)).begins(door), await (await Line.to(shop, door)).begins(door)
    answers = [await line.says("RCPT TO:<nobody@shop.test>") for _ in range(door.faults)]
    assert {answer[:3] for answer in answers} == {"550"}
    assert (await line.hears()).startswith("421")
    assert await line.hears() == ""
    assert (await other.says(f"RCPT TO:<{OURS}>")).startswith("250")
    line.closes()
    other.closes()


@EVERY
async def test_one_place_holds_no_more_connections_than_its_row_says(shop: Office, door: MailDoor) -> None:
    many = [await Line.to(shop, door) for _ in range((door.per_place or 30) + 1)]
    greetings = [await line.hears() for line in many]
    # Those of the tests before may not have been counted out yet: fewer, never more.
    taken = [greeting for greeting in greetings if greeting.startswith("220")]
    assert len(taken) <= door.per_place if door.per_place else len(taken) == len(many)
    assert greetings[-1].startswith("421" if door.per_place else "220")
    for line in many:
        line.closes()
