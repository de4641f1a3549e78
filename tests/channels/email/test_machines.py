"""What reports do to the log: the very message fails, dead addresses are known, consent is withdrawn, loops end."""

from __future__ import annotations

import email
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from channels import CHANNELS
from core.content import Content
from core.database import Database
from core.interactions.interaction import Author, Interaction
from tests.channels.email.mails import mail, mixed
from tests.channels.email.world import ANN, Office, office
from tests.making import handle, now, working
from tests.servers.smtp import FaultySmtp


@pytest.fixture
async def server() -> AsyncIterator[FaultySmtp]:
    async with FaultySmtp() as made:
        yield made


@pytest.fixture
async def it(database: Database, server: FaultySmtp) -> AsyncIterator[Office]:
    async with office(database, server.port) as made:
        yield made


def bounced(sent: bytes, status: str = "5.1.1", action: str = "failed", to: str = "ann@example.org") -> bytes:
    """The report of a server that returns the head of what was `sent`."""
    head = sent.partition(b"\r\n\r\n")[0].decode()
    return mail(
        "From: MAILER-DAEMON@mx.example.org",
        "Return-Path: <>",
        f"Message-ID: <{status}.{action}.{to}@mx.example.org>",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b0"',
        body=mixed(
            "Content-Type: text/plain\n\nSorry.",
            f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; {to}\n"
            f"Action: {action}\nStatus: {status}\nDiagnostic-Code: smtp; {status[0]}50 {status} So it is",
            f"Content-Type: text/rfc822-headers\n\n{head}",
        ),
    )


async def answered(it: Office, text: str = "Here you are") -> Interaction:
    """Ann has asked and the agent has answered."""
    await it.comes(mail("Subject: A question", f"Message-ID: <{text.replace(' ', '')}@example.org>", body=text))
    return await it.reply((await it.conversations())[-1], text)


async def reachable(it: Office, address: str = ANN) -> bool:
    known = await it.parts.stores.addresses.get(address)
    assert known is not None
    return known.reachable


async def test_a_hard_bounce_fails_the_very_message_and_marks_the_address(it: Office, server: FaultySmtp) -> None:
    first, second = await answered(it, "first"), await answered(it, "second")
    for _ in range(2):  # a mailbox that is read again changes nothing
        assert await it.comes(bounced(server.mails[1]))
    assert ((await it.again(first)).status, (await it.again(second)).status) == ("sent", "failed")
    failed = await it.again(second)
    assert failed.error is not None
    assert failed.error.code == "5.1.1"
    assert "does not exist" in failed.error.sentence
    assert "So it is" in failed.error.sentence
    assert failed.data["bounce"] == "hard"
    assert not await reachable(it)
    lines = [e for e in await it.thread(str(second.conversation_id)) if e.kind == "system"]
    assert [(line.data["message"], line.data["hard"]) for line in lines] == [(second.id, True)]
    assert lines[0].raw, "the report itself is kept"
    assert await it.parts.stores.interactions.page(address="email:help:mailer-daemon@mx.example.org") == []
    # Whoever writes again is there.
    await it.comes(mail("Subject: I am back", "Message-ID: <back@example.org>"))
    assert await reachable(it)
    await it.comes(bounced(server.mails[1]))
    assert await reachable(it), "an old report does not bury her again"


async def test_a_soft_bounce_fails_the_message_and_a_delay_nothing(it: Office, server: FaultySmtp) -> None:
    sent = await answered(it)
    await it.comes(bounced(server.mails[0], "4.4.1", "delayed"))
    late = await it.again(sent)
    assert (late.status, late.error, late.data["delayed"]["code"]) == ("sent", None, "4.4.1")
    await it.comes(bounced(server.mails[0], "5.2.2"))
    failed = await it.again(sent)
    assert (failed.status, failed.data["bounce"]) == ("failed", "soft")
    assert await reachable(it)


async def test_a_report_counts_for_the_message_that_its_mark_names(it: Office, server: FaultySmtp) -> None:
    sent = await answered(it)
    await it.comes(mail("From: eve@evil.test", "Message-ID: <eve@evil.test>"))
    # Whoever has a mail of ours cannot use its mark against somebody else.
    await it.comes(bounced(server.mails[0], to="eve@evil.test").replace(b"To: ann@example.org", b"To: eve@evil.test"))
    assert (await it.again(sent)).status == "failed"
    assert await reachable(it, "email:help:eve@evil.test")


async def test_a_made_up_report_changes_nothing_and_is_seen_by_people(it: Office, server: FaultySmtp) -> None:
    sent = await answered(it)
    forged = bounced(server.mails[0])
    id = str(sent.external_id).encode()
    local = id.partition(b"@")[0]
    await it.comes(forged.replace(local, local[:-4] + b"aaaa"))
    assert (await it.again(sent)).status == "sent"
    assert await reachable(it)
    (strange,) = await it.conversations("email:help:mailer-daemon@mx.example.org")
    assert (strange.status, strange.unread) == ("open", 1)


async def test_a_person_may_send_again_and_an_old_report_does_not_take_it_back(it: Office, server: FaultySmtp) -> None:
    sent = await answered(it)
    report = bounced(server.mails[0], "5.2.2").replace(
        b"Return-Path", b"Date: Mon, 23 Nov 2020 12:00:00 +0000\r\nReturn-Path"
    )
    await it.comes(report)
    await it.parts.desk.retry(it.agent, sent.id)
    await it.leaves(1)
    assert (await it.again(sent)).status == "sent"
    await it.comes(report)
    assert (await it.again(sent)).status == "sent"
    assert server.mails[0].partition(b"Message-ID:")[2][:60] == server.mails[1].partition(b"Message-ID:")[2][:60]


async def test_a_copy_that_came_back_leaves_the_message_as_it_is(it: Office, server: FaultySmtp) -> None:
    await it.comes(mail("Subject: A question"))
    (conversation,) = await it.conversations()
    content = Content("Hello both", cc=("bob@example.org",), bcc=("boss@shop.test",))
    sent = await it.reply(conversation, content=content)
    await it.comes(bounced(server.mails[0], to="bob@example.org"))
    assert (await it.again(sent)).status == "sent"
    assert await reachable(it)
    assert [e.data["address"] for e in await it.thread(conversation.id) if e.kind == "system"] == ["bob@example.org"]


async def test_a_read_receipt(it: Office) -> None:
    sent = await answered(it)
    await it.comes(
        mail(
            'Content-Type: multipart/report; report-type=disposition-notification; boundary="b0"',
            "Subject: Read: A question",
            body=mixed(
                "Content-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;ann@example.org\n"
                f"Original-Message-ID: <{sent.external_id}>\n"
                "Disposition: manual-action/MDN-sent-manually; displayed"
            ),
        )
    )
    assert (await it.again(sent)).status == "read"


# ------------------------------------------------------------------------------------------------------ auto-replies


async def test_an_out_of_office_note_joins_quietly(it: Office) -> None:
    sent = await answered(it)
    (before,) = await it.conversations()
    await it.parts.desk.resolve(it.agent, before.id)
    note = mail(
        "Auto-Submitted: auto-replied", "Subject: Away", f"In-Reply-To: <{sent.external_id}>", "Message-ID: <a@x>"
    )
    await it.comes(note)
    (after,) = await it.conversations()
    assert (after.status, after.unread, after.last.preview) == ("resolved", 0, before.last.preview)
    thread = await it.thread(after.id)
    assert thread[-1].data["kind"] == "auto_reply" or thread[-2].data["kind"] == "auto_reply"


async def test_a_note_that_answers_nothing_is_kept_and_nobody_s_work(it: Office) -> None:
    await it.comes(mail("Auto-Submitted: auto-replied", "Subject: Out of office"))
    (conversation,) = await it.conversations()
    assert (conversation.status, conversation.unread) == ("resolved", 0)


async def test_a_note_without_a_thread_joins_what_was_spoken_of_last(it: Office) -> None:
    await answered(it)
    await it.comes(mail("X-Autoreply: yes", "Subject: Away", "Message-ID: <away@x>"))
    (conversation,) = await it.conversations()
    assert (conversation.status, conversation.unread) == ("open", 0)
    assert any(entry.data.get("quiet") for entry in await it.thread(conversation.id))


async def test_a_challenge_is_for_people(it: Office) -> None:
    sent = await answered(it)
    (before,) = await it.conversations()
    await it.parts.desk.resolve(it.agent, before.id)
    await it.comes(
        mail("X-TMDA-Confirm: 1", "Subject: Confirm", f"In-Reply-To: <{sent.external_id}>", "Message-ID: <c@x>")
    )
    (after,) = await it.conversations()
    assert (after.status, after.unread) == ("open", 1)


@pytest.mark.parametrize(
    "field", ["Auto-Submitted: auto-replied", "Precedence: bulk", "List-Id: <x.y>", "X-TMDA-Confirm: 1"]
)
async def test_the_bot_answers_no_machine(database: Database, server: FaultySmtp, field: str) -> None:
    async with office(database, server.port, bot=True) as it:
        await it.comes(mail(field, "Subject: Where is my order?", body="Where is my order 5?"))
        await it.leaves()
        assert server.mails == []
        assert {entry.direction for entry in await it.log()} == {"in"}
        await it.comes(mail("Subject: Where is my order?", "Message-ID: <p@x>", body="Where is my order 5?"))
        await it.leaves()
        assert len(server.mails) == 1, "a person is answered"
        assert email.message_from_bytes(server.mails[0])["Auto-Submitted"] == "auto-replied"


# ------------------------------------------------------------------------------------------------- bounds and consent


async def tell(it: Office, n: int, purpose: str | None = None, address: str = ANN) -> Interaction:
    """A notification goes out; returns it as it is then."""
    owner = await it.parts.stores.addresses.get(address)
    (entry,) = await it.parts.send(
        address,
        Content(f"News {n}", subject="News"),
        Author("system"),
        key=f"n{n}",
        kind="notification",
        customer_id=owner.customer_id if owner else None,
        data={"purpose": purpose} if purpose else None,
    )
    await it.leaves()
    return await it.again(entry)


async def test_two_machines_do_not_answer_each_other_for_ever(it: Office, server: FaultySmtp) -> None:
    told = [await tell(it, n) for n in range(12)]
    assert [entry.status for entry in told] == ["sent"] * 10 + ["failed"] * 2
    assert told[10].error is not None
    assert told[10].error.code == "too_many"
    assert "send it again" in told[10].error.sentence
    # Somebody else is not held up, an agent neither, and a person may overrule.
    assert (await tell(it, 99, address="email:help:bob@example.org")).status == "sent"
    await it.comes(mail("Subject: Hello?"))
    assert (await it.reply((await it.conversations())[0])).status == "sent"
    await it.parts.desk.retry(it.agent, told[10].id)
    await it.leaves(1)
    assert (await it.again(told[10])).status == "sent"
    assert len(server.mails) == 13


async def test_the_bound_is_the_account_s_and_holds_over_processes(database: Database, server: FaultySmtp) -> None:
    async with (
        office(database, server.port, automatic_per_hour=2) as it,
        working(database, table={"email": CHANNELS["email"]}) as parts,
    ):
        other = replace(it, parts=parts)
        await parts.stores.accounts.save(it.account)
        outcomes = [(await tell(one, n)).status for n, one in enumerate((it, other, other, it))]
    assert outcomes == ["sent", "sent", "failed", "failed"]


async def test_a_try_that_is_repeated_counts_once_and_an_hour_passes(it: Office) -> None:
    addresses, moment = it.parts.stores.addresses, now()
    await it.comes(mail("Subject: Hello"))
    for _ in range(3):
        assert await addresses.count_automatic(ANN, "m1", moment, 1)
    assert not await addresses.count_automatic(ANN, "m2", moment, 1)
    assert await addresses.count_automatic(ANN, "m2", moment + timedelta(minutes=61), 1)


async def test_a_complaint_withdraws_consent_and_order_notices_go_on(it: Office, server: FaultySmtp) -> None:
    await it.comes(mail("Subject: Hello"))
    sent = await tell(it, 1, "marketing")
    letter = email.message_from_bytes(server.mails[0])
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    report = mail(
        "From: loop@provider.test",
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b0"',
        body=mixed(
            "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1",
            f"Content-Type: message/rfc822\n\nTo: redacted@provider.test\nMessage-ID: <{sent.external_id}>\n\nx",
        ),
    )
    for _ in range(2):
        await it.comes(report)
    (customer,) = await it.parts.stores.customers.by_keys(["email:ann@example.org"])
    assert customer.declined("marketing")
    assert [said["how"] for said in customer.consents["marketing"]["history"]] == ["complaint"]
    held = await tell(it, 2, "marketing")
    assert held.status == "cancelled"
    assert held.error is not None
    assert held.error.code == "declined"
    assert (await tell(it, 3)).status == "sent", "a notice about an order is no advertisement"
    assert "List-Unsubscribe" not in email.message_from_bytes(server.mails[-1])


async def test_who_consents_again_is_written_to_again_and_a_merge_keeps_what_was_said_last(it: Office) -> None:
    customers = it.parts.stores.customers
    await it.comes(mail("Subject: Hello"))
    await it.comes(mail("From: bob@example.org", "Message-ID: <b@x>"))
    (ann,) = await customers.by_keys(["email:ann@example.org"])
    (bob,) = await customers.by_keys(["email:bob@example.org"])
    earlier, later = now(), now()
    assert await customers.consent(ann.id, "marketing", given=True, at=later, how="form", entry="e2")
    assert await customers.consent(ann.id, "marketing", given=False, at=earlier.replace(year=2020), how="x", entry="e1")
    assert not await customers.consent(ann.id, "marketing", given=False, at=later, how="form", entry="e2")
    again = await customers.get(ann.id)
    assert again is not None
    assert not again.declined("marketing")
    assert len(again.consents["marketing"]["history"]) == 2
    await customers.consent(
        bob.id, "marketing", given=False, at=now().replace(year=2200), how="unsubscribe", entry="e3"
    )
    merged = await it.parts.merge(ann.id, bob.id, by="system", now=now())
    merged = await customers.get(merged.id) or merged
    assert merged.declined("marketing")
    assert await handle(it.parts) == 0
