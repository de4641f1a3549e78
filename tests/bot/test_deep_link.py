"""Links that open the bot: an order by its tracking link, a web chat that goes on, and campaigns."""

from __future__ import annotations

import pytest

from core.decide import OrderFacts
from tests.bot.conversation import ABLE, Conversation, Orders, identity

ORDER = OrderFacts("a1042", "shop", "shipped", identities=(identity("+380671234567"),))


def conversation() -> Conversation:
    return Conversation(ABLE["telegram"], orders=Orders(ORDER))


def start(payload: object, **more: object) -> dict[str, object]:
    return {"data": {"start_payload": payload, **more}}


async def test_a_tracking_link_opens_its_order_and_no_other() -> None:
    talk = conversation()
    decision = await talk.say("/start", **start("track_a1042"))
    assert "a1042" in decision.say[0].text
    assert decision.identities == ()
    again = await talk.say("where is my order a1042?")
    assert "shipped" not in again.say[0].text.lower(), "another question wants its own proof"


@pytest.mark.parametrize("payload", ["track_", "track_zzz", "spring-sale", "chat_0", "", 7, None, ["track_a1042"]])
async def test_any_other_link_welcomes_as_always(payload: object) -> None:
    decision = await conversation().say("/start", **start(payload))
    plain = await conversation().say("/start")
    assert [one.text for one in decision.say] == [one.text for one in plain.say]


async def test_a_chat_that_goes_on_keeps_its_place() -> None:
    talk = conversation()
    await talk.say("where is my order?")
    before = talk.state
    decision = await talk.say("/start", **start("chat_x", continued=True))
    assert decision.say[0].text == "We go on here. You can write to us as before."
    assert (talk.state.flow, talk.state.step) == (before.flow, before.step)
