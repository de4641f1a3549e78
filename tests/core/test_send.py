"""What is sent where people read the log themselves: it is sent when it is written, and nothing is overtaken."""

from __future__ import annotations

import pytest

from core.channel import Receipt
from core.content import Content
from core.interactions import status
from core.interactions.interaction import Author
from switchboard.wiring import Parts
from tests.core.round_trips import round_trips
from tests.making import claimed, handle, log_of, make_account, make_address, make_arrival, receive

BOARD = str(make_address(channel="board"))
BOT, AGENT = Author("bot"), Author("agent", "a1", "Olena")


async def said(parts: Parts) -> list[tuple[str, str]]:
    log = await log_of(parts, channel="board")
    return [(entry.content.text, entry.status) for entry in log if entry.direction == "out"]


async def test_the_bots_answer_is_sent_when_it_is_written(parts: Parts) -> None:
    await receive(parts, make_arrival("hello", channel="board"))
    await handle(parts)
    (answer,) = [entry for entry in await log_of(parts, channel="board") if entry.author.kind == "bot"]
    assert (answer.status, answer.external_id, answer.due_at) == (status.SENT, answer.id, None)
    assert await claimed(parts, "out") == [], "there is nothing left for the lane"


async def test_whoever_looks_is_told_of_it_as_sent(parts: Parts) -> None:
    async with parts.feed.subscribe(f"address:{BOARD}") as changes:
        await parts.send(BOARD, Content("hello"), BOT, key="k")
        (change,) = await changes.next(1)
    assert (change.value.status, change.value.external_id) == (status.SENT, change.value.id)


async def test_it_can_be_read_and_said_to_be(parts: Parts) -> None:
    (entry,) = await parts.send(BOARD, Content("hello"), BOT, key="k")
    read = Receipt(make_address(channel="board"), entry.id, "read")
    await parts.receive.keep(make_account("board"), [read])
    assert await said(parts) == [("hello", status.READ)]


async def test_the_same_key_again_is_the_same_entry(parts: Parts) -> None:
    (first,) = await parts.send(BOARD, Content("hello"), BOT, key="k")
    (again,) = await parts.send(BOARD, Content("hello"), BOT, key="k")
    assert first.id == again.id
    assert await said(parts) == [("hello", status.SENT)]
    await handle(parts, "out")
    assert await said(parts) == [("hello", status.SENT)]


async def test_nothing_overtakes_what_waits(parts: Parts) -> None:
    await parts.send(BOARD, Content("a person's words"), AGENT, key="reply")
    await parts.send(BOARD, Content("how was it?"), BOT, key="rating")
    assert await said(parts) == [("a person's words", status.QUEUED), ("how was it?", status.QUEUED)]
    async with parts.feed.subscribe(f"address:{BOARD}") as changes:
        await handle(parts, "out")
        went = [change.value.content.text for change in await changes.next(1) if change.value.status == status.SENT]
    assert went == ["a person's words", "how was it?"]


async def test_a_survey_goes_behind_what_another_process_has_just_sent(parts: Parts) -> None:
    await parts.send(BOARD, Content("a person's words"), AGENT, key="reply")
    await handle(parts, "out")
    await parts.send(BOARD, Content("how was it?"), BOT, key="rating", kind="survey")
    assert await said(parts) == [("a person's words", status.SENT), ("how was it?", status.QUEUED)]


@pytest.mark.parametrize("author", [AGENT, Author("system")])
async def test_only_the_bots_answers_need_no_lane(parts: Parts, author: Author) -> None:
    await parts.send(BOARD, Content("hello"), author, key="k")
    assert await said(parts) == [("hello", status.QUEUED)]


async def test_what_may_be_declined_takes_the_lane(parts: Parts) -> None:
    await parts.send(BOARD, Content("news"), BOT, key="k", data={"purpose": "marketing"})
    assert await said(parts) == [("news", status.QUEUED)]


async def test_an_answer_costs_two_round_trips(parts: Parts) -> None:
    with round_trips(parts.stores.database.name) as asked:
        await parts.send(BOARD, Content("hello"), BOT, key="k")
    assert asked == {"find": 1, "insert": 1}
