"""What else a mail that leaves has: copies, signatures, DKIM, wanted reports, turns per domain, one click."""

from __future__ import annotations

import base64
import email
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from channels.email.account import read
from channels.email.adapter import Email
from channels.email.compose import compose
from channels.email.mark import marked
from channels.email.turns import PATIENT, Turns
from core.channel import Account, Outbound
from core.content import Content
from core.errors import Rejected, RetryLater
from tests.channel_contract import NOW
from tests.channels.email.test_send import account, outbound
from tests.servers.smtp import FaultySmtp

KEY = "the key of this account"


def letter(message: Outbound, **settings: Any) -> EmailMessage:
    made = compose(message, read(replace(account(**settings), key=KEY)), NOW)
    parsed = email.message_from_bytes(made.body, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


# ------------------------------------------------------------------------------------------------------ marks, copies


def test_a_mail_carries_our_mark_in_its_id_and_beside_it() -> None:
    mail = letter(outbound())
    assert mail["Message-ID"] == f"<{marked(KEY, 'o1')}@shop.test>"
    assert mail["X-Switchboard"] == marked(KEY, "o1")
    assert mail["Reply-To"] is None


def test_copies_are_written_and_blind_ones_are_not() -> None:
    content = Content("Hi", cc=("Bob@Example.org", "bob@example.org", "ann@example.org"), bcc=("boss@shop.test",))
    made = compose(outbound(content=content), read(account()), NOW)
    mail = email.message_from_bytes(made.body)
    assert mail["Cc"] == "bob@example.org"
    assert made.copies == ("bob@example.org", "boss@shop.test")
    assert b"boss" not in made.body
    assert mail["Bcc"] is None


@pytest.mark.parametrize("wrong", ["nobody", "a@b\r\nBcc: x@y.z", "a b@c.d", "<a@b.c>, d@e.f"])
def test_a_copy_to_what_is_no_address_is_refused(wrong: str) -> None:
    with pytest.raises(Rejected):
        compose(outbound(content=Content("Hi", cc=(wrong,))), read(account()), NOW)


async def test_every_recipient_is_told_to_the_server_and_reports_are_asked_for() -> None:
    content = Content("Hi", cc=("bob@example.org",), bcc=("boss+x@shop.test",))
    async with FaultySmtp(offers=("DSN", "SIZE 30000000")) as server:
        adapter = Email(replace(account(server.port), key=KEY))
        await adapter.send(outbound(content=content))
        await adapter.close()
    said = [line for line in server.commands if line.startswith(("MAIL", "RCPT"))]
    assert said[0].startswith("MAIL FROM:<help@shop.test>")
    assert said[0].endswith(f"RET=HDRS ENVID={marked(KEY, 'o1')}")
    assert said[1:] == [
        "RCPT TO:<ann@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;ann@example.org",
        "RCPT TO:<bob@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;bob@example.org",
        "RCPT TO:<boss+x@shop.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;boss+2Bx@shop.test",
    ]
    assert len(server.mails) == 1


async def test_no_reports_are_asked_of_a_server_that_has_none() -> None:
    async with FaultySmtp() as server:
        adapter = Email(account(server.port))
        await adapter.send(outbound())
        await adapter.close()
    assert not [line for line in server.commands if "NOTIFY" in line or "RET=" in line]


async def test_a_copy_that_is_refused_leaves_everybody_without_the_mail() -> None:
    async with FaultySmtp({"RCPT": ["250 Fine", "550 5.1.1 No such user", "250 Fine"]}) as server:
        adapter = Email(account(server.port))
        with pytest.raises(Rejected, match=r"(?s)Nothing was sent.*bob@example\.org.*No such user") as caught:
            await adapter.send(outbound(content=Content("Hi", cc=("bob@example.org",))))
        assert caught.value.code == "copy"
        assert server.mails == []
        await adapter.send(outbound())
        assert len(server.mails) == 1, "the connection is as good as before"
        await adapter.close()


# -------------------------------------------------------------------------------------------------------- signatures


def shown(message: EmailMessage) -> str:
    """The HTML of a letter."""
    body = message.get_body(("html",))
    assert body is not None
    return str(body.get_content())


def test_an_agent_s_signature_stands_below_its_mark() -> None:
    message = outbound(signature="Maria\n<The shop>", content=Content("Hello", html="<p>Hello</p>"))
    plain, page = letter(message, signature="The team").iter_parts()
    assert plain.get_content().rstrip().replace("\r\n", "\n") == "Hello\n\n-- \nMaria\n<The shop>"
    assert "-- <br>Maria<br>&lt;The shop&gt;" in page.get_content()


def test_without_one_the_team_s_does_and_no_machine_signs() -> None:
    assert words(letter(outbound(), signature="The team")).endswith("-- \nThe team")
    assert "--" not in letter(outbound(automatic=True, signature="Maria"), signature="The team").get_content()
    assert words(letter(outbound())) == "Hello"


def test_formatting_and_pictures_are_seen_in_html_and_leave_no_marks_in_the_plain_text() -> None:
    signed = letter(outbound(signature="**Maria**, *the shop*\n[our site](https://shop.test/?a=1&b=2)"))
    assert words(signed).endswith("-- \nMaria, the shop\nour site: https://shop.test/?a=1&b=2")
    page = shown(signed)
    assert "<b>Maria</b>, <i>the shop</i><br>" in page
    assert '<a href="https://shop.test/?a=1&amp;b=2">our site</a>' in page
    for hostile in ("**<script>**", "[x](javascript:alert(1))", '[a](https://x/"onclick=y)', "*" * 5000, "[" * 5000):
        body = shown(letter(outbound(signature=hostile)))
        assert "<script>" not in body
        assert "href" not in body or 'onclick="' not in body


def words(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n").strip()


# -------------------------------------------------------------------------------------------------------------- DKIM


def rsa_key() -> tuple[str, bytes]:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return pem.decode(), b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def rsa_key_in_one_line() -> tuple[str, bytes]:
    pem, public = rsa_key()
    return pem.replace("\n", " "), public


def ed25519_key() -> tuple[str, bytes]:
    key = ed25519.Ed25519PrivateKey.generate()
    raw = serialization.Encoding.Raw
    seed = key.private_bytes(raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())
    public = key.public_key().public_bytes(raw, serialization.PublicFormat.Raw)
    return base64.b64encode(seed).decode(), b"v=DKIM1; k=ed25519; p=" + base64.b64encode(public)


def signing(port: int, key: str, **settings: Any) -> Account:
    known = account(port, dkim_selector="s1", **settings)
    return replace(known, secrets={"dkim_key": key}, key=KEY)


@pytest.mark.parametrize("make", [rsa_key, rsa_key_in_one_line, ed25519_key])
async def test_a_mail_is_signed_so_that_others_can_check_it(make: Any) -> None:
    key, record = make()

    def look_up(name: bytes, timeout: float = 5) -> bytes:
        assert name == b"s1._domainkey.shop.test."
        return bytes(record)

    async with FaultySmtp() as server:
        adapter = Email(signing(server.port, key))
        content = Content("Привет", html="<p>Привет</p>", subject="Тема " * 20)
        await adapter.send(outbound(content=content, unsubscribe="https://hub.test/unsubscribe/abc", automatic=True))
        await adapter.close()
    (mail,) = server.mails
    assert dkim.verify(mail, dnsfunc=look_up)
    signed = email.message_from_bytes(mail)["DKIM-Signature"]
    fields = "".join(signed.split()).partition("h=")[2].partition(";")[0].split(":")
    assert {"from", "to", "subject", "date", "message-id", "list-unsubscribe", "list-unsubscribe-post"} <= set(fields)
    assert fields.count("from") == 2
    assert not dkim.verify(mail.replace(b"To: ann@", b"To: eve@"), dnsfunc=look_up)
    assert not dkim.verify(b"From: eve@evil.test\r\n" + mail, dnsfunc=look_up)


@pytest.mark.parametrize(
    "key", ["not a key", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----", "AAAA"]
)
async def test_with_a_broken_key_mail_waits_and_says_why(key: str) -> None:
    async with FaultySmtp() as server:
        adapter = Email(signing(server.port, key))
        with pytest.raises(RetryLater, match="DKIM") as caught:
            await adapter.send(outbound())
        assert caught.value.account_wide
        await adapter.close()
    assert server.mails == []


def test_a_key_without_its_selector_is_a_wrong_setting() -> None:
    with pytest.raises(Rejected, match="selector"):
        read(replace(account(), secrets={"dkim_key": "x"}))


# -------------------------------------------------------------------------------------------------- unsubscribe, turns


def test_one_click_where_a_person_may_decline() -> None:
    mail = letter(outbound(unsubscribe="https://hub.test/unsubscribe/abc", automatic=True))
    assert mail["List-Unsubscribe"] == "<https://hub.test/unsubscribe/abc>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter(outbound(automatic=True))["List-Unsubscribe"] is None


async def test_turns_per_domain() -> None:
    clock = [100.0]
    turns = Turns(10, lambda: clock[0])
    await turns("example.org", "m1")
    await turns("other.test", "m2")
    for id, wait in (("m3", 10.0), ("m4", 20.0)):
        with pytest.raises(RetryLater) as caught:
            await turns("example.org", id)
        assert caught.value.after == pytest.approx(wait)
        assert not caught.value.account_wide
    clock[0] += 10
    await turns("example.org", "m3")
    with pytest.raises(RetryLater) as caught:
        await turns("example.org", "m4")
    assert caught.value.after == pytest.approx(10), "its turn was kept"
    clock[0] += 10
    await turns("example.org", "m4")
    assert PATIENT < 10


async def test_no_turns_unless_asked_for() -> None:
    turns = Turns(0)
    for n in range(1000):
        await turns("example.org", str(n))


def test_a_pause_that_makes_no_sense_is_a_wrong_setting() -> None:
    for wrong in ("soon", "-1", "nan", "1e9"):
        with pytest.raises(Rejected, match="pause"):
            read(account(per_domain_seconds=wrong))
