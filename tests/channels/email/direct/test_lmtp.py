"""A mail server of ours hands mail on by LMTP: one answer for each recipient, and its own word on who wrote it."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import stat
from email.message import EmailMessage
from pathlib import Path

import pytest

from core.errors import SetupError
from tests.channels.email.direct.office import mail, office, rude, send, until
from tests.servers.mail import MailServer


async def test_an_answer_for_each_recipient(database_uri: str, database_name: str) -> None:
    async with office(database_uri, database_name) as shop:
        await shop.account("sales", "sales@shop.test")
        async with rude(shop.lmtp) as line:
            offered = await line.ready(b"LHLO mx.shop.test")
            assert {"250-PIPELINING", "250 ENHANCEDSTATUSCODES"} <= set(offered.split("\n"))
            assert (await line.say(b"EHLO x\r\n"))[0].startswith("500 ")
            assert (await line.say(b"HELO x\r\n"))[0].startswith("500 ")
            to = b"".join(b"RCPT TO:<%s@shop.test>\r\n" % name for name in (b"help", b"eve", b"sales", b"help+x"))
            answers = await line.say(b"MAIL FROM:<ann@example.org>\r\n" + to + b"DATA\r\n", 6)
            assert [answer[:3] for answer in answers] == ["250", "250", "550", "250", "250", "354"]
            # Three were taken, so there are three answers (RFC 2033 section 4.2), and then that to NOOP.
            assert await line.say(mail() + b".\r\nNOOP\r\n", 4) == ["250 2.0.0 Taken"] * 3 + ["250 2.0.0 OK"]
            assert (await line.say(b"DATA\r\n"))[0].startswith("503 ")
        assert len(await shop.log()) == len(await shop.log(account="sales")) == 1
        [entry] = await shop.log()
        assert b" with LMTP id " in await shop.raw(entry)


async def test_the_word_of_the_server_in_front_counts_where_the_line_trusts_it(
    database_uri: str, database_name: str
) -> None:
    said = b"Authentication-Results: mx.shop.test; dmarc=pass header.from=example.org\r\n"
    async with office(database_uri, database_name) as shop:
        await shop.account("help", "help@shop.test", authserv_id="mx.shop.test")
        await asyncio.to_thread(_hand_on, shop.lmtp, said + mail())
        await asyncio.to_thread(_hand_on, shop.lmtp, mail(id="2"))
        assert [entry.data["authenticity"] for entry in await shop.log()] == ["proved", "unknown"]
        # Who comes by SMTP is no server of ours, whatever it claims.
        await send(shop.smtp, said + mail(id="3"))
        assert [entry.data["authenticity"] for entry in await shop.log()][2:] == ["unknown"]
        assert (await shop.log())[2].data["doubted"] is True


def _hand_on(where: tuple[str, int], raw: bytes) -> None:
    with smtplib.LMTP(*where) as client:
        client.sendmail("ann@example.org", ["help@shop.test"], raw)


async def test_a_local_socket(database_uri: str, database_name: str, tmp_path: Path) -> None:
    path = tmp_path / "lmtp.sock"
    left_behind = socket.socket(socket.AF_UNIX)
    left_behind.bind(str(path))
    left_behind.close()
    async with office(database_uri, database_name, {}, lmtp_listen=str(path)) as shop:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660

        def bring() -> None:
            with smtplib.LMTP(str(path)) as client:
                client.sendmail("ann@example.org", ["help@shop.test"], mail())

        await asyncio.to_thread(bring)
        assert len(await shop.log()) == 1
        with pytest.raises(SetupError, match="another process listens there"):
            async with office(database_uri, database_name, {}, lmtp_listen=str(path)):
                pass
    assert not path.exists()


async def test_exim_hands_on(database_uri: str, database_name: str) -> None:
    async with office(database_uri, database_name) as shop:
        await shop.account("box", "box@example.test")

        async def known() -> bool:
            async with rude(shop.lmtp) as line:
                await line.ready(b"LHLO x")
                answers = await line.say(b"MAIL FROM:<a@b.test>\r\nRCPT TO:<box@example.test>\r\n", 2)
                return answers[1].startswith("250")

        await until(known)
        async with MailServer(hands_to=shop.lmtp[1]) as exim:
            letter = EmailMessage()
            letter["From"], letter["To"], letter["Subject"] = "ann@example.org", "box@example.test", "By exim"
            letter.set_content(".\n..\nHello\n" + "long " * 400)

            def bring() -> None:
                with smtplib.SMTP("127.0.0.1", exim.smtp_port) as client:
                    client.send_message(letter, to_addrs=["box@example.test", "box+tag@example.test"])

            await asyncio.to_thread(bring)
            [entry] = await until(lambda: shop.log(account="box"))
    assert entry.content.text.startswith(".\n..\nHello\nlong long")
    assert b"Return-Path: <ann@example.org>\r\n" in await shop.raw(entry)
