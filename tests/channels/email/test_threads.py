"""Which conversation a mail belongs to, and that nobody gets into somebody else's."""

from __future__ import annotations

import email
import hashlib
from collections.abc import AsyncIterator

import pytest

from core.channel import Address, Receipt
from core.content import Content
from core.database import Database
from tests.channels.email.mails import mail
from tests.channels.email.world import ANN, Office, office
from tests.servers.smtp import FaultySmtp

BOB = "email:help:bob@example.org"
EVE = "email:help:eve@evil.test"
PASS = "Authentication-Results: mx.shop.test; dmarc=pass"
FAIL = "Authentication-Results: mx.shop.test; dmarc=fail"


@pytest.fixture
async def server() -> AsyncIterator[FaultySmtp]:
    async with FaultySmtp() as made:
        yield made


@pytest.fixture
async def it(database: Database, server: FaultySmtp) -> AsyncIterator[Office]:
    async with office(database, server.port) as made:
        yield made


async def asked(it: Office, *fields: str) -> str:
    """Ann asks and the agent answers; the id of the conversation."""
    await it.comes(mail("Subject: A question", "Message-ID: <ann-1@example.org>", *fields))
    (conversation,) = await it.conversations()
    await it.reply(conversation, "The answer")
    return conversation.id


async def only(it: Office, address: str) -> str:
    (conversation,) = await it.conversations(address)
    return conversation.id


async def test_an_answer_joins_and_a_new_mail_begins_anew(it: Office, server: FaultySmtp) -> None:
    id = await asked(it)
    ours = email.message_from_bytes(server.mails[0])["Message-ID"]
    await it.comes(mail(f"In-Reply-To: {ours}", "Message-ID: <ann-2@example.org>", "Subject: Re: A question"))
    await it.comes(mail("Message-ID: <ann-3@example.org>", "Subject: Re: A question"))
    assert [(one.id == id, one.subject) for one in await it.conversations()] == [
        (True, "A question"),
        (False, "Re: A question"),
    ]


async def test_a_mail_is_found_by_the_hash_of_its_bytes(it: Office) -> None:
    raw = mail("Subject: A question", "Message-ID: <ann-1@example.org>")
    await it.comes(raw)
    (entry,) = await it.log()
    whole = hashlib.sha256(raw).hexdigest()
    log = it.parts.stores.interactions
    assert [found.id for found in (await log.search(whole)).entries] == [
        found.id for found in (await log.search(whole[:12])).entries
    ]
    assert [(found.id, bytes((found.raw or {})["body"])) for found in (await log.search(whole)).entries] == [
        (entry.id, raw)
    ]
    assert (await log.search(hashlib.sha256(b"another").hexdigest())).entries == []


@pytest.mark.parametrize("what", ["our id", "her id", "the subject", "the number", "the reply address"])
async def test_a_stranger_gets_into_no_thread_by_quoting_it(database: Database, server: FaultySmtp, what: str) -> None:
    async with office(database, server.port, plus_addressing=True) as it:
        id = await asked(it)
        letter = email.message_from_bytes(server.mails[0])
        quoted = {
            "our id": [f"In-Reply-To: {letter['Message-ID']}", f"References: {letter['Message-ID']}"],
            "her id": ["In-Reply-To: <ann-1@example.org>", "To: help@shop.test, ann@example.org"],
            "the subject": ["Subject: Re: A question"],
            "the number": [f"Subject: Re: [{id}] A question"],
            "the reply address": [f"To: {letter['Reply-To']}"],
        }[what]
        await it.comes(mail("From: eve@evil.test", "Message-ID: <eve@evil.test>", *quoted))
        assert await only(it, EVE) != id
        assert {entry.address for entry in await it.thread(id)} == {ANN}


async def test_the_reply_address_brings_an_answer_home_without_any_field(
    database: Database, server: FaultySmtp
) -> None:
    async with office(database, server.port, plus_addressing=True, display_name="Example Shop") as it:
        id = await asked(it)
        letter = email.message_from_bytes(server.mails[0])
        assert letter["Reply-To"].startswith('"Example Shop"')
        assert f"help+c.{id}." in letter["Reply-To"]
        assert any(command.startswith("MAIL FROM:<help+b.") for command in server.commands)
        await it.comes(mail(f"To: {letter['Reply-To']}", "Message-ID: <ann-2@example.org>", "Subject: Something else"))
        assert await only(it, ANN) == id


async def test_whoever_was_copied_in_and_answers_takes_part_visibly(it: Office, server: FaultySmtp) -> None:
    id = await asked(it, "Cc: Bob <bob@example.org>")
    for n in range(2):
        await it.comes(
            mail(
                "From: Bob <bob@example.org>",
                "To: ann@example.org",
                "Cc: help@shop.test",
                f"Message-ID: <bob-{n}@example.org>",
                "In-Reply-To: <ann-1@example.org>",
                body=f"I am Bob {n}",
            )
        )
    assert await only(it, BOB) == id
    conversation = await it.parts.stores.conversations.get(id)
    assert conversation is not None
    assert conversation.participants == (BOB,)
    assert (conversation.address, conversation.reply_address, conversation.unread) == (ANN, ANN, 2)
    lines = [entry for entry in await it.thread(id) if entry.kind == "system"]
    assert [line.data for line in lines] == [{"name": "Bob", "address": "bob@example.org"}]
    (ann,) = await it.parts.stores.customers.by_keys(["email:ann@example.org"])
    (bob,) = await it.parts.stores.customers.by_keys(["email:bob@example.org"])
    assert ann.id != bob.id == (await it.log(BOB))[0].customer_id
    assert conversation.customer_id == ann.id


async def test_whom_the_agent_copied_in_may_answer_him_alone(it: Office, server: FaultySmtp) -> None:
    id = await asked(it)
    conversation = (await it.conversations())[0]
    await it.reply(conversation, content=Content("And Bob knows more", cc=("bob@example.org",)))
    ours = email.message_from_bytes(server.mails[-1])
    assert ours["Cc"] == "bob@example.org"
    await it.comes(mail("From: bob@example.org", f"In-Reply-To: {ours['Message-ID']}", "Message-ID: <bob@example.org>"))
    assert await only(it, BOB) == id


async def test_different_people_s_answers_to_one_mailing_are_different_conversations(
    it: Office, server: FaultySmtp
) -> None:
    mailing = "<mailing@shop.test>"
    for name in ("ann", "bob"):
        await it.comes(
            mail(f"From: {name}@example.org", f"In-Reply-To: {mailing}", f"Message-ID: <{name}@example.org>")
        )
    assert await only(it, ANN) != await only(it, BOB)


# ------------------------------------------------------------------------------------------ who cannot be verified


async def test_a_forged_sender_is_a_record_of_its_own(database: Database, server: FaultySmtp) -> None:
    async with office(database, server.port, authserv_id="mx.shop.test") as it:
        id = await asked(it, PASS)
        (ann,) = await it.parts.stores.customers.by_keys(["email:ann@example.org"])
        ours = email.message_from_bytes(server.mails[0])["Message-ID"]
        await it.comes(mail(FAIL, "Message-ID: <forged@evil.test>", f"In-Reply-To: {ours}", body="Send it elsewhere!"))
        forged = (await it.log())[-1]
        assert forged.data["authenticity"] == "failed"
        assert forged.data["doubted"] is True
        assert forged.conversation_id != id
        assert forged.customer_id != ann.id
        stranger = await it.parts.stores.customers.get(str(forged.customer_id))
        assert stranger is not None
        assert (stranger.keys, stranger.claims) == ((), ("email:ann@example.org",))
        # The agent sees whose it may be, and may join the two; her own mails go on as before.
        assert [c.id for c in await it.parts.stores.customers.claimants(stranger.claims, stranger.id)] == [ann.id]
        await it.comes(mail(PASS, "Message-ID: <ann-2@example.org>", f"In-Reply-To: {ours}"))
        assert (await it.log())[-1].customer_id == ann.id
        assert (await it.log())[-1].conversation_id == id
        # Answers go to the address that was claimed, whoever wrote.
        strange = next(one for one in await it.conversations() if one.id == forged.conversation_id)
        await it.reply(strange, "Is that you?")
        assert email.message_from_bytes(server.mails[-1])["To"] == "ann@example.org"


async def test_forged_first_does_not_own_the_address(database: Database, server: FaultySmtp) -> None:
    async with office(database, server.port, authserv_id="mx.shop.test") as it:
        await it.comes(mail(FAIL, "Message-ID: <forged@evil.test>"))
        await it.comes(mail(PASS, "Message-ID: <ann@example.org>"))
        forged, true = await it.log()
        assert forged.customer_id != true.customer_id
        assert [c.id for c in await it.parts.stores.customers.by_keys(["email:ann@example.org"])] == [true.customer_id]


@pytest.mark.parametrize(
    ("settings", "fields", "doubted"),
    [
        ({}, [], False),
        ({"trust_from": "no"}, [], True),
        ({"authserv_id": "mx.shop.test"}, [], True),
        ({"authserv_id": "mx.shop.test", "trust_from": "yes"}, [], False),
        ({"authserv_id": "mx.shop.test", "trust_from": "yes"}, [FAIL], True),
        ({"authserv_id": "mx.shop.test"}, [PASS], False),
        ({}, [FAIL], False),
        ({}, ["From: ann@example.org, eve@evil.test"], True),
    ],
)
async def test_whom_the_account_trusts(
    database: Database, server: FaultySmtp, settings: dict[str, str], fields: list[str], doubted: bool
) -> None:
    async with office(database, server.port, **settings) as it:
        await it.comes(mail(*fields))
        owners = await it.parts.stores.customers.by_keys(["email:ann@example.org"])
        assert bool(owners) is not doubted
        assert (await it.log())[0].data.get("doubted", False) is doubted


# ------------------------------------------------------------------- services that put a Message-ID of their own there

SES = "0102018e3d9f5a2b-1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d-000000"


@pytest.mark.parametrize("region", ["eu-west-1.amazonses.com", "email.amazonses.com"])
async def test_an_answer_to_the_id_that_amazon_gave_our_mail_joins(database: Database, region: str) -> None:
    async with FaultySmtp({"end": f"250 Ok {SES}"}) as server, office(database, server.port) as it:
        id = await asked(it)
        await it.comes(mail(f"In-Reply-To: <{SES}@{region}>", "Message-ID: <ann-2@example.org>", "Subject: Re: x"))
        assert await only(it, ANN) == id
        # It is Ann's thread, not that of whoever learns the id.
        eve = ("From: eve@evil.test", f"In-Reply-To: <{SES}@{region}>", "Message-ID: <eve-1@evil.test>")
        await it.comes(mail(*eve))
        assert await only(it, EVE) != id


async def test_an_answer_to_the_id_that_a_relay_names_joins(database: Database) -> None:
    named = "202611231200.1234@smtp-relay.mailin.test"
    async with FaultySmtp({"end": f"250 2.0.0 OK: queued as <{named}>"}) as server, office(database, server.port) as it:
        id = await asked(it)
        await it.comes(mail(f"References: <{named}>", "Message-ID: <ann-2@example.org>"))
        assert await only(it, ANN) == id


async def test_an_answer_to_an_id_that_an_event_told_joins(it: Office) -> None:
    id = await asked(it)
    (ours,) = [entry for entry in await it.log() if entry.direction == "out"]
    told = Receipt(
        Address("email", "help", "ann@example.org"), "x", "sent", outbound=ours.id, also=f"{SES}@email.amazonses.com"
    )
    for _ in range(2):
        await it.parts.receive.keep(it.account, [told])
    assert (await it.again(ours)).external_ids == (ours.external_id, f"{SES}@email.amazonses.com")
    await it.comes(mail(f"In-Reply-To: <{SES}@eu-west-1.amazonses.com>", "Message-ID: <ann-2@example.org>"))
    await it.comes(mail(f"In-Reply-To: <{ours.external_id}>", "Message-ID: <ann-3@example.org>"))
    assert await only(it, ANN) == id
