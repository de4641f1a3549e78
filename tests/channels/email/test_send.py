"""Sending: through a real exim into a real mailbox, and into servers that fail at every step."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.account import read
from channels.email.adapter import Email
from channels.email.compose import compose
from channels.email.smtp import Postman
from core.channel import Account, Address, Arrival, Channel, Outbound
from core.content import Content, File
from core.errors import DeliveryError, RecipientGone, Rejected, RetryLater, Uncertain
from tests.channel_contract import NOW
from tests.channels.email.conftest import MakeAccount
from tests.channels.email.mails import PIXEL
from tests.servers.mail import DOMAIN, MailServer
from tests.servers.smtp import DROP, RESET, FaultySmtp
from tests.servers.tls import Certificate


def outbound(**fields: Any) -> Outbound:
    content = Content(text=fields.pop("text", "Hello"), subject=fields.pop("subject", "Hi"))
    made = Outbound("o1", Address("email", "help", "ann@example.org"), content)
    return replace(made, **fields)


def account(port: int = 1, **settings: Any) -> Account:
    password = settings.pop("password", "")
    known = {
        "address": "help@shop.test",
        "display_name": "Example Shop",
        "smtp_host": "localhost",
        "smtp_port": port,
        "smtp_security": "none",
    }
    return Account("email", "help", "Help", known | settings, {"password": password} if password else {})


def written(message: Outbound) -> EmailMessage:
    """What the standard library reads in the mail that is written for `message`; its lines are what SMTP allows."""
    raw = compose(message, read(account()), NOW).body
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    assert not any(part.defects for part in parsed.walk())
    return parsed


# -------------------------------------------------------------------------------------------------- what is written


def test_the_fields_of_an_answer() -> None:
    mail = written(
        outbound(reply_to="p@x", references=("a@x", "p@x"), author="Анна", automatic=True, subject="Re: Тема")
    )
    assert str(mail["From"].addresses[0].display_name) == "Анна (Example Shop)"
    assert mail["From"].addresses[0].addr_spec == "help@shop.test"
    assert mail["To"] == "ann@example.org"
    assert mail["Subject"] == "Re: Тема"
    assert mail["Message-ID"] == "<o1@shop.test>"
    assert mail["In-Reply-To"] == "<p@x>"
    assert mail["References"] == "<a@x> <p@x>"
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["Date"].datetime == NOW
    assert mail.get_content().strip() == "Hello"


def test_an_agent_s_first_mail_is_no_answer_and_no_machine_s() -> None:
    mail = written(outbound(subject=""))
    assert not {"In-Reply-To", "References", "Auto-Submitted", "Subject"} & set(mail.keys())
    assert written(outbound(automatic=True))["Auto-Submitted"] == "auto-generated"


def test_the_same_message_is_the_same_mail_at_every_attempt() -> None:
    message = outbound(content=Content("a", html="<p>a</p>", files=(File("x.pdf", data=b"x"),)))
    assert compose(message, read(account()), NOW) == compose(message, read(account()), NOW)


def test_text_html_pictures_and_attachments() -> None:
    files = (
        File("p.png", "image/png", data=PIXEL, content_id="pic@1"),
        File("отчёт — итог " * 6 + "😀.pdf", "application/pdf", data=b"%PDF\x00\xff"),
        File("../../x\r\nBcc: evil@x", "text/html; x\r\nBcc: evil@x", data=b""),
    )
    mail = written(outbound(content=Content("Привет", html='<p>Привет <img src="cid:pic@1"></p>', files=files)))
    assert mail.get_content_type() == "multipart/mixed"
    body, report, odd = mail.iter_parts()
    assert isinstance(body, EmailMessage)
    text, related = body.iter_parts()
    assert isinstance(text, EmailMessage)
    assert text.get_content().strip() == "Привет"
    page, picture = related.iter_parts()
    assert "<p>Привет" in page.get_content()
    assert picture["Content-ID"] == "<pic@1>"
    assert picture.get_content() == PIXEL
    assert report.get_filename() == files[1].name
    assert report.get_content() == b"%PDF\x00\xff"
    assert odd.get_content_type() == "application/octet-stream"
    assert not mail.get_all("Bcc")


def test_html_alone_gets_its_text() -> None:
    mail = written(outbound(content=Content("", html="<p>One</p><p>Two</p>")))
    text, _ = mail.iter_parts()
    assert text.get_content().split() == ["One", "Two"]


def test_an_attachment_whose_bytes_are_gone_is_refused() -> None:
    with pytest.raises(Rejected, match="report"):
        compose(outbound(content=Content("x", files=(File("report.pdf"),))), read(account()), NOW)


@pytest.mark.parametrize(
    "person", ["", "ann", "ann@", "a b@c.d", "a@b\r\nRCPT TO:<c@d>", "a@b>c", "ann@exa\x00mple.org", "a@b@c"]
)
def test_what_is_no_address_is_not_written_to(person: str) -> None:
    with pytest.raises((Rejected, RecipientGone)):
        compose(outbound(address=Address("email", "help", person)), read(account()), NOW)


def test_a_mail_without_a_sender_cannot_be_answered() -> None:
    with pytest.raises(RecipientGone):
        compose(outbound(address=Address("email", "help", "unknown-1@invalid")), read(account()), NOW)


HOSTILE = st.text(st.characters() | st.sampled_from('\r\n\t\x00\u2028\x85:<>"=?@,;\\'), max_size=120)


@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_nothing_written_into_a_field_ends_it(subject: str, author: str, name: str, parent: str, text: str) -> None:
    content = Content(text, subject=subject, files=(File(name, name, data=b"x", content_id=parent),))
    mail = written(outbound(content=content, author=author, reply_to=parent, references=(parent, name), id=name or "x"))
    known = {"from", "to", "subject", "date", "message-id", "in-reply-to", "references", "mime-version", "content-type"}
    assert {key.lower() for key in mail} <= known
    assert mail["To"] == "ann@example.org"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300))
def test_the_text_arrives_as_it_was_written(text: str) -> None:
    message = outbound(text=text)
    own = compose(message, read(account()), NOW)
    other = Email(Account("email", "other", settings={"address": "ann@example.org"}))
    (event,) = other.parse(own.body, {})
    assert isinstance(event, Arrival)
    assert event.content.text.rstrip() == "\n".join(text.splitlines()).rstrip().strip("\n").rstrip()
    assert event.external_id == "o1@shop.test"


# ---------------------------------------------------------------------------------------------- the real exim


async def test_a_mail_arrives(mail_server: MailServer, make_account: MakeAccount, address: str) -> None:
    channel: Channel = Email(make_account(password="", display_name="Магазин"))
    to = f"to-{address}"
    message = outbound(address=Address("email", "help", to), text=".dot\n..dots\nFrom here\nПривет")
    assert await channel.send(message) == f"o1@{DOMAIN}"
    (raw,) = await mail_server.wait_for(to)
    (event,) = Email(account()).parse(raw, {})
    assert isinstance(event, Arrival)
    assert event.content.text == ".dot\n..dots\nFrom here\nПривет"
    assert event.name == "Магазин"
    await channel.close()


@pytest.mark.parametrize(
    ("person", "error"),
    [("nobody-here", RecipientGone), ("refused", Rejected), ("later", RetryLater)],
)
async def test_exim_says_no(make_account: MakeAccount, person: str, error: type[DeliveryError]) -> None:
    channel = Email(make_account(password=""))
    with pytest.raises(error) as caught:
        await channel.send(outbound(address=Address("email", "help", f"{person}@{DOMAIN}")))
    assert caught.value.sentence
    await channel.close()


async def test_an_address_in_cyrillic_needs_smtputf8_and_a_domain_does_not() -> None:
    person = Address("email", "help", "почта@example.org")
    async with FaultySmtp(offers=("SMTPUTF8",)) as server:
        await sent(server, outbound(address=person))
        assert "RCPT TO:<почта@example.org>" in server.commands
        assert "To: почта@example.org\r\n".encode() in server.mails[0]
    async with FaultySmtp() as server:
        with pytest.raises(Rejected, match="alphabet"):
            await sent(server, outbound(address=person))
        await sent(server, outbound(address=Address("email", "help", "ann@почта.рф")))
        assert "RCPT TO:<ann@xn--80a1acny.xn--p1ai>" in server.commands


# -------------------------------------------------------------------------------------------- failing servers


async def sent(server: FaultySmtp, message: Outbound | None = None, **settings: Any) -> str | tuple[str, ...]:
    channel = Email(account(server.port, **settings))
    try:
        return await channel.send(message or outbound())
    finally:
        await channel.close()


@pytest.mark.parametrize(
    ("step", "answer", "error"),
    [
        ("greeting", DROP, RetryLater),
        ("greeting", "421 4.3.2 Too busy", RetryLater),
        ("greeting", "554 5.7.1 Go away", RetryLater),
        ("EHLO", DROP, RetryLater),
        ("MAIL", DROP, RetryLater),
        ("MAIL", "451 4.3.0 Later", RetryLater),
        ("MAIL", "552 5.3.4 Too big", Rejected),
        ("RCPT", DROP, RetryLater),
        ("RCPT", "450 4.2.1 Greylisted", RetryLater),
        ("RCPT", "550 5.1.1 User unknown", RecipientGone),
        ("RCPT", "550 5.1.10 Recipient address rejected", RecipientGone),
        ("RCPT", "550 No such user here", RecipientGone),
        ("RCPT", "550 5.7.1 Relaying denied", Rejected),
        ("RCPT", "553 5.1.8 Sender address rejected", Rejected),
        ("RCPT", "550 Blocked by policy", Rejected),
        ("RCPT", "552 5.2.2 Mailbox full", Rejected),
        ("DATA", DROP, RetryLater),
        ("DATA", "451 Later", RetryLater),
        ("DATA", "554 No valid recipients", Rejected),
        ("middle", DROP, RetryLater),
        ("end", DROP, Uncertain),
        ("end", RESET, Uncertain),
        ("end", "nonsense", Uncertain),
        ("end", "451 4.3.0 Disk full", RetryLater),
        ("end", "421 4.3.2 Shutting down", RetryLater),
        ("end", "550 5.7.1 Spam", Rejected),
        ("end", "550 5.1.1 This is about the mail", Rejected),
    ],
)
async def test_what_each_failure_means(step: str, answer: str, error: type[DeliveryError]) -> None:
    big = outbound(text="x" * 5_000_000) if step == "middle" else outbound()
    async with FaultySmtp({step: answer}) as server:
        with pytest.raises(DeliveryError) as caught:
            await sent(server, big)
        assert type(caught.value) in (error, *error.__subclasses__()), repr(caught.value)
        assert isinstance(caught.value, error)
        assert len(caught.value.sentence) > 20
        assert server.mails == []


async def test_a_server_that_is_away() -> None:
    with pytest.raises(RetryLater) as caught:
        await Email(account(1)).send(outbound())
    assert caught.value.account_wide


async def test_a_wrong_password_holds_every_message_and_fails_none() -> None:
    async with FaultySmtp({"AUTH": "535 5.7.8 Wrong"}, offers=("AUTH PLAIN",)) as server:
        with pytest.raises(RetryLater, match="password") as caught:
            await sent(server, password="wrong")
        assert caught.value.account_wide


async def test_wrong_settings_hold_every_message_and_fail_none() -> None:
    with pytest.raises(RetryLater, match="encryption") as caught:
        await Email(account(1, smtp_security="maybe")).send(outbound())
    assert caught.value.account_wide


async def test_the_announced_size_is_honoured_before_anything_is_sent() -> None:
    async with FaultySmtp(offers=("SIZE 1000",)) as server:
        with pytest.raises(Rejected, match="too large"):
            await sent(server, outbound(text="x" * 5000))
        assert "DATA" not in server.commands


async def test_a_connection_is_reused_and_survives_a_refusal() -> None:
    async with FaultySmtp({"RCPT": ["250 ok", "550 5.1.1 Unknown", "250 ok"]}) as server:
        channel = Email(account(server.port))
        await channel.send(outbound())
        with pytest.raises(RecipientGone):
            await channel.send(outbound())
        await channel.send(outbound(text=".\r\n.\r\nRCPT TO:<x@y>"))
        assert server.connections == 1
        assert len(server.mails) == 2
        assert b"\r\n.\r\n.\r\nRCPT TO:<x@y>\r\n" in server.mails[1]
        await channel.close()
        assert server.commands[-1] == "QUIT"


async def test_a_connection_the_server_closed_meanwhile_is_replaced_unnoticed() -> None:
    async with FaultySmtp({"MAIL": ["250 ok", DROP, "250 ok", "421 4.4.2 Idle too long", "250 ok"]}) as server:
        channel = Email(account(server.port))
        for _ in range(3):
            await channel.send(outbound())
        assert len(server.mails) == 3
        assert server.connections == 3
        await channel.close()


async def test_resting_connections_are_closed() -> None:
    async with FaultySmtp() as server:
        mailbox = read(account(server.port))
        postman = Postman(mailbox, rest=0.05)
        await postman.deliver(compose(outbound(), mailbox, NOW))
        await asyncio.sleep(0.2)
        await postman.deliver(compose(outbound(id="second"), mailbox, NOW))
        assert server.connections == 2
        await postman.close()


async def test_many_at_once_share_a_few_connections() -> None:
    async with FaultySmtp() as server:
        channel = Email(account(server.port))
        await asyncio.gather(*(channel.send(outbound(id=f"o{n}")) for n in range(40)))
        assert len(server.mails) == 40
        assert server.connections <= 4
        await channel.close()


async def test_tls_at_once_and_starttls_are_checked(tmp_path: Path) -> None:
    made = Certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    for security in ("tls", "starttls"):
        async with FaultySmtp(tls=context, tls_at_once=security == "tls") as server:
            assert await sent(server, smtp_security=security, ca_file=str(made.certificate)) == "o1@shop.test"
            assert len(server.mails) == 1
            with pytest.raises(RetryLater):
                await sent(server, smtp_security=security)
            assert len(server.mails) == 1
    async with FaultySmtp() as server:
        with pytest.raises(RetryLater):
            await sent(server, smtp_security="starttls")
        assert not any(line.startswith("MAIL") for line in server.commands)
