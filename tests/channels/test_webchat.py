"""Web chat: what goes out is the entry itself."""

from __future__ import annotations

from channels import CHANNELS
from channels.webchat import Webchat
from core.channel import Account, Address, Outbound
from core.content import Button, Content


async def test_sending_is_the_entry_itself_however_often_it_is_tried() -> None:
    chat = Webchat(Account("webchat", "shop"))
    content = Content("Hello", buttons=(Button("Yes", "yes"),))
    message = Outbound("0123456789abcdefghij", Address("webchat", "shop", "visitor"), content)
    assert [await chat.send(message) for _ in range(2)] == ["0123456789abcdefghij"] * 2
    assert chat.capabilities.idempotent
    assert chat.capabilities == CHANNELS["webchat"].capabilities
    await chat.close()
