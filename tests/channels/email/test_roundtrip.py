"""Mails of ours that a real exim returns, and answers to them, read back out of a real mailbox."""

from __future__ import annotations

import asyncio
import email
from contextlib import aclosing
from dataclasses import replace
from uuid import uuid4

import pytest

from channels.email.adapter import Email
from core.channel import Account, Address, Arrival, Event, Outbound, Receipt
from core.content import Content
from tests.channels.email.conftest import MakeAccount
from tests.servers.mail import DOMAIN, MailServer


async def first_event(account: Account) -> Event:
    """What the first mail in the mailbox means."""
    adapter = Email(account)
    async with asyncio.timeout(120), aclosing(adapter.listen(None)) as hauls:
        async for haul in hauls:
            for parcel in haul.parcels:
                return adapter.parse(parcel.body, parcel.headers)[0]
    raise AssertionError("the mailbox stayed empty")


@pytest.mark.parametrize("plus", [False, True])
async def test_exim_returns_a_mail_and_we_know_which(
    make_account: MakeAccount, mail_server: MailServer, address: str, plus: bool
) -> None:
    account = replace(make_account(plus_addressing=plus), key="the key of this account")
    to = f"vanished-{uuid4().hex[:8]}@{DOMAIN}"
    id = uuid4().hex[:20]
    adapter = Email(account)
    content = Content("Hello", subject="Where are you?")
    await adapter.send(Outbound(id, Address("email", "help", to), content))
    await adapter.close()
    (returned,) = await mail_server.wait_for(address)
    assert (b"+b." in returned.partition(b"\r\n\r\n")[0]) is plus
    event = await first_event(account)
    assert isinstance(event, Receipt)
    assert (event.status, event.outbound, event.gone) == ("failed", id, True)
    assert event.address.person == to
    assert "mailbox was closed" in event.sentence


async def test_an_answer_to_the_reply_address_names_its_conversation(
    make_account: MakeAccount, mail_server: MailServer, address: str
) -> None:
    account = replace(make_account(plus_addressing=True), key="the key of this account")
    ann = f"ann-{uuid4().hex[:8]}@{DOMAIN}"
    conversation = uuid4().hex[:20]
    adapter = Email(account)
    message = Outbound("o" * 20, Address("email", "help", ann), Content("Hello"), conversation=conversation)
    await adapter.send(message)
    await adapter.close()
    (received,) = await mail_server.wait_for(ann)
    to = email.message_from_bytes(received)["Reply-To"]
    await mail_server.deliver(address, f"From: {ann}\r\nTo: {to}\r\n\r\nThank you".encode(), sender=ann)
    event = await first_event(account)
    assert isinstance(event, Arrival)
    assert event.conversation == conversation
