"""Mail servers bring mail by SMTP: polite ones, rude ones, and ones that break off."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels.email.adapter import Email
from channels.email.direct.envelope import Envelope, traced
from channels.email.mark import bounce_address, reply_address
from core.channel import Receipt
from tests.channels.email.direct.office import OURS, Office, mail, office, rude, send, until
from tests.servers.tls import Certificate

START = b"MAIL FROM:<ann@example.org>\r\nRCPT TO:<help@shop.test>\r\n"


@pytest.fixture
async def shop(database_uri: str, database_name: str) -> AsyncIterator[Office]:
    async with office(database_uri, database_name) as found:
        yield found


async def test_a_mail_is_stored_when_yes_is_said(shop: Office) -> None:
    assert await send(shop.smtp, mail(body="Hello\r\n.\r\n..dots\r\n")) == {}
    [entry] = await shop.log()
    assert entry.content.subject == "A question"
    assert entry.content.text == "Hello\n.\n..dots"
    raw = await shop.raw(entry)
    assert raw.endswith(mail(body="Hello\r\n.\r\n..dots\r\n"))
    head = raw.removesuffix(mail(body="Hello\r\n.\r\n..dots\r\n")).decode()
    assert head.startswith(
        "Return-Path: <ann@example.org>\r\nDelivered-To: help@shop.test\r\nAuthentication-Results: switchboard;"
    )
    assert "Received: from mail.example.org ([127.0.0.1])\r\n by mx.shop.test with ESMTP id " in head


async def test_the_same_mail_again_is_one_entry(shop: Office) -> None:
    for _ in range(3):
        await send(shop.smtp, mail())
    await send(shop.smtp, mail(subject="Another", id="2"))
    assert [entry.content.subject for entry in await shop.log()] == ["A question", "Another"]


async def test_several_lines_get_their_copy_once_and_strangers_none(shop: Office) -> None:
    await shop.account("sales", "sales@shop.test")
    to = ["help@shop.test", "HELP+c.abc@Shop.Test", "sales@shop.test", "eve@shop.test", "help@elsewhere.test"]
    refused = await until(lambda: _refused_two(shop, to))
    assert refused["eve@shop.test"] == refused["help@elsewhere.test"] == (550, b"5.1.1 There is no such mailbox here")
    [helped], [sold] = await shop.log(), await shop.log(account="sales")
    assert b"Delivered-To: help@shop.test\r\nDelivered-To: HELP+c.abc@Shop.Test\r\n" in await shop.raw(helped)
    assert b"Delivered-To: sales@shop.test\r\n" in await shop.raw(sold)


async def _refused_two(shop: Office, to: list[str]) -> dict[str, tuple[int, bytes]] | None:
    """A line that is new is known after a second."""
    refused = await send(shop.smtp, mail(), to=to)
    return refused if len(refused) == 2 else None


STRANGE = ("eve@shop.test", "help@example.org", "helper@shop.test", "help%example.org@shop.test", "+x@shop.test",
           "@shop.test:eve@example.org", "", "postmaster@example.org")  # fmt: skip
KNOWN = ("Help@SHOP.test", "help+anything@shop.test", "help+a+b@shop.test", "postmaster@shop.test", "postmaster",
         "@relay.test:help@shop.test", " help@shop.test ", "help@shop.test.")  # fmt: skip


async def test_who_is_ours(shop: Office) -> None:
    """In any way of writing; all others hear the same, so that nobody learns who else is there."""
    async with rude(shop.smtp) as line:
        await line.ready()
        await line.say(b"MAIL FROM:<ann@example.org>\r\n")
        for to in STRANGE:
            said = await line.say(f"RCPT TO:<{to}>\r\n".encode())
            assert (to, said) == (to, ["550 5.1.1 There is no such mailbox here"])
        assert await line.say(b"DATA\r\n") == ["503 5.5.1 Error: need RCPT command"]
        for to in KNOWN:
            assert (to, *await line.say(f"RCPT TO:<{to}>\r\n".encode())) == (to, "250 2.0.0 OK")
        await line.say(b"DATA\r\n")
        assert (await line.say(mail() + b".\r\n"))[0].startswith("250 ")
    assert len(await shop.log()) == 1


async def test_a_line_that_is_off_takes_nothing(shop: Office) -> None:
    account = await shop.account("off", "off@shop.test")
    from dataclasses import replace

    await shop.parts.stores.accounts.save(replace(account, enabled=False))
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        await send(shop.smtp, mail(), to=["off@shop.test"])


async def test_what_is_offered(shop: Office) -> None:
    async with rude(shop.smtp) as line:
        offered = (await line.ready()).split("\n")
        assert offered[0] == "250-mx.shop.test"
        assert {word[4:] for word in offered[1:]} == {
            "SIZE 52428800", "8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES"}  # fmt: skip
        assert (await line.say(b"AUTH PLAIN AGEAYg==\r\n"))[0].startswith("500 5.5.2 ")
        assert (await line.say(b"EXPN help\r\n"))[0].startswith("500 5.5.2 ")
        assert (await line.say(b"STARTTLS\r\n"))[0].startswith("500 5.5.2 ")
        assert (await line.say(b"VRFY help\r\n"))[0].startswith("252 ")
        assert await line.say(b"QUIT\r\n") == ["221 2.0.0 Bye"]


async def test_everything_at_once(shop: Office) -> None:
    """PIPELINING (RFC 2920), two mails on one connection, the second right behind the first."""
    first, second = mail(), mail(subject="Second", id="2")
    async with rude(shop.smtp) as line:
        await line.ready()
        assert [a[:3] for a in await line.say(START + b"DATA\r\n", 3)] == ["250", "250", "354"]
        answers = await line.say(first + b".\r\n" + START + b"DATA\r\n" + second + b".\r\nQUIT\r\n", 6)
        assert [a[:3] for a in answers] == ["250", "250", "250", "354", "250", "221"]
    assert [entry.content.subject for entry in await shop.log()] == ["A question", "Second"]


NO_ENDS = (b"\n.\n", b"\r\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\r\n.\0\r\n", b"\r\n . \r\n")


async def test_a_mail_ends_at_one_thing_only(shop: Office) -> None:
    """SMTP smuggling: what another server might take for the end of a mail is a part of it."""
    smuggled = (
        b"MAIL FROM:<ceo@example.org>\r\nRCPT TO:<help@shop.test>\r\nDATA\r\nFrom: ceo@example.org\r\n\r\nPay\r\n"
    )
    async with rude(shop.smtp) as line:
        await line.ready()
        for number, end in enumerate(NO_ENDS):
            await line.say(START + b"DATA\r\n", 3)
            answers = await line.say(mail(id=str(number)) + b"x" + end + smuggled + b".\r\nNOOP\r\n", 2)
            assert (end, answers) == (end, ["250 2.0.0 Taken", "250 2.0.0 OK"])
    entries = await shop.log()
    assert [entry.content.text.count("Pay") for entry in entries] == [1] * len(NO_ENDS)
    assert await shop.log("ceo@example.org") == []


async def test_an_empty_mail_and_one_that_is_no_mail_are_kept(shop: Office) -> None:
    async with rude(shop.smtp) as line:
        await line.ready()
        await line.say(START + b"DATA\r\n", 3)
        assert (await line.say(b".\r\n"))[0].startswith("250 ")
        await line.say(START + b"DATA\r\n", 3)
        assert (await line.say(b"\xff\xfe nothing a mail has \0\r\n.\r\n"))[0].startswith("250 ")
    failed = await shop.parts.stores.failed.page()
    assert len(failed) == 2
    whole = await shop.parts.stores.failed.get(failed[0].id)
    assert whole is not None
    assert whole.body.endswith(b"\xff\xfe nothing a mail has \0\r\n")
    assert whole.headers == {"traced": "4", "checked": "here"}
    assert not await shop.parts.replay(failed[0].id)
    assert len(await shop.parts.stores.failed.page()) == 2


async def test_dots_at_every_edge(shop: Office) -> None:
    """A line that begins with a dot is doubled on the way, also the first one, and across what is read at once."""
    bodies = [".", "..", "...x", "\r\n.\r\n..\r\n", *("y" * (65_535 - 173 - n) + "\r\n.\r\n.z" for n in range(8))]
    for number, body in enumerate(bodies):
        await send(shop.smtp, mail(body=body, id=str(number)))
    raws = [await shop.raw(entry) for entry in await shop.log()]
    assert [
        raw.endswith(mail(body=body, id=str(n))) for n, (raw, body) in enumerate(zip(raws, bodies, strict=True))
    ] == [True] * len(bodies)
    async with rude(shop.smtp) as line:
        await line.ready()
        await line.say(START + b"DATA\r\n", 3)
        await line.say(b"..dot: first\r\n.\r\n")
    [failed] = await shop.parts.stores.failed.page()
    kept = await shop.parts.stores.failed.get(failed.id)
    assert kept is not None
    assert kept.body.endswith(b"\r\n.dot: first\r\n")


async def test_long_lines_and_large_mails(shop: Office) -> None:
    await send(shop.smtp, mail(body="x" * 3_000_000))
    [entry] = await shop.log()
    assert entry.raw is not None
    assert "sha256" in entry.raw
    assert (await shop.raw(entry)).endswith(b"x\r\n")


async def test_too_large(database_uri: str, database_name: str) -> None:
    async with office(database_uri, database_name, smtp_max_mail="100 kB") as shop:
        with pytest.raises(smtplib.SMTPSenderRefused) as told:
            await send(shop.smtp, mail(body="x" * 110_000))
        assert told.value.smtp_code == 552
        async with rude(shop.smtp) as line:
            await line.ready()
            await line.say(START + b"DATA\r\n", 3)
            answers = await line.say(b"Subject: x\r\n\r\n" + b"word \r\n" * 30_000 + b".\r\n" + START + b"DATA\r\n", 4)
            assert answers[0] == "552 5.3.4 The mail is too large"
            assert (await line.say(mail() + b".\r\n"))[0].startswith("250 ")
            assert (await line.say(b"MAIL FROM:<a@b.test> SIZE=999999999999\r\n"))[0].startswith("552 5.3.4")
            await line.say(START + b"DATA\r\n", 3)
            # Whoever goes on far beyond what was announced is cut off, with or without a word that still arrives.
            line.writer.write(b"x" * 2_000_000)
            assert (await line.answer())[:4] in ("552 ", "")
            assert await line.answer() == ""
        assert len(await shop.log()) == 1


async def test_a_bounce_has_no_sender(shop: Office) -> None:
    async with rude(shop.smtp) as line:
        await line.ready()
        words = b"MAIL FROM:<> BODY=8BITMIME SIZE=100\r\nRCPT TO:<help@shop.test>\r\nDATA\r\n"
        assert [a[:3] for a in await line.say(words, 3)] == ["250", "250", "354"]
        assert (await line.say(mail() + b".\r\n"))[0].startswith("250 ")
    [entry] = await shop.log()
    assert (await shop.raw(entry)).startswith(b"Return-Path: <>\r\n")
    assert entry.data["automatic"] is True


async def test_the_signed_address_is_found_in_the_envelope(shop: Office) -> None:
    """What a mail was sent to need not be in its head: a blind copy, or a list that was named instead."""
    account = await shop.parts.lines.account("email", "help")
    reply = reply_address(account.key, OURS, "conversation1234567", "ann@example.org")
    await send(shop.smtp, mail().replace(b"To: help@shop.test", b"To: undisclosed"), to=[reply])
    [entry] = await shop.log()
    assert entry.thread == "conversation1234567"
    # A bounce comes to the address the mail was sent from, and that alone proves whose bounce it is.
    report = mail(
        "Undelivered Mail Returned to Sender", sender="MAILER-DAEMON@example.org", body="bob@x.test: unknown user"
    )
    envelope = Envelope("", (bounce_address(account.key, OURS, "outbound12345"),), None, "mx.example.org", "ESMTP")
    raw, count = traced(report, envelope, envelope.recipients, by="mx", id="1", at=datetime.now(UTC), results="x")
    [receipt] = Email(account).parse(raw, {"traced": str(count), "checked": "here"})
    assert isinstance(receipt, Receipt)
    assert (receipt.outbound, receipt.status) == ("outbound12345", "failed")


async def test_addresses_in_utf8(shop: Office) -> None:
    await shop.account("bücher", "hilfe@bücher.test")
    raw = "From: Jürgen <jürgen@bücher.test>\r\nTo: hilfe@bücher.test\r\nSubject: Grüße\r\n\r\nHallo\r\n".encode()

    async def taken() -> str:
        async with rude(shop.smtp) as line:
            await line.ready()
            words = "MAIL FROM:<jürgen@bücher.test> SMTPUTF8\r\nRCPT TO:<hilfe@bücher.test>\r\nDATA\r\n".encode()
            answers = await line.say(words, 3)
            return (await line.say(raw + b".\r\n"))[0] if answers[1].startswith("250 ") else ""

    assert (await until(taken)).startswith("250 ")
    [entry] = await shop.log("jürgen@xn--bcher-kva.test", "bücher")
    assert entry.content.subject == "Grüße"
    assert b" with UTF8ESMTP id " in await shop.raw(entry)


NONSENSE = [
    (b"MAIL FROM:<ann@example.org\r\n", "553 5.1.3"),
    (b"MAIL FROM:<a\rb@example.org>\r\n", "553 5.1.3"),
    (b"MAIL FROM:<\xff@example.org>\r\n", "553 5.1.3"),
    (b"MAIL FROM:<ann>\r\n", "553 5.1.3"),
    (b"MAIL FROM:<" + b"a" * 400 + b"@example.org>\r\n", "553 5.1.3"),
    (b"MAIL FROM:<a@b.test> SIZE=\xc2\xb2\r\n", "451 4.3.0"),
    (b"MAIL FROM:<a@b.test> XYZ=1\r\n", "555 5.5.4"),
    (b"MAIL FROM:<a@b.test> BODY=9BIT\r\n", "501 5.5.4"),
    (b"MAIL TO:<a@b.test>\r\n", "501 5.5.4"),
    (b"MAIL\r\n", "501 5.5.4"),
    (b"RCPT TO:<help@shop.test>\r\n", "503 5.5.1"),
    (b"DATA\r\n", "503 5.5.1"),
    (b"\r\n", "500 5.5.2"),
    (b"\xff\xfe\r\n", "500 5.5.2"),
    (b"HELP\r\n", "500 5.5.2"),
    (b"NOOP " + b"x" * 5000 + b"\r\n", "500 5.5.2"),
    (b"NOOP " + b"x" * 500_000 + b"\r\n", "500 5.5.2"),
]  # fmt: skip


async def test_nonsense_is_answered_and_the_connection_goes_on(shop: Office) -> None:
    for words, answer in NONSENSE:
        async with rude(shop.smtp) as line:
            await line.ready()
            assert (words, (await line.say(words))[0][: len(answer)]) == (words, answer)
            assert await line.say(b"RSET\r\n" + START, 3) == ["250 2.0.0 OK"] * 3


async def test_who_only_errs_and_who_is_no_mail_server_is_sent_away(shop: Office) -> None:
    async with rude(shop.smtp) as line:
        await line.ready()
        words = b"MAIL FROM:<a@b.test>\r\n" + b"".join(b"RCPT TO:<guess%d@shop.test>\r\n" % n for n in range(30))
        answers = await line.say(words, 22)
        assert answers[1:21] == ["550 5.1.1 There is no such mailbox here"] * 20
        assert answers[21].startswith("421 ")
        assert await line.answer() == ""
    async with rude(shop.smtp) as line:
        await line.answer()
        assert (await line.say(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n" + START))[0].startswith("421 ")
        assert await line.answer() == ""


async def test_many_recipients_and_many_connections_are_bounded(shop: Office) -> None:
    async with rude(shop.smtp) as line:
        await line.ready()
        words = START + b"".join(b"RCPT TO:<help+%d@shop.test>\r\n" % n for n in range(100))
        answers = await line.say(words, 102)
        assert answers[-1] == "452 4.5.3 Too many recipients"
        await line.say(b"DATA\r\n")
        assert (await line.say(mail() + b".\r\n"))[0].startswith("250 ")
        # It is counted out by the time its end is seen.
        await line.say(b"QUIT\r\n")
        assert await line.answer() == ""
    assert len(await shop.log()) == 1
    connections = [await asyncio.open_connection(*shop.smtp) for _ in range(31)]
    greetings = [await reader.readline() for reader, _ in connections]
    assert [greeting[:3] for greeting in greetings].count(b"220") == 30
    assert [greeting for greeting in greetings if greeting[:3] == b"421"] == [
        b"421 4.7.0 Too many connections, please try again\r\n"
    ]
    for _, writer in connections:
        writer.close()
    await until(lambda: _welcome(shop))


async def _welcome(shop: Office) -> bool:
    async with rude(shop.smtp) as line:
        return (await line.answer()).startswith("220 ")


DATA = START + b"DATA\r\n"
BROKEN_OFF = (
    b"",
    START[:20],
    START,
    DATA,
    DATA + mail()[:-40],
    DATA + mail(),
    DATA + mail() + b".",
    DATA + mail() + b".\r",
)


async def test_broken_off_at_any_point_is_nothing_taken(shop: Office) -> None:
    for so_far in BROKEN_OFF:
        for reset in (False, True):
            async with rude(shop.smtp) as line:
                await line.say(b"EHLO x\r\n" + so_far, 0)
                if reset:
                    line.writer.transport.abort()
    await send(shop.smtp, mail(subject="Another", id="2"))
    assert [entry.content.subject for entry in await shop.log()] == ["Another"]


async def test_who_leaves_before_the_yes_may_come_again(shop: Office) -> None:
    async with rude(shop.smtp) as line:
        await line.ready()
        await line.say(START + b"DATA\r\n", 3)
        await line.say(mail() + b".\r\n", 0)
        line.writer.transport.abort()
    await send(shop.smtp, mail())
    await until(shop.log)
    assert len(await shop.log()) == 1


async def test_mail_in_circles_is_returned(shop: Office) -> None:
    with pytest.raises(smtplib.SMTPDataError) as told:
        await send(shop.smtp, b"Received: from a by b\r\n" * 101 + mail())
    assert told.value.smtp_code == 554
    await send(shop.smtp, b"Received: from a by b\r\n" * 90 + mail())
    assert len(await shop.log()) == 1


async def test_tls(database_uri: str, database_name: str, tmp_path: Path) -> None:
    made = Certificate(tmp_path)
    pem = {"smtp_tls_certificate": made.certificate, "smtp_tls_key": made.key}
    async with office(database_uri, database_name, {}, **pem) as shop:
        trusting = ssl.create_default_context(cafile=str(made.certificate))

        def bring(body: str) -> None:
            with smtplib.SMTP(*shop.smtp, local_hostname="mail.example.org", timeout=30) as client:
                client.starttls(context=trusting)
                assert "starttls" not in client.esmtp_features
                client.sendmail("ann@example.org", [OURS], mail(body=body))

        await asyncio.to_thread(bring, "x" * 300_000)
        [entry] = await shop.log()
        assert b" with ESMTPS id " in await shop.raw(entry)
        # What was said in clear behind STARTTLS is forgotten (RFC 3207 section 5), and so is the greeting.
        async with rude(shop.smtp) as line:
            assert "250-STARTTLS" in await line.ready()
            await line.say(b"STARTTLS\r\n" + START)
            await line.writer.start_tls(trusting, server_hostname="localhost")
            assert (await line.say(b"MAIL FROM:<a@b.test>\r\n"))[0].startswith("503 ")
        # A renewed certificate is served from then on.
        renewed = Certificate(tmp_path)
        trusting = ssl.create_default_context(cafile=str(renewed.certificate))
        await asyncio.to_thread(bring, "again")
        assert len(await shop.log()) == 2
        # Whoever speaks no TLS after STARTTLS harms nobody.
        async with rude(shop.smtp) as line:
            await line.ready()
            await line.say(b"STARTTLS\r\n")
            await line.say(b"EHLO nonsense\r\n", 0)
            assert not (await line.answer()).startswith("2")
        await send(shop.smtp, mail(subject="In clear", id="3"))
        assert len(await shop.log()) == 3
